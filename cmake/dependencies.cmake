# What the library links, all from the distribution's packages. Installed beside widenet-config.cmake, so that a program
# which links the static library finds the same.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(fmt REQUIRED)
find_package(ZLIB REQUIRED)
pkg_check_modules(openblas REQUIRED IMPORTED_TARGET openblas)
pkg_check_modules(hwy REQUIRED IMPORTED_TARGET libhwy)

# libsvm comes without a CMake or pkg-config file.
find_path(WIDENET_SVM_INCLUDE libsvm/svm.h REQUIRED)
find_library(WIDENET_SVM_LIBRARY svm REQUIRED)
if(NOT TARGET widenet::svm)
  add_library(widenet::svm UNKNOWN IMPORTED)
  set_target_properties(widenet::svm PROPERTIES IMPORTED_LOCATION ${WIDENET_SVM_LIBRARY}
                                                INTERFACE_INCLUDE_DIRECTORIES ${WIDENET_SVM_INCLUDE})
endif()
