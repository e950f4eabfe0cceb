// The one thread pool of the process.
#pragma once

#include <cstddef>
#include <functional>

namespace widenet {

// Number of threads that parallel_for uses; all hardware threads until set. set_thread_count(0) means all.
// Call it between, never during, parallel work.
void set_thread_count(std::size_t count);
std::size_t thread_count();

// Calls task(index, worker) once for every index in [0, count), on up to thread_count() threads; worker <
// thread_count() tells which thread's scratch memory to use. Indices are handed out in increasing order, one by one.
// Returns when all are done; after an exception no further index is taken, and that of the smallest index is thrown
// again here: the same one for any number of threads. A call from inside a task, or
// while another thread of the program is in parallel_for, runs serially on the calling thread with worker 0.
void parallel_for(std::size_t count, const std::function<void(std::size_t index, std::size_t worker)>& task);

}  // namespace widenet
