// Memory is computed and stated before the work, and refused when it is not there.
#pragma once

#include <cstddef>
#include <string>

namespace widenet {

// Bytes that the machine can still give (MemAvailable of Linux), or this process's control groups, if that is less.
std::size_t available_memory();

// Bytes that the control groups of a process (cgroup v2) still allow: the least of memory.max - memory.current over its
// group and those around it, where cached files that the kernel would drop (inactive_file) count as free. `membership`
// is its /proc/PID/cgroup, `root` where the hierarchy is mounted. The largest number where there is no limit.
std::size_t cgroup_memory(const std::string& membership, const std::string& root);

// "1.5 GiB", "320 MiB".
std::string memory_text(std::size_t bytes);

// Throws Error(environment) where `needed` exceeds `limit` (0: what is available).
void check_memory(std::size_t needed, std::size_t limit, const std::string& work);

}  // namespace widenet
