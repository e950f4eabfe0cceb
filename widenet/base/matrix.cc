#include "widenet/base/matrix.h"

#include <sys/mman.h>

#include <new>

namespace widenet::detail {

void* allocate(std::size_t bytes) {
  constexpr std::size_t small_alignment = 128, huge_page = std::size_t{1} << 21;
  const bool large = bytes >= 2 * huge_page;
  const std::size_t alignment = large ? huge_page : small_alignment;
  if (bytes > SIZE_MAX - alignment) throw std::bad_alloc();
  const std::size_t rounded = (bytes + alignment - 1) / alignment * alignment;
  void* memory = std::aligned_alloc(alignment, rounded == 0 ? alignment : rounded);
  if (!memory) throw std::bad_alloc();
  // A wish: where it is not granted, small pages serve as well.
  if (large) (void)madvise(memory, rounded, MADV_HUGEPAGE);
  return memory;
}

}  // namespace widenet::detail
