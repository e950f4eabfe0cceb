#include "widenet/base/build_info.h"

#include <fmt/format.h>
#include <hwy/highway.h>

#include <string_view>

#include "widenet/base/blas.h"
#include "widenet/base/threads.h"

namespace widenet {

std::string compiler() {
#if defined(__clang__)
  return fmt::format("clang {}.{}.{}", __clang_major__, __clang_minor__, __clang_patchlevel__);
#else
  return fmt::format("g++ {}.{}.{}", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
#endif
}

std::string instruction_set() {
  // Highway gives better targets lower bits.
  const auto usable = static_cast<std::uint64_t>(hwy::SupportedTargets() & HWY_TARGETS);
  const std::string_view name = hwy::TargetName(static_cast<std::int64_t>(usable & (~usable + 1)));
  return name.starts_with("AVX3") ? fmt::format("AVX-512 ({})", name) : std::string(name);
}

std::string build_facts(const std::string& version) {
  return fmt::format("widenet {}\ncompiler         {}\nBLAS             {}\ninstruction set  {}\nthreads          {}",
                     version, compiler(), blas::description(), instruction_set(), thread_count());
}

}  // namespace widenet
