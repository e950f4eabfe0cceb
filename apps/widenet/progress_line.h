// One line on the terminal that says what runs, how much is done, how fast, and how long it will take.
#pragma once

#include <chrono>
#include <mutex>
#include <string>

#include "apps/widenet/command.h"
#include "widenet/base/progress.h"

namespace widenet::app {

// "computing the Gram matrix  42 %  1.23 M entries/s  12.0 s left", cut to fit `columns`; per_second = 0: not known
// yet.
std::string progress_text(const ProgressEvent& event, double per_second, std::size_t columns);

// Rewrites the line on stderr at most ten times a second and takes it away when it ends. Silent where stderr is no
// terminal, and when quiet.
class ProgressLine {
 public:
  explicit ProgressLine(const Settings& settings);
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  // What the library calls; empty when silent. Must not outlive the line.
  Progress callback();

 private:
  using Clock = std::chrono::steady_clock;
  void show(const ProgressEvent& event);

  bool active_ = false;
  bool shown_ = false;
  std::mutex mutex_;
  std::string what_;
  double first_ = 0, done_ = 0;
  Clock::time_point began_, drawn_;
};

}  // namespace widenet::app
