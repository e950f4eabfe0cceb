option(WIDENET_PROGRAM "Build the command-line program" ON)
option(WIDENET_TESTS "Build the tests and the examples" ${PROJECT_IS_TOP_LEVEL})
set(WIDENET_TEST_FILES . CACHE STRING "Regular expression of the tests to build, of folder/name")
option(WIDENET_BENCH "Build the benchmarks" OFF)
option(WIDENET_WERROR "Treat warnings as errors" OFF)
set(WIDENET_SANITIZE "" CACHE STRING "Sanitizers to build with: address,undefined or thread")

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()
find_program(WIDENET_CCACHE ccache)
if(WIDENET_CCACHE AND PROJECT_IS_TOP_LEVEL AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${WIDENET_CCACHE})
endif()
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
  set(WIDENET_X86 ON)
endif()

# Warnings and code generation of every target. One instruction set for all (AVX2 on x86-64, whatever the compiler takes
# elsewhere); Highway picks AVX-512 at run time where it is. Contraction off: a fused multiply-add is written where it
# is meant, so scalar and vector code agree. Nothing reads errno behind a function; without it loops of roots are
# vectors.
function(widenet_flags target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
                                           -Wdouble-promotion -Wundef -ffp-contract=off -fno-math-errno)
  if(WIDENET_X86)
    # AVX2 is the floor and AVX-512 the ceiling of what Highway compiles.
    target_compile_options(${target} PRIVATE -march=x86-64-v3)
    target_compile_definitions(${target} PRIVATE HWY_DISABLE_PCLMUL_AES
                                                 "HWY_DISABLED_TARGETS=(HWY_AVX3_DL|HWY_SSE4|HWY_SSSE3)")
  else()
    # NEON on ARM: register blocks are arrays of vectors, whose length SVE does not tell beforehand. Highway compiles its
    # vectors with AES, and the compiler inlines them into code that has it alone.
    if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
      target_compile_options(${target} PRIVATE -march=armv8-a+crypto)
    endif()
    target_compile_definitions(${target} PRIVATE
                               "HWY_DISABLED_TARGETS=(HWY_SVE|HWY_SVE2|HWY_SVE_256|HWY_SVE2_128)")
  endif()
  if(WIDENET_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
  if(WIDENET_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${WIDENET_SANITIZE} -fno-sanitize-recover=all
                                             -fno-omit-frame-pointer)
    target_link_options(${target} PUBLIC -fsanitize=${WIDENET_SANITIZE})
  endif()
endfunction()
