// Options that several commands share: how they are declared, parsed and explained.
#pragma once

#include <string>
#include <vector>

#include "apps/widenet/command.h"

namespace widenet::app {

// Help texts of 80 columns, with an option's words in braces in place of a type.
class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_option_opts(const CLI::Option* option) const override;
  std::string make_option_desc(const CLI::Option* option) const override;
  std::string make_subcommand(const CLI::App* command) const override;
  std::string make_usage(const CLI::App* command, std::string name) const override;
  std::string make_help(const CLI::App* command, std::string name, CLI::AppFormatMode mode) const override;
  std::string make_description(const CLI::App* command) const override;
};

// Adds a subcommand with its example (one line of shell) below the help text.
CLI::App* add_command(CLI::App& program, const std::string& name, const std::string& description,
                      const std::string& example);

void add_general_options(CLI::App& command, Settings& settings);

// --out FILE, required.
void add_out(CLI::App& command, std::string& out, const std::string& description);

// An option that takes one of some words; its type name is "{standard|normalise|none}".
CLI::Option* add_words(CLI::App& command, const std::string& name, std::string& value,
                       const std::vector<std::string>& words, const std::string& description);

// The words of such an option; empty for others.
std::vector<std::string> words_of(const CLI::Option& option);

CLI::Validator whole_number(std::size_t from, std::size_t to);

// Bytes of "8G", "500M", "1.5GiB", "1000": K, M, G and T are powers of 1024. Throws CLI::ValidationError.
std::size_t parse_size(const std::string& text);

// The extents of "28x28x1", the text of --input-shape. Throws Error(usage).
std::vector<std::size_t> extents_of(const std::string& shape);
// The same for samples that `path` holds as rows of so many numbers: throws where they are others.
std::vector<std::size_t> extents_of(const std::string& shape, std::size_t numbers, const std::string& path);

// Throws Error where a file could not be created at `path`; for use before the work.
void check_out(const std::string& path);

// A parse error of `command` in one sentence that says what to do.
std::string usage_message(const CLI::App& program, const CLI::App* command, const CLI::ParseError& error);

}  // namespace widenet::app
