// widenet kernel: a Gram matrix as a file.
#include <chrono>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "apps/widenet/gram_facts.h"
#include "apps/widenet/gram_file.h"
#include "apps/widenet/options.h"
#include "apps/widenet/report.h"
#include "widenet/architecture/kernel.h"
#include "widenet/base/error.h"
#include "widenet/data/graphs.h"
#include "widenet/data/npy.h"
#include "widenet/data/read.h"
#include "widenet/data/text.h"
#include "widenet/infinite/kernel_gram.h"
#include "widenet/learn/memory.h"

namespace widenet::app {
namespace {

struct Options {
  std::string expression, x, z, shape, out, shard;
  std::optional<std::string> mask;
  std::vector<std::string> graphs;
  bool float32 = false, diagonal = false, positions = false;
};

struct Computed {
  std::size_t rows = 0, cols = 0;
  GramDone done;
};

std::size_t product_or_most(std::size_t a, std::size_t b) {
  return a != 0 && b > static_cast<std::size_t>(-1) / a ? static_cast<std::size_t>(-1) : a * b;
}

// What there is beside the numbers of the samples, and what holds it.
struct Beside {
  Matrix<double> row_graphs, column_graphs;
  PositionOptions options;
};

std::optional<double> parse_mask(const std::optional<std::string>& word) {
  if (!word) return std::nullopt;
  const auto value = *word == "nan" ? std::nan("") : text::parse_number(*word);
  if (!value || std::isinf(*value))
    fail("--mask {} is no mask (a finite number is one, or nan) give what stands for absent entries",
         text::shown(*word));
  return value;
}

Beside read_beside(const Options& options, const Kernel& kernel, const Array& x, const Array* z) {
  Beside beside;
  beside.options.mask = parse_mask(options.mask);
  beside.options.all_positions = options.positions;
  const std::size_t nodes = graph_nodes(kernel, shape_of(x.sample_shape)), wanted = z == nullptr ? 1 : 2;
  if (nodes == 0 && options.graphs.empty()) return beside;
  if (nodes == 0)
    fail("--graph is given, but no layer of {} is aggregate (which reads graphs) leave it out", to_text(kernel));
  if (options.graphs.size() != wanted)
    fail(
        "{} graph files for {} files of samples (aggregate reads a graph of {} nodes beside every sample) give "
        "--graph {}",
        options.graphs.size(), wanted, nodes, wanted == 1 ? "A.npy" : "A.npy B.npy");
  beside.row_graphs = read_graphs(options.graphs[0], x.values.rows(), nodes);
  if (z) beside.column_graphs = read_graphs(options.graphs[1], z->values.rows(), nodes);
  beside.options.row_graphs = beside.row_graphs.view();
  beside.options.column_graphs = beside.column_graphs.view();
  return beside;
}

// States what the work needs and refuses it where that is not there. Whether the matrix fits as a whole: where it does
// not, it is written from tiles.
template <class T>
bool check_size(const Kernel& kernel, const Array& x, const Array* z, const PositionOptions& beside,
                const Options& options, const Settings& settings) {
  const bool diagonal = options.diagonal;
  const Shape shape = shape_of(x.sample_shape);
  const std::size_t positions = options.positions ? end_positions(kernel, shape) : 1, d = x.values.cols();
  const std::size_t row_samples = z == nullptr ? 0 : x.values.rows();
  const std::size_t column_samples = z == nullptr ? x.values.rows() : z->values.rows();
  const std::size_t n = x.values.rows() * positions, m = column_samples * positions;
  const std::size_t matrix = product_or_most(product_or_most(n, diagonal ? 1 : m), sizeof(T));
  const std::size_t samples = kernel_gram_bytes(kernel, row_samples, column_samples, shape, sizeof(T), beside) +
                              (sizeof(T) == sizeof(double) ? 0 : (row_samples + column_samples) * d * sizeof(T));
  const std::size_t room = settings.memory > 0 ? settings.memory : available_memory();
  const bool fits =
      options.shard.empty() && (diagonal || !can_store(options.out) || (matrix <= room && samples <= room - matrix));
  const std::size_t values = fits ? matrix : store_bytes(n, m, sizeof(T));
  const std::size_t needed = values > static_cast<std::size_t>(-1) - samples ? values : values + samples;
  const std::string size = diagonal ? fmt::format("{} numbers", n) : fmt::format("{} x {} numbers", n, m);
  check_memory(needed, settings.memory, fmt::format("the kernel matrix ({} of {} bytes)", size, sizeof(T)));
  notice(settings, fmt::format("memory: {} for {}{} of {} bytes and the samples", memory_text(needed),
                               fits ? "" : "tiles of ", size, sizeof(T)));
  return fits;
}

template <class T>
Matrix<T> converted(Matrix<double>&& values) {
  if constexpr (std::is_same_v<T, double>)
    return std::move(values);
  else
    return copy<T>(values.view());
}

template <class T>
Computed compute(const Kernel& kernel, Array& x, Array* z, const PositionOptions& beside, const Options& options,
                 const Settings& settings) {
  const bool fits = check_size<T>(kernel, x, z, beside, options, settings);
  const Matrix<T> rows = converted<T>(std::move(x.values));
  const Matrix<T> cols = z == nullptr ? Matrix<T>() : converted<T>(std::move(z->values));
  const Shape shape = shape_of(x.sample_shape);
  const auto start = std::chrono::steady_clock::now();
  const auto gram = z == nullptr ? kernel_gram<T>(kernel, shape, rows.view(), beside)
                                 : kernel_gram<T>(kernel, shape, rows.view(), cols.view(), beside);
  if (options.diagonal) {
    Buffer<T> values(gram->rows());
    gram->diagonal({values.data(), values.size()});
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    write_npy(options.out, std::span<const T>(values.data(), values.size()));
    return {gram->rows(), 1, {.entries = static_cast<double>(values.size()), .seconds = seconds}};
  }
  GramJob job{.out = options.out, .shard = {}, .fits_memory = fits, .facts = {}};
  if (!options.shard.empty()) job.shard = parse_shard(options.shard);
  job.facts = [&] {
    Facts facts = kernel_facts(kernel, beside);
    facts.push_back(samples_fact<T>("X", shape, rows.view()));
    if (z) facts.push_back(samples_fact<T>("Z", shape, cols.view()));
    return facts;
  };
  return {gram->rows(), gram->cols(), write_gram(*gram, job, settings)};
}

std::string part_text(const std::string& shard, const GramDone& done) {
  return fmt::format("{} of the matrix, {} tiles; widenet gram merge joins the parts", shard, done.tiles);
}

void run(const Options& options, const Settings& settings) {
  const Kernel kernel = parse_kernel(options.expression);
  check_out(options.out);
  if (!options.shard.empty()) parse_shard(options.shard);
  const Missing missing = options.mask == "nan" ? Missing::kept : Missing::refused;
  Array x = read_array(options.x, Header::detect, missing);
  std::optional<Array> z;
  if (!options.z.empty()) z = read_array(options.z, Header::detect, missing);
  if (!options.shape.empty()) {
    x.sample_shape = extents_of(options.shape, x.values.cols(), options.x);
    if (z) z->sample_shape = extents_of(options.shape, z->values.cols(), options.z);
  }
  if (z && z->values.cols() != x.values.cols())
    fail(
        "{} has rows of {} numbers, {} of {} (a kernel compares vectors of one length) give files with the same "
        "columns",
        options.x, x.values.cols(), options.z, z->values.cols());
  if (z && shape_of(x.sample_shape).positions.size() + shape_of(z->sample_shape).positions.size() > 0 &&
      shape_of(x.sample_shape) != shape_of(z->sample_shape))
    fail(
        "the samples of {} have the shape {}, those of {} the shape {} (a kernel compares samples of one shape) give "
        "files of the same",
        options.x, to_text(shape_of(x.sample_shape)), options.z, to_text(shape_of(z->sample_shape)));
  const Beside beside = read_beside(options, kernel, x, z ? &*z : nullptr);
  std::vector<std::string> notes = x.notes;
  if (z) notes.insert(notes.end(), z->notes.begin(), z->notes.end());
  const auto work = options.float32 ? compute<float> : compute<double>;
  const Computed result = work(kernel, x, z ? &*z : nullptr, beside.options, options, settings);
  const GramDone& done = result.done;
  const double rate = done.seconds > 0 ? done.entries / done.seconds : 0;
  if (settings.json) {
    nlohmann::json object{{"kernel", to_text(kernel)},
                          {"rows", result.rows},
                          {"cols", result.cols},
                          {"dtype", options.float32 ? "float32" : "float64"},
                          {"seconds", done.seconds},
                          {"entries_per_second", rate},
                          {"peak_memory", peak_memory()},
                          {"out", options.out},
                          {"notes", notes}};
    if (!options.shard.empty()) object["shard"] = options.shard;
    if (done.tiles > 0) object["tiles"] = {{"all", done.tiles}, {"taken_up", done.taken_up}, {"damaged", done.damaged}};
    print(object);
    return;
  }
  const std::string shape = options.diagonal ? fmt::format("diagonal of {} numbers", result.rows)
                                             : fmt::format("{} x {}", result.rows, result.cols);
  print(note_fields(notes) + field("kernel", to_text(kernel)) +
        field("shape", fmt::format("{}, {}", shape, options.float32 ? "float32" : "float64")) +
        (options.shard.empty() ? "" : field("part", part_text(options.shard, done))) +
        field("time", fmt::format("{}, {}", seconds_text(done.seconds), rate_text(rate, "entries"))) +
        field("written", options.out));
}

}  // namespace

Command kernel_command(CLI::App& program) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      add_command(program, "kernel", "Compute the matrix of a kernel between the rows of one or two files.",
                  "widenet kernel \"ntk[repeat(3)[dense relu] dense]\" x.npy --out k.npy");
  command->add_option("EXPR", options->expression, "Kernel expression, or @FILE that holds it")->required();
  command
      ->add_option(
          "X", options->x,
          "Rows of numbers, taken as they are: npy, npz, csv, idx, cifar or libsvm, also gzipped; of an array of "
          "more dimensions samples first, channels last")
      ->required();
  CLI::Option* z = command->add_option("Z", options->z, "Rows to compare with; those of X unless given");
  add_out(*command, options->out, "The matrix as an npy file: X's rows against Z's; with --shard a part of it");
  command->add_flag("--float32", options->float32, "Compute and write in single precision");
  CLI::Option* diagonal =
      command->add_flag("--diagonal", options->diagonal, "Only the kernel of every row with itself")->excludes(z);
  command->add_flag("--positions", options->positions,
                    "Of networks that end in positions: every position of every sample has a row and a column, those "
                    "of a sample one after the other");
  command
      ->add_option("--shard", options->shard,
                   "Compute only the I-th of K equal shares, on this machine or another; widenet gram merge joins the "
                   "parts")
      ->type_name("I/K")
      ->excludes(diagonal);
  command
      ->add_option("--input-shape", options->shape,
                   "Shape of one sample, channels last, e.g. 28x28x1; that of the file unless given")
      ->type_name("SHAPE");
  command
      ->add_option("--mask", options->mask,
                   "Entries equal to this number, or nan, are absent: padding of images, sequences and graphs of "
                   "different sizes")
      ->type_name("VALUE");
  command
      ->add_option(
          "--graph", options->graphs,
          "For aggregate: the adjacency matrices (samples, nodes, nodes) of X and, where it is given, of Z; or "
          "csv files of edges, lines of sample,from,to[,weight] counted from 0")
      ->type_name("FILE")
      ->expected(1, 2);
  return {command, [options](const Settings& settings) { run(*options, settings); }};
}

}  // namespace widenet::app
