// What reading a part of a model file has in common: one error with one message, whatever is wrong.
#pragma once

#include <cmath>
#include <nlohmann/json.hpp>
#include <span>
#include <string_view>

#include "widenet/base/error.h"

namespace widenet::json_checks {

// Throws Error(Fault::environment) unless `holds`.
inline void require(bool holds, std::string_view part, std::string_view why) {
  if (!holds) fail_outside("the model's {} is damaged ({}) save the model again", part, why);
}

// Runs `work`; what the JSON library throws on a missing or wrong entry becomes our error.
template <class Work>
void read(std::string_view part, const Work& work) {
  try {
    work();
  } catch (const nlohmann::json::exception& error) {
    require(false, part, error.what());
  }
}

// Throws Error(Fault::usage) for numbers that JSON cannot hold.
inline void check_writable(std::span<const double> numbers, std::string_view part) {
  for (const double number : numbers)
    if (!std::isfinite(number))
      fail("the {} holds {} (a model holds finite numbers) learn it from finite data", part, number);
}

}  // namespace widenet::json_checks
