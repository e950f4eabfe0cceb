# One program for each bench/<name>.cc, called bench_<name>; they are no tests.
find_package(benchmark REQUIRED)
file(GLOB bench_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/bench/*.cc)
foreach(source IN LISTS bench_sources)
  cmake_path(GET source STEM name)
  add_executable(bench_${name} ${source})
  target_link_libraries(bench_${name} PRIVATE widenet benchmark::benchmark PkgConfig::openblas PkgConfig::hwy)
  widenet_flags(bench_${name})
endforeach()
