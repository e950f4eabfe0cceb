#include "apps/widenet/progress_line.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "apps/widenet/report.h"
#include "widenet/base/error.h"

namespace widenet::app {
namespace {

constexpr auto redraw_interval = std::chrono::milliseconds(100);

std::size_t terminal_columns() {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return page_width;
  return size.ws_col;
}

}  // namespace

std::string progress_text(const ProgressEvent& event, double per_second, std::size_t columns) {
  const double share = event.total > 0 ? std::clamp(event.done / event.total, 0.0, 1.0) : 0;
  std::string text = fmt::format("{}  {:.0f} %", event.what, 100 * share);
  if (per_second > 0)
    text += fmt::format("  {}  {} left", rate_text(per_second, event.unit),
                        seconds_text(std::max(event.total - event.done, 0.0) / per_second));
  if (text.size() >= columns) text.resize(columns - 1);
  return text;
}

ProgressLine::ProgressLine(const Settings& settings) : active_(!settings.quiet && isatty(STDERR_FILENO) == 1) {}

ProgressLine::~ProgressLine() {
  if (shown_) std::fputs("\r\033[K", stderr);
}

Progress ProgressLine::callback() {
  if (!active_) return {};
  return [this](const ProgressEvent& event) { show(event); };
}

void ProgressLine::show(const ProgressEvent& event) {
  const std::lock_guard lock(mutex_);
  const auto now = Clock::now();
  // Work of the same name that starts again, fold after fold, begins a new count.
  if (event.what != what_ || event.done < done_) {
    what_ = event.what;
    began_ = now;
    first_ = event.done;
  }
  done_ = event.done;
  if (now - drawn_ < redraw_interval) return;
  drawn_ = now;
  shown_ = true;
  const double seconds = std::chrono::duration<double>(now - began_).count();
  const double per_second = seconds > 0 ? (event.done - first_) / seconds : 0;
  std::fputs(("\r\033[K" + progress_text(event, per_second, terminal_columns())).c_str(), stderr);
  std::fflush(stderr);
}

}  // namespace widenet::app
