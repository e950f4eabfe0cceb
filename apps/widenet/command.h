// What every command of the program is made of.
#pragma once

#include <CLI/CLI.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace widenet::app {

// The options that every command takes.
struct Settings {
  bool json = false;
  bool quiet = false;
  std::size_t threads = 0;  // 0: all
  std::size_t memory = 0;   // bytes; 0: what is free
  std::uint64_t seed = 0;
};

// A subcommand with its options, and what it does once they are parsed. Failures are thrown, results printed.
struct Command {
  CLI::App* parser;
  std::function<void(const Settings&)> run;
};

Command fit_command(CLI::App& program);
Command predict_command(CLI::App& program);
Command evaluate_command(CLI::App& program);
Command kernel_command(CLI::App& program);
Command gram_command(CLI::App& program);
Command info_command(CLI::App& program);
Command lab_command(CLI::App& program);
Command completion_command(CLI::App& program);

}  // namespace widenet::app
