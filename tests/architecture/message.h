// The message an expression is refused with.
#pragma once

#include <string>

#include "widenet/base/error.h"

namespace widenet {

// What `work` throws; "no error" if it does not.
template <class Work>
std::string message_of(Work work, Fault fault = Fault::usage) {
  try {
    work();
  } catch (const Error& error) {
    return error.fault() == fault ? error.what() : std::string("another fault: ") + error.what();
  }
  return "no error";
}

}  // namespace widenet
