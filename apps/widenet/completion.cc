// widenet completion: the script that completes commands, options, their words and files in a shell. It is read off the
// parser itself, so that it cannot fall behind.
#include <memory>

#include "apps/widenet/options.h"
#include "apps/widenet/report.h"
#include "widenet/base/error.h"

namespace widenet::app {
namespace {

// How the value of an option is completed.
enum class Value { none, words, file, free };

Value value_of(const CLI::Option& option) {
  if (option.get_items_expected_max() == 0) return Value::none;
  if (!words_of(option).empty()) return Value::words;
  const std::string type = option.get_type_name();
  return type == "FILE" || type == "DIR" || type == "COLUMN" || option.get_positional() ? Value::file : Value::free;
}

// Those of a command and of its own subcommands.
std::vector<const CLI::Option*> options_of(const CLI::App& command) {
  const auto named = [](const CLI::Option* option) { return option->nonpositional(); };
  std::vector<const CLI::Option*> options = command.get_options(named);
  for (const CLI::App* part : command.get_subcommands({}))
    for (const CLI::Option* option : part->get_options(named))
      if (option->get_lnames().front() != "help") options.push_back(option);
  return options;
}

std::vector<std::string> names_of(const CLI::App& program) {
  std::vector<std::string> names;
  for (const CLI::App* command : program.get_subcommands({})) names.push_back(command->get_name());
  return names;
}

std::vector<std::string> words_of_positionals(const CLI::App& command) {
  if (!command.get_subcommands({}).empty()) return names_of(command);
  for (const CLI::Option* option : command.get_options())
    if (option->get_positional() && value_of(*option) == Value::words) return words_of(*option);
  return {};
}

bool takes_files(const CLI::App& command) {
  for (const CLI::Option* option : command.get_options())
    if (option->get_positional() && value_of(*option) == Value::file) return true;
  // Behind a word: only what is called a file.
  for (const CLI::App* part : command.get_subcommands({}))
    for (const CLI::Option* option : part->get_options())
      if (option->get_positional() && option->get_type_name() == "FILE") return true;
  return false;
}

std::string bash_command(const CLI::App& command) {
  std::string cases, files, free;
  std::vector<std::string> names;
  for (const CLI::Option* option : options_of(command)) {
    const std::string name = "--" + option->get_lnames().front();
    names.push_back(name);
    switch (value_of(*option)) {
      case Value::words:
        cases += fmt::format("        {}) words=\"{}\" ;;\n", name, fmt::join(words_of(*option), " "));
        break;
      case Value::file:
        files += (files.empty() ? "" : "|") + name;
        break;
      case Value::free:
        free += (free.empty() ? "" : "|") + name;
        break;
      case Value::none:
        break;
    }
  }
  if (!files.empty()) cases += fmt::format("        {}) files=yes ;;\n", files);
  if (!free.empty()) cases += fmt::format("        {}) ;;\n", free);
  const std::vector<std::string> words = words_of_positionals(command);
  if (!words.empty() && takes_files(command))
    cases += fmt::format("        {}) words=\"{}\" ;;\n", command.get_name(), fmt::join(words, " "));
  return fmt::format("    {}) case $previous in\n{}        *) files={} words=\"{}{}{}\" ;;\n      esac ;;\n",
                     command.get_name(), cases, takes_files(command) ? "yes" : "no", fmt::join(words, " "),
                     words.empty() ? "" : " ", fmt::join(names, " "));
}

std::string bash_script(const CLI::App& program) {
  std::string cases;
  for (const CLI::App* command : program.get_subcommands({})) cases += bash_command(*command);
  return fmt::format(R"(# Completion of widenet for bash. To use it now: source <(widenet completion bash)
_widenet() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}} words="" files=no
  if ((COMP_CWORD == 1)); then
    words="{} --help --version"
  else
    case ${{COMP_WORDS[1]}} in
{}    esac
  fi
  COMPREPLY=()
  if [[ $current != -* && $files == yes ]]; then
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
  elif [[ -n $words ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  fi
}}
complete -F _widenet widenet
)",
                     fmt::join(names_of(program), " "), cases);
}

// Inside single quotes and a specification of _arguments.
std::string zsh_quoted(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\'')
      out += "'\\''";
    else if (c == '[' || c == ']' || c == ':')
      out += std::string("\\") + c;
    else
      out += c;
  }
  return out;
}

std::string zsh_option(const CLI::Option& option) {
  const std::string name = "--" + option.get_lnames().front(), description = zsh_quoted(option.get_description());
  switch (value_of(option)) {
    case Value::words:
      return fmt::format("'{}[{}]:word:({})'", name, description, fmt::join(words_of(option), " "));
    case Value::file:
      return fmt::format("'{}[{}]:file:_files'", name, description);
    case Value::free:
      return fmt::format("'{}[{}]:{}:'", name, description, option.get_type_name());
    case Value::none:
      break;
  }
  return fmt::format("'{}[{}]'", name, description);
}

std::string zsh_script(const CLI::App& program) {
  std::string commands, cases;
  for (const CLI::App* command : program.get_subcommands({})) {
    commands += fmt::format("    '{}:{}'\n", command->get_name(), zsh_quoted(command->get_description()));
    cases += fmt::format("    {}) _arguments \\\n", command->get_name());
    for (const CLI::Option* option : options_of(*command)) cases += fmt::format("      {} \\\n", zsh_option(*option));
    const std::vector<std::string> words = words_of_positionals(*command);
    if (!words.empty())
      cases += fmt::format("      '{}:word:({})'{}\n", takes_files(*command) ? "1" : "*", fmt::join(words, " "),
                           takes_files(*command) ? " \\" : " ;;");
    if (words.empty() || takes_files(*command)) cases += "      '*:file:_files' ;;\n";
  }
  return fmt::format(R"(#compdef widenet
# Completion of widenet for zsh. To use it now: source <(widenet completion zsh)
_widenet() {{
  local -a commands
  commands=(
{}  )
  if ((CURRENT == 2)); then
    _describe command commands
    _arguments '--help[Print this help message and exit]' '--version[Print version and build facts]'
    return
  fi
  local command=$words[2]
  shift words
  ((CURRENT--))
  case $command in
{}  esac
}}
if [[ $funcstack[1] == _widenet ]]; then
  _widenet "$@"
else
  compdef _widenet widenet
fi
)",
                     commands, cases);
}

}  // namespace

Command completion_command(CLI::App& program) {
  auto shell = std::make_shared<std::string>();
  CLI::App* command = add_command(program, "completion", "Print the script that completes widenet's words in a shell.",
                                  "source <(widenet completion bash)");
  add_words(*command, "SHELL", *shell, {"bash", "zsh"}, "bash or zsh")->required();
  return {command,
          [shell, &program](const Settings&) { print(*shell == "bash" ? bash_script(program) : zsh_script(program)); }};
}

}  // namespace widenet::app
