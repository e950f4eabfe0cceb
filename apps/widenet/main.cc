// The command-line program: parses the words, runs one command, turns every failure into one message and an exit code.
#include <cstdio>
#include <exception>
#include <new>
#include <vector>

#include "apps/widenet/options.h"
#include "apps/widenet/report.h"
#include "widenet/base/build_info.h"
#include "widenet/base/error.h"
#include "widenet/base/threads.h"
#include "widenet/data/text.h"

namespace widenet::app {
namespace {

constexpr int failed = 1, bad_usage = 2;

int complain(const std::string& message, int code) {
  std::fputs(("widenet: " + message + "\n").c_str(), stderr);
  return code;
}

// CLI11 would only say that a command is missing.
void check_first_word(const CLI::App& program, int argc, char** argv) {
  if (argc < 2) fail("no command is given (each does one thing) see widenet --help");
  const std::string word = argv[1];
  std::vector<std::string> names;
  for (const CLI::App* command : program.get_subcommands({})) names.push_back(command->get_name());
  if (word.starts_with('-') || std::find(names.begin(), names.end(), word) != names.end()) return;
  fail("there is no command {}{} the commands are {}", text::shown(word), text::suggestion(word, names),
       fmt::join(names, ", "));
}

int run(int argc, char** argv) {
  CLI::App program{
      "widenet: deep networks of infinite width as kernel machines. Fits, evaluates and applies models of "
      "tables, and computes the kernels themselves.",
      "widenet"};
  program.formatter(std::make_shared<HelpFormatter>());
  program.set_version_flag(
      "--version", [] { return build_facts(WIDENET_VERSION); }, "Print version and build facts");
  program.require_subcommand(1);
  program.footer(
      "Example:\n  widenet fit table.csv --target price --out price.model\n\n"
      "widenet COMMAND --help explains a command.");
  Settings settings;
  const std::vector<Command> commands = {fit_command(program),    predict_command(program),   evaluate_command(program),
                                         kernel_command(program), gram_command(program),      info_command(program),
                                         lab_command(program),    completion_command(program)};
  for (const Command& command : commands) add_general_options(*command.parser, settings);
  check_first_word(program, argc, argv);
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return program.exit(error);
    const auto parsed = program.get_subcommands();
    return complain(usage_message(program, parsed.empty() ? nullptr : parsed.front(), error), bad_usage);
  }
  set_thread_count(settings.threads);
  for (const Command& command : commands)
    if (command.parser->parsed()) command.run(settings);
  return 0;
}

}  // namespace
}  // namespace widenet::app

int main(int argc, char** argv) {
  using namespace widenet;
  try {
    return app::run(argc, argv);
  } catch (const Error& error) {
    return app::complain(error.what(), error.fault() == Fault::usage ? app::bad_usage : app::failed);
  } catch (const std::bad_alloc&) {
    return app::complain("the memory is used up (the machine gives no more) use fewer rows", app::failed);
  } catch (const std::exception& error) {
    return app::complain(error.what(), app::failed);
  }
}
