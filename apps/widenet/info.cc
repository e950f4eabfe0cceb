// widenet info: what a file or an expression is.
#include "apps/widenet/info.h"

#include <filesystem>
#include <memory>

#include "apps/widenet/options.h"
#include "apps/widenet/report.h"
#include "widenet/architecture/kernel.h"
#include "widenet/base/error.h"
#include "widenet/data/text.h"
#include "widenet/learn/model_file.h"

namespace widenet::app {
namespace {

struct Options {
  std::string what, shape;
};

bool exists(const std::string& path) {
  // One array of an archive is "file.npz:NAME".
  const std::size_t colon = path.rfind(':');
  std::error_code ignored;
  return std::filesystem::exists(path, ignored) ||
         (colon != std::string::npos && std::filesystem::exists(path.substr(0, colon), ignored));
}

bool parses(const std::string& text) {
  for (const auto& parse :
       {+[](const std::string& t) { parse_kernel(t); }, +[](const std::string& t) { parse_network(t); }})
    try {
      parse(text);
      return true;
    } catch (const Error&) {
    }
  return false;
}

// Whether the words look like a path rather than an expression: a folder, or an ending of a file's name.
bool looks_like_path(const std::string& text) {
  if (text.starts_with('@') || text.find_first_of("[( ") != std::string::npos) return false;
  const std::size_t dot = text.rfind('.');
  return text.find('/') != std::string::npos || (dot != std::string::npos && dot + 1 < text.size() &&
                                                 std::isalpha(static_cast<unsigned char>(text[dot + 1])) != 0);
}

void run(const Options& options, const Settings& settings) {
  if (exists(options.what)) {
    if (!options.shape.empty()) fail("--input-shape belongs to an expression (a file has its own shape) leave it out");
    if (parses(options.what))
      notice(settings,
             fmt::format("note: {} is an expression as well; the file of that name is shown (begin with a blank "
                         "for the expression)",
                         text::shown(options.what)));
    if (is_model_file(options.what))
      print_model(options.what, settings);
    else
      print_table(options.what, settings);
    return;
  }
  if (looks_like_path(options.what))
    fail_outside("there is no file {} (and it is no expression) check the path", text::shown(options.what));
  print_plan(options.what, options.shape.empty() ? std::vector<std::size_t>() : extents_of(options.shape), settings);
}

}  // namespace

Command info_command(CLI::App& program) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      add_command(program, "info", "Explain a model file, a table, or the plan of a kernel or network expression.",
                  "widenet info \"ntk[repeat(3)[dense relu] dense]\" --input-shape 784");
  command->add_option("FILE|EXPR", options->what, "A file, or else an expression (@FILE: the file that holds it)")
      ->required();
  command->add_option("--input-shape", options->shape, "Shape of one sample, channels last, e.g. 784 or 32x32x3")
      ->type_name("SHAPE");
  return {command, [options](const Settings& settings) { run(*options, settings); }};
}

}  // namespace widenet::app
