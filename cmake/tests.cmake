find_package(GTest REQUIRED)
include(GoogleTest)

# One program for all unit tests: tests/<folder>/<name>_test.cc mirrors widenet/<folder>/<name>.cc.
file(GLOB_RECURSE test_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/*_test.cc)
add_executable(widenet_tests ${test_sources})
target_link_libraries(widenet_tests PRIVATE widenet GTest::gtest_main rapidcheck nlohmann_json::nlohmann_json svm)
target_compile_definitions(widenet_tests PRIVATE WIDENET_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
widenet_flags(widenet_tests)
gtest_discover_tests(widenet_tests DISCOVERY_TIMEOUT 120)
