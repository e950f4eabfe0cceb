include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/widenet)
install(TARGETS widenet EXPORT widenet-targets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT widenet-targets NAMESPACE widenet:: DESTINATION ${package_dir})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/widenet DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
write_basic_package_version_file(${PROJECT_BINARY_DIR}/widenet-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_SOURCE_DIR}/cmake/widenet-config.cmake ${PROJECT_SOURCE_DIR}/cmake/dependencies.cmake
              ${PROJECT_BINARY_DIR}/widenet-config-version.cmake
        DESTINATION ${package_dir})
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE ${PROJECT_SOURCE_DIR}/README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})

if(TARGET widenet_program)
  install(TARGETS widenet_program RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  # The program knows its own options best.
  if(NOT CMAKE_CROSSCOMPILING)
    foreach(shell_file bash:bash-completion/completions/widenet zsh:zsh/site-functions/_widenet)
      string(REPLACE ":" ";" shell_and_file ${shell_file})
      list(GET shell_and_file 0 shell)
      list(GET shell_and_file 1 file)
      set(script ${PROJECT_BINARY_DIR}/completions/${file})
      cmake_path(GET script PARENT_PATH folder)
      cmake_path(GET file PARENT_PATH file_folder)
      file(MAKE_DIRECTORY ${folder})
      install(CODE "execute_process(COMMAND $<TARGET_FILE:widenet_program> completion ${shell}
                                    OUTPUT_FILE ${script} COMMAND_ERROR_IS_FATAL ANY)")
      install(FILES ${script} DESTINATION ${CMAKE_INSTALL_DATADIR}/${file_folder})
    endforeach()
  endif()
endif()
