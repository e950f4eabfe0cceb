// Runs before everything else in the program, compiled for any x86-64: the rest needs AVX2 and would end in an illegal
// instruction on an older processor.
#if defined(__x86_64__)

#include <unistd.h>

namespace {

// Priority 101 is the earliest that the compiler leaves to programs, so that this runs before static initialisers,
// which are compiled for AVX2. Plain system calls for the same reason: the standard streams may not exist yet.
__attribute__((constructor(101))) void check_processor() {
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return;
  constexpr char message[] =
      "widenet: this processor lacks the instructions AVX2 and FMA (the program is built for x86-64-v3) run it on one "
      "from 2013 or later, or build it with another -march in cmake/options.cmake\n";
  const auto written = write(STDERR_FILENO, message, sizeof message - 1);
  _exit(written < 0 ? 2 : 1);
}

}  // namespace

#endif
