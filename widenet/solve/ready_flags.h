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
    flags_[i].store(done, std::memory_order_release);
    flags_[i].notify_all();
  }
  // Whether the work comes: what was written before raise(i) is visible then. False where it has been given up, and
  // what it should have written must not be read.
  [[nodiscard]] bool wait(std::size_t i) const {
    int state = open;
    while ((state = flags_[i].load(std::memory_order_acquire)) == open) flags_[i].wait(open, std::memory_order_acquire);
    return state == done;
  }
  // Lets every task that waits for work that is not done go on without it.
  void give_up() {
    for (std::size_t i = 0; i < count_; ++i) {
      int state = open;
      if (flags_[i].compare_exchange_strong(state, given_up, std::memory_order_acq_rel)) flags_[i].notify_all();
    }
  }

 private:
  static constexpr int open = 0, done = 1, given_up = 2;
  std::unique_ptr<std::atomic<int>[]> flags_;
  std::size_t count_ = 0;
};

// Gives all up when a task ends by an exception, so that no other thread waits for it for ever.
class GiveUpOnException {
 public:
  explicit GiveUpOnException(ReadyFlags& flags) : flags_(flags) {}
  GiveUpOnException(const GiveUpOnException&) = delete;
  GiveUpOnException& operator=(const GiveUpOnException&) = delete;
  ~GiveUpOnException() {
    if (!finished_) flags_.give_up();
  }
  void finished() { finished_ = true; }

 private:
  ReadyFlags& flags_;
  bool finished_ = false;
};

}  // namespace widenet
