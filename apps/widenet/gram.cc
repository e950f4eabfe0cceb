// widenet gram: what is done with stored Gram matrices.
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "apps/widenet/gram_file.h"
#include "apps/widenet/options.h"
#include "apps/widenet/progress_line.h"
#include "apps/widenet/report.h"
#include "widenet/gram/shards.h"
#include "widenet/learn/memory.h"

namespace widenet::app {
namespace {

struct Options {
  std::vector<std::string> parts;
  std::string out;
};

void merge(const Options& options, const Settings& settings) {
  check_out(options.out);
  ProgressLine line(settings);
  const std::vector<TileStore> shards = open_shards(options.parts, line.callback());
  const StoreHeader& header = shards.front().header();
  const TileGrid& grid = header.grid;
  check_memory(store_bytes(grid.rows(), grid.cols(), header.number_size), settings.memory, "merging the parts");
  write_matrix(shards, options.out, line.callback());
  const std::string type = header.number_size == sizeof(double) ? "float64" : "float32";
  if (settings.json) {
    nlohmann::json facts;
    for (const Fact& fact : header.facts) facts[fact.name] = fact.value;
    print(nlohmann::json{{"parts", shards.size()},
                         {"tiles", grid.tiles()},
                         {"rows", grid.rows()},
                         {"cols", grid.cols()},
                         {"dtype", type},
                         {"facts", facts},
                         {"out", options.out}});
    return;
  }
  std::string text;
  for (const Fact& fact : header.facts)
    if (fact.name != "program") text += field(fact.name, fact.value);
  print(text + field("shape", fmt::format("{} x {}, {}", grid.rows(), grid.cols(), type)) +
        field("parts", fmt::format("{}, with {} tiles; all are there, once, and whole", shards.size(), grid.tiles())) +
        field("written", options.out));
}

}  // namespace

Command gram_command(CLI::App& program) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      add_command(program, "gram", "Join the parts of a kernel matrix that widenet kernel --shard wrote.",
                  "widenet kernel 'ntk[cntk(6)]' x.npy --shard 1/2 --out k.1   # on one machine\n"
                  "  widenet kernel 'ntk[cntk(6)]' x.npy --shard 2/2 --out k.2   # on another\n"
                  "  widenet gram merge k.1 k.2 --out k.npy");
  command->require_subcommand(1);
  CLI::App* merges = command->add_subcommand("merge", "Verify all parts and write the matrix that they make");
  merges->add_option("PART", options->parts, "The part files, in any order")->type_name("FILE")->required();
  add_out(*merges, options->out, "The matrix as an npy file, the same bytes as without --shard");
  merges->fallthrough();
  return {command, [options](const Settings& settings) { merge(*options, settings); }};
}

}  // namespace widenet::app
