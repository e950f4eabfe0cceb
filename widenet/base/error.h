// The one error type of the library, and the way to throw it.
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace widenet {

// Who can mend it: the caller's words (an option, an expression), or the world outside (a file, the memory).
enum class Fault { usage, environment };

// Thrown for misuse and for the environment; a numerical failure is a returned value instead.
// The message reads "problem (why it is one) what to do".
class Error : public std::runtime_error {
 public:
  Error(Fault fault, const std::string& message) : std::runtime_error(message), fault_(fault) {}
  Fault fault() const { return fault_; }

 private:
  Fault fault_;
};

// Throws Error(Fault::usage) with a formatted message.
template <class... Args>
[[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) {
  throw Error(Fault::usage, fmt::format(format, std::forward<Args>(args)...));
}

// Throws Error(Fault::environment) with a formatted message: a bad file, not enough memory.
template <class... Args>
[[noreturn]] void fail_outside(fmt::format_string<Args...> format, Args&&... args) {
  throw Error(Fault::environment, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace widenet
