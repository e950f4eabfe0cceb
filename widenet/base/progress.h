// How long work reports itself: the library calls back, it never prints.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

namespace widenet {

struct ProgressEvent {
  std::string what;  // what runs, in a few words
  double done = 0;   // units finished
  double total = 0;  // units in all
  std::string unit;  // e.g. "entries"
};

// Called from any worker thread, one call at a time for one piece of work. Empty: nobody listens.
using Progress = std::function<void(const ProgressEvent&)>;

}  // namespace widenet
