# The experiments, and the command-line program that runs them and everything else.
file(GLOB lab_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/lab/*.cc)
if(lab_sources)
  add_library(widenet_lab OBJECT ${lab_sources})
  target_link_libraries(widenet_lab PUBLIC widenet nlohmann_json::nlohmann_json)
  target_compile_definitions(widenet_lab PRIVATE WIDENET_LAB_REFERENCE="${PROJECT_SOURCE_DIR}/lab/reference")
  widenet_flags(widenet_lab)
  set(lab widenet_lab)
endif()

set(start_check ${PROJECT_SOURCE_DIR}/apps/widenet/start_check.cc)
file(GLOB program_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/apps/widenet/*.cc)
list(REMOVE_ITEM program_sources ${start_check})
if(WIDENET_PROGRAM AND program_sources)
  find_package(CLI11 REQUIRED)
  add_executable(widenet_program ${program_sources} ${start_check})
  set_target_properties(widenet_program PROPERTIES OUTPUT_NAME widenet)
  target_compile_definitions(widenet_program PRIVATE WIDENET_VERSION="${PROJECT_VERSION}")
  target_link_libraries(widenet_program PRIVATE widenet ${lab} CLI11::CLI11
                                                nlohmann_json::nlohmann_json)
  widenet_flags(widenet_program)
  # Most files read CLI11, which takes longer than they do.
  target_precompile_headers(widenet_program PRIVATE <CLI/CLI.hpp> <fmt/format.h> <nlohmann/json.hpp>)
  set_source_files_properties(${start_check} PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
  if(WIDENET_X86)
    # The one file that must run on a processor without AVX2: it says so, instead of an illegal instruction.
    set_source_files_properties(${start_check} PROPERTIES COMPILE_OPTIONS -march=x86-64)
  endif()
endif()
