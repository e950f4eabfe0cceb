# find_package(widenet) gives the target widenet::widenet.
include(${CMAKE_CURRENT_LIST_DIR}/dependencies.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/widenet-targets.cmake)
