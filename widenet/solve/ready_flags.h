// Order between the tasks of one parallel_for without barriers.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

namespace widenet {

// One flag per piece of work. A task may wait only for work of tasks with a smaller index: parallel_for hands indices
// out in increasing order, so such a task has been taken by a thread already and, by induction, comes to its end.
class ReadyFlags {
 public:
  explicit ReadyFlags(std::size_t count) : flags_(std::make_unique<std::atomic<int>[]>(count)), count_(count) {}

  void raise(std::size_t i) {
    flags_[i].store(1, std::memory_order_release);
    flags_[i].notify_all();
  }
  // What was written before raise(i) is visible after wait(i).
  void wait(std::size_t i) const {
    while (flags_[i].load(std::memory_order_acquire) == 0) flags_[i].wait(0, std::memory_order_acquire);
  }
  // Lets every waiting task go on; who cancels tells them why by other means.
  void raise_all() {
    for (std::size_t i = 0; i < count_; ++i) raise(i);
  }

 private:
  std::unique_ptr<std::atomic<int>[]> flags_;
  std::size_t count_ = 0;
};

// Raises every flag when a task ends by an exception, so that no other thread waits for it for ever.
class RaiseAllOnException {
 public:
  explicit RaiseAllOnException(ReadyFlags& flags) : flags_(flags) {}
  RaiseAllOnException(const RaiseAllOnException&) = delete;
  RaiseAllOnException& operator=(const RaiseAllOnException&) = delete;
  ~RaiseAllOnException() {
    if (!finished_) flags_.raise_all();
  }
  void finished() { finished_ = true; }

 private:
  ReadyFlags& flags_;
  bool finished_ = false;
};

}  // namespace widenet
