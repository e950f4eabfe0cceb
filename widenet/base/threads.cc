#include "widenet/base/threads.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace widenet {
namespace {

using Task = std::function<void(std::size_t, std::size_t)>;

// One call of parallel_for: who comes takes the next index.
struct Job {
  const Task* task;
  std::size_t count;
  std::atomic<std::size_t> next{0};
  std::atomic<bool> failed{false};
  std::mutex mutex;
  std::exception_ptr error;
  std::size_t failed_index = 0;

  void work(std::size_t worker) {
    for (std::size_t i; !failed.load(std::memory_order_relaxed) && (i = next.fetch_add(1)) < count;) {
      try {
        (*task)(i, worker);
      } catch (...) {
        const std::lock_guard lock(mutex);
        // Indices below this one have been taken: whether they throw does not depend on who is faster.
        if (!error || i < failed_index) {
          error = std::current_exception();
          failed_index = i;
        }
        failed = true;
      }
    }
  }
};

class Pool {
 public:
  explicit Pool(std::size_t threads) {
    for (std::size_t worker = 1; worker < threads; ++worker)
      threads_.emplace_back([this, worker](std::stop_token stop) { serve(worker, stop); });
  }

  std::size_t size() const { return threads_.size() + 1; }

  void run(Job& job) {
    {
      const std::lock_guard lock(mutex_);
      job_ = &job;
      ++generation_;
      active_ = threads_.size();
    }
    wake_.notify_all();
    job.work(0);
    std::unique_lock lock(mutex_);
    done_.wait(lock, [this] { return active_ == 0; });
    job_ = nullptr;
  }

 private:
  void serve(std::size_t worker, const std::stop_token& stop) {
    std::size_t seen = 0;
    for (;;) {
      Job* job;
      {
        std::unique_lock lock(mutex_);
        if (!wake_.wait(lock, stop, [&] { return generation_ != seen; })) return;
        seen = generation_;
        job = job_;
      }
      job->work(worker);
      const std::lock_guard lock(mutex_);
      if (--active_ == 0) done_.notify_one();
    }
  }

  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::condition_variable done_;
  Job* job_ = nullptr;
  std::size_t generation_ = 0, active_ = 0;
  std::vector<std::jthread> threads_;  // last: joined before what they use is destroyed
};

std::mutex& busy() {
  static std::mutex mutex;
  return mutex;
}

std::unique_ptr<Pool>& pool() {
  static std::unique_ptr<Pool> instance;
  return instance;
}

std::size_t hardware_threads() { return std::max(1u, std::thread::hardware_concurrency()); }

std::atomic<std::size_t> wanted{0};
thread_local bool inside = false;

void run_serially(std::size_t count, const Task& task) {
  for (std::size_t i = 0; i < count; ++i) task(i, 0);
}

}  // namespace

void set_thread_count(std::size_t count) { wanted = count; }

std::size_t thread_count() { return wanted == 0 ? hardware_threads() : wanted.load(); }

void parallel_for(std::size_t count, const Task& task) {
  if (count == 0) return;
  if (inside || count == 1 || thread_count() == 1) return run_serially(count, task);
  const std::unique_lock lock(busy(), std::try_to_lock);
  if (!lock) return run_serially(count, task);
  if (!pool() || pool()->size() != thread_count()) pool() = std::make_unique<Pool>(thread_count());
  Job job{.task = &task, .count = count, .mutex = {}, .error = {}};
  const Task guarded = [&](std::size_t i, std::size_t worker) {
    inside = true;
    struct Leave {
      ~Leave() { inside = false; }
    } leave;
    task(i, worker);
  };
  job.task = &guarded;
  pool()->run(job);
  if (job.error) std::rethrow_exception(job.error);
}

}  // namespace widenet
