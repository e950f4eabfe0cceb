#include "widenet/base/matrix.h"

#include <sys/mman.h>

#include <cstdlib>
#include <new>

namespace widenet::detail {

void* allocate(std::size_t bytes) {
  constexpr std::size_t small_alignment = 128, huge_page = std::size_t{1} << 21;
  const bool large = bytes >= 2 * huge_page;
  void* memory = nullptr;
  if (posix_memalign(&memory, large ? huge_page : small_alignment, bytes == 0 ? 1 : bytes) != 0) throw std::bad_alloc();
  // A wish: where it is not granted, small pages serve as well. The last page is not rounded up to a huge one.
  if (large) (void)madvise(memory, bytes / huge_page * huge_page, MADV_HUGEPAGE);
  return memory;
}

}  // namespace widenet::detail
