# One program for each bench/<name>.cc, called bench_<name>; they are no tests. limits.cc is what they share.
find_package(benchmark REQUIRED)
add_library(bench_limits STATIC ${PROJECT_SOURCE_DIR}/bench/limits.cc)
target_link_libraries(bench_limits PUBLIC widenet PkgConfig::openblas PkgConfig::hwy)
widenet_flags(bench_limits)

file(GLOB bench_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/bench/*.cc)
list(REMOVE_ITEM bench_sources ${PROJECT_SOURCE_DIR}/bench/limits.cc)
foreach(source IN LISTS bench_sources)
  cmake_path(GET source STEM name)
  add_executable(bench_${name} ${source})
  target_link_libraries(bench_${name} PRIVATE bench_limits benchmark::benchmark)
  widenet_flags(bench_${name})
endforeach()
