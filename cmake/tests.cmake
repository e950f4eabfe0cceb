find_package(GTest REQUIRED)
include(GoogleTest)

# One program for all unit tests: tests/<folder>/<name>_test.cc mirrors widenet/<folder>/<name>.cc; the other .cc files
# under tests/support are what they share.
file(GLOB_RECURSE test_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/*_test.cc
                                                 ${PROJECT_SOURCE_DIR}/tests/support/*.cc)
list(FILTER test_sources INCLUDE REGEX "/tests/(support/|${WIDENET_TEST_FILES})")
add_executable(widenet_tests ${test_sources})
set(tests_of_lab ${test_sources})
list(FILTER tests_of_lab INCLUDE REGEX /tests/lab/)
if(NOT tests_of_lab)
  set(lab)
endif()
target_link_libraries(widenet_tests PRIVATE widenet ${lab} GTest::gtest_main rapidcheck ZLIB::ZLIB svm)
target_compile_definitions(widenet_tests PRIVATE WIDENET_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
if(TARGET widenet_program)
  target_compile_definitions(widenet_tests PRIVATE WIDENET_PROGRAM="$<TARGET_FILE:widenet_program>")
  add_dependencies(widenet_tests widenet_program)
endif()
widenet_flags(widenet_tests)
# What every test includes is half of its compile time.
target_precompile_headers(widenet_tests PRIVATE <gtest/gtest.h> <rapidcheck/gtest.h> <fmt/format.h>)
# Discovered when ctest starts: the build needs no machine that can run the program.
gtest_discover_tests(widenet_tests DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 120)

# The numbered examples run as tests.
file(GLOB example_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/examples/[0-9][0-9]_*.cc)
foreach(source IN LISTS example_sources)
  cmake_path(GET source STEM name)
  add_executable(example_${name} ${source})
  target_link_libraries(example_${name} PRIVATE widenet)
  widenet_flags(example_${name})
  add_test(NAME example_${name} COMMAND example_${name} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}/examples)
endforeach()

# Scripts beside the code.
find_program(BASH_PROGRAM bash REQUIRED)
add_test(NAME tools.check_includes COMMAND ${BASH_PROGRAM} ${PROJECT_SOURCE_DIR}/tests/tools/check_includes_test.sh)

# A stranger's project that finds the installed package. Sanitizers would have to be repeated there.
if(NOT WIDENET_SANITIZE)
  add_test(NAME package COMMAND ${CMAKE_COMMAND} -D BUILD=${PROJECT_BINARY_DIR} -D GENERATOR=${CMAKE_GENERATOR}
                                -D COMPILER=${CMAKE_CXX_COMPILER} -P ${PROJECT_SOURCE_DIR}/tests/package/check.cmake)
endif()
