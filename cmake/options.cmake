option(WIDENET_TESTS "Build the tests" ON)
option(WIDENET_WERROR "Treat warnings as errors" OFF)
set(WIDENET_SANITIZE "" CACHE STRING "address,undefined or thread")

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

# One instruction set for everything (AVX2 on x86-64); Highway picks AVX-512 at run time where it is. Contraction off:
# a fused multiply-add is written where it is meant, so scalar and vector code agree.
function(widenet_flags target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
                                           -Wdouble-promotion -Wundef -ffp-contract=off)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    target_compile_options(${target} PRIVATE -march=x86-64-v3)
  endif()
  if(WIDENET_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
  if(WIDENET_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${WIDENET_SANITIZE} -fno-omit-frame-pointer)
    target_link_options(${target} PUBLIC -fsanitize=${WIDENET_SANITIZE})
  endif()
endfunction()
