# What a consumer gets: the library, the command, the headers, `find_package(sonde)` and `pkg-config sonde`.
# tests/install proves all of it.
include(CMakePackageConfigHelpers)

set(sonde_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/sonde)

install(TARGETS sonde EXPORT sonde_targets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS sonde_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
# The command finds its own library wherever the tree was installed.
set_target_properties(sonde_cli PROPERTIES INSTALL_RPATH
  $<$<STREQUAL:$<TARGET_PROPERTY:sonde,TYPE>,SHARED_LIBRARY>:$ORIGIN/../${CMAKE_INSTALL_LIBDIR}>)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/sonde DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING
  PATTERN "*.hpp" PATTERN "*_test.hpp" EXCLUDE
  PATTERN "json_*.hpp" EXCLUDE)  # need a library that consumers need not have
install(EXPORT sonde_targets NAMESPACE sonde:: FILE sondeTargets.cmake DESTINATION ${sonde_package_dir})

configure_package_config_file(
  ${PROJECT_SOURCE_DIR}/cmake/sondeConfig.cmake.in ${PROJECT_BINARY_DIR}/sondeConfig.cmake
  INSTALL_DESTINATION ${sonde_package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/sondeConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/sondeConfig.cmake ${PROJECT_BINARY_DIR}/sondeConfigVersion.cmake
  DESTINATION ${sonde_package_dir})

# An archive carries no list of its own dependencies: whoever links it needs them all, `--static` or not.
get_target_property(sonde_kind sonde TYPE)
if(sonde_kind STREQUAL "STATIC_LIBRARY")
  set(sonde_pc_requires "fmt >= 9, libcap, libmnl")
  set(sonde_pc_requires_private "")
  # By its bare name: libpcap.pc adds to `--static` what its own archive needs (libsystemd, libdbus), whose archives and
  # links few have, and the shared libpcap needs none of it.
  set(sonde_pc_libs " -lpcap")
  set(sonde_pc_libs_private "")
else()
  set(sonde_pc_requires "fmt >= 9")
  set(sonde_pc_requires_private "libcap, libmnl")
  set(sonde_pc_libs "")
  set(sonde_pc_libs_private "-lpcap")
endif()
# From lib/<triplet>/pkgconfig up to the prefix.
file(RELATIVE_PATH sonde_pc_up /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
string(REGEX REPLACE "/$" "" sonde_pc_up ${sonde_pc_up})
configure_file(${PROJECT_SOURCE_DIR}/cmake/sonde.pc.in ${PROJECT_BINARY_DIR}/sonde.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/sonde.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
