// Memory is computed and stated before the work, and refused when it is not there.
#pragma once

#include <cstddef>
#include <string>

namespace widenet {

// Bytes that the machine can still give (MemAvailable of Linux).
std::size_t available_memory();

// "1.5 GiB", "320 MiB".
std::string memory_text(std::size_t bytes);

// Throws Error(environment) where `needed` exceeds `limit` (0: what is available).
void check_memory(std::size_t needed, std::size_t limit, const std::string& work);

}  // namespace widenet
