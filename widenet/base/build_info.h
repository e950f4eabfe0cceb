// What this build is, and what it found on the machine.
#pragma once

#include <string>

namespace widenet {

// The compiler and its version, e.g. "g++ 12.2.0".
std::string compiler();

// The widest instruction set that this build has code for and this processor runs, in Highway's name and plain words,
// e.g. "AVX-512 (AVX3)": what the kernels use.
std::string instruction_set();

// Lines of name and value: version, compiler, BLAS, instruction set, threads.
// Throws Error(environment) as blas::description() does.
std::string build_facts(const std::string& version);

}  // namespace widenet
