#include "apps/widenet/options.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "apps/widenet/report.h"
#include "widenet/base/error.h"
#include "widenet/data/array.h"
#include "widenet/data/file.h"
#include "widenet/data/text.h"

namespace widenet::app {
namespace {

constexpr std::size_t description_column = 30;  // CLI11's own

std::string description_lines(const std::string& text) { return wrapped(text, page_width - description_column, ""); }

std::vector<std::string> option_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options())
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  return names;
}

}  // namespace

std::string HelpFormatter::make_option_opts(const CLI::Option* option) const {
  if (option->get_items_expected_max() == 0 || option->get_positional()) return "";
  return " " + option->get_type_name();
}

std::string HelpFormatter::make_option_desc(const CLI::Option* option) const {
  return description_lines(option->get_description());
}

std::string HelpFormatter::make_subcommand(const CLI::App* command) const {
  std::ostringstream out;
  CLI::detail::format_help(out, command->get_name(), description_lines(command->get_description()), description_column);
  return out.str();
}

std::string HelpFormatter::make_usage(const CLI::App* command, std::string name) const {
  std::string words = "Usage: " + name;
  for (const CLI::Option* option : command->get_options())
    if (option->get_positional()) words += " " + make_option_usage(option);
  for (const CLI::Option* option : command->get_options())
    if (option->nonpositional() && option->get_required())
      words += " " + make_option_name(option, false) + make_option_opts(option);
  words += command->get_subcommands({}).empty() ? " [OPTIONS]" : " COMMAND ...";
  return "\n" + wrapped(words, page_width - 2, "  ") + "\n";
}

std::string HelpFormatter::make_help(const CLI::App* command, std::string name, CLI::AppFormatMode mode) const {
  return CLI::detail::find_and_replace(CLI::Formatter::make_help(command, name, mode), "\n\n\n", "\n\n");
}

std::string HelpFormatter::make_description(const CLI::App* command) const {
  return wrapped(command->get_description(), page_width, "") + "\n";
}

CLI::App* add_command(CLI::App& program, const std::string& name, const std::string& description,
                      const std::string& example) {
  CLI::App* command = program.add_subcommand(name, description);
  command->group("Commands");
  command->footer("Example:\n  " + example);
  return command;
}

void add_general_options(CLI::App& command, Settings& settings) {
  constexpr auto group = "General options";
  command.add_flag("--json", settings.json, "Print one JSON object on stdout")->group(group);
  command.add_flag("--quiet", settings.quiet, "No notices and no progress on stderr; errors still show")->group(group);
  command.add_option("--threads", settings.threads, "Threads to use; all of the machine unless given")
      ->type_name("N")
      ->check(whole_number(1, 4096))
      ->group(group);
  command
      .add_option_function<std::string>(
          "--memory", [&settings](const std::string& text) { settings.memory = parse_size(text); },
          "Refuse work that needs more than SIZE, e.g. 8G or 500M; what is free unless given")
      ->type_name("SIZE")
      ->group(group);
  command.add_option("--seed", settings.seed, "Seed of every random choice; 0 unless given")
      ->type_name("S")
      ->check(whole_number(0, std::numeric_limits<std::size_t>::max()))
      ->group(group);
}

void add_out(CLI::App& command, std::string& out, const std::string& description) {
  command.add_option("--out", out, description)->type_name("FILE")->required();
}

CLI::Validator whole_number(std::size_t from, std::size_t to) {
  return CLI::Validator(
      [from, to](const std::string& word) {
        const auto value = text::parse_count(word);
        if (value && *value >= from && *value <= to) return std::string();
        return fmt::format("{} is no whole number from {} to {}", text::shown(word), from, to);
      },
      "");
}

CLI::Option* add_words(CLI::App& command, const std::string& name, std::string& value,
                       const std::vector<std::string>& words, const std::string& description) {
  const auto check = [words](const std::string& word) {
    if (std::find(words.begin(), words.end(), word) != words.end()) return std::string();
    return fmt::format("{} is none of {}{}", text::shown(word), fmt::join(words, ", "), text::suggestion(word, words));
  };
  return command.add_option(name, value, description)
      ->type_name(fmt::format("{{{}}}", fmt::join(words, "|")))
      ->check(CLI::Validator(check, ""));
}

std::vector<std::string> words_of(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  if (type.empty() || type.front() != '{') return {};
  return CLI::detail::split(type.substr(1, type.size() - 2), '|');
}

std::size_t parse_size(const std::string& text) {
  static const std::string units = "KMGT";
  std::string number = text;
  if (number.ends_with("iB")) number.resize(number.size() - 2);
  double bytes = 1;
  if (!number.empty() && units.find(number.back()) != std::string::npos) {
    bytes = std::pow(1024.0, static_cast<double>(units.find(number.back()) + 1));
    number.pop_back();
  } else if (number != text) {
    number.clear();
  }
  const auto value = text::parse_number(number);
  if (!value || !(*value > 0) || *value * bytes < 1 || *value * bytes > 0x1p62)
    throw CLI::ValidationError(
        "--memory", fmt::format("{} is no size (a positive number, with K, M, G or T for powers of 1024, is one)"
                                " give e.g. 8G or 500M",
                                text::shown(text)));
  return static_cast<std::size_t>(*value * bytes);
}

std::vector<std::size_t> extents_of(const std::string& shape) {
  std::vector<std::size_t> extents;
  for (const std::string& part : CLI::detail::split(shape, 'x')) {
    const auto extent = text::parse_count(part);
    if (!extent || *extent == 0)
      fail("--input-shape {} is no shape (whole numbers above 0, joined by x, are one) give e.g. 784 or 32x32x3",
           text::shown(shape));
    extents.push_back(*extent);
  }
  const auto count = product(extents);
  if (!count || *count > (std::size_t{1} << 40U))
    fail("--input-shape {} is too large (its values could not be counted) give a smaller one", text::shown(shape));
  return extents;
}

std::vector<std::size_t> extents_of(const std::string& shape, std::size_t numbers, const std::string& path) {
  std::vector<std::size_t> extents = extents_of(shape);
  if (const std::size_t wanted = product(extents).value(); wanted != numbers)
    fail("--input-shape {} is of {} numbers, a sample of {} has {} (one for each) give another shape", shape, wanted,
         path, numbers);
  return extents;
}

void check_out(const std::string& path) {
  if (path == "-" || path.empty())
    fail("the output is {} (standard output carries the report) name a file", text::shown(path));
  check_writable(path);
}

std::string usage_message(const CLI::App& program, const CLI::App* command, const CLI::ParseError& error) {
  const std::string name = command == nullptr ? "widenet" : "widenet " + command->get_name();
  std::string problem = error.what();
  std::string hint;
  const std::vector<std::string> extras = program.remaining(true);
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr && !extras.empty()) {
    const std::string& word = extras.front();
    const bool option = word.starts_with('-');
    problem = fmt::format("{} {} is not known here", option ? "the option" : "the argument", text::shown(word));
    if (option && command != nullptr) hint = text::suggestion(word, option_names(*command));
  } else if (dynamic_cast<const CLI::ValidationError*>(&error) != nullptr && problem.starts_with("--memory: ")) {
    return problem;
  }
  return fmt::format("{}{}; see {} --help", problem, hint, name);
}

}  // namespace widenet::app
