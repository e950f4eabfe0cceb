# Installs the build tree BUILD into a fresh folder and builds and runs the project beside this file against it.
set(root ${BUILD}/package_test)
file(REMOVE_RECURSE ${root})

function(run)
  execute_process(COMMAND ${ARGV} COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
endfunction()

run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${root}/prefix)
run(${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR} -B ${root}/build -G ${GENERATOR}
    -D CMAKE_CXX_COMPILER=${COMPILER} -D CMAKE_PREFIX_PATH=${root}/prefix)
run(${CMAKE_COMMAND} --build ${root}/build)
run(${root}/build/consumer)
if(EXISTS ${root}/prefix/bin/widenet)
  run(${root}/prefix/bin/widenet --version)
  run(bash -n ${root}/prefix/share/bash-completion/completions/widenet)
endif()
