# One folder = one target. A room is an object library; `sonde` assembles the rooms into the one library that is installed.

# Of tests, what they test is worth optimizing: they themselves are half of all files, and compile in half the time.
function(sonde_compile_quickly)
  set_source_files_properties(${ARGN} PROPERTIES COMPILE_OPTIONS "-O0;-U_FORTIFY_SOURCE")
endfunction()

# sonde_room(NAME [NAMESPACE] [HEAVY_TESTS] [COLD] USES targets... [PRIVATE targets...])
# Sources are sonde/NAME/*.cpp; those that end in _test.cpp become the room's test program, which runs in a network
# namespace of its own when NAMESPACE is given. Tests that are HEAVY_TESTS are optimized as the library is. A COLD room
# compiles for longer than its code ever runs: with sanitizers it is not optimized.
function(sonde_room name)
  cmake_parse_arguments(ROOM "NAMESPACE;HEAVY_TESTS;COLD" "" "USES;PRIVATE" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/sonde/${name}/*.cpp)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cpp$")
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")

  if(ROOM_COLD AND SONDE_SANITIZE)
    sonde_compile_quickly(${sources})
  endif()
  add_library(sonde_${name} OBJECT ${sources})
  target_include_directories(sonde_${name} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>)
  target_link_libraries(sonde_${name} PUBLIC ${ROOM_USES} PRIVATE ${ROOM_PRIVATE} $<BUILD_INTERFACE:sonde_flags>)

  # The room and all that it stands on: its tests are linked with these alone.
  set(rooms sonde_${name})
  foreach(used ${ROOM_USES})
    if(used MATCHES "^sonde_")
      get_target_property(below ${used} SONDE_ROOMS)
      list(APPEND rooms ${below})
    endif()
  endforeach()
  list(REMOVE_DUPLICATES rooms)
  set_target_properties(sonde_${name} PROPERTIES SONDE_ROOMS "${rooms}")

  if(SONDE_BUILD_TESTS AND tests)
    if(NOT ROOM_HEAVY_TESTS)
      sonde_compile_quickly(${tests})
    endif()
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE ${rooms} sonde_flags ${ROOM_PRIVATE} GTest::gtest GTest::gtest_main)
    if(ROOM_NAMESPACE)
      add_test(NAME ${name} COMMAND ${PROJECT_SOURCE_DIR}/tests/in_namespace.sh $<TARGET_FILE:${name}_test>)
      # The kernel's receive backlog is one for all namespaces: what floods it makes others lose packets.
      set_tests_properties(${name} PROPERTIES RUN_SERIAL ON)
    else()
      add_test(NAME ${name} COMMAND ${name}_test)
    endif()
    set_tests_properties(${name} PROPERTIES LABELS unit TIMEOUT 300 SKIP_RETURN_CODE 77)
  endif()
endfunction()

# sonde_assemble(LIBRARY rooms...)
function(sonde_assemble library)
  foreach(room ${ARGN})
    target_sources(${library} PRIVATE $<TARGET_OBJECTS:sonde_${room}>)
  endforeach()
  target_include_directories(${library} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_compile_features(${library} PUBLIC cxx_std_20)
  # By their bare names in the installed package: a consumer's CMake need not know pkg-config for the sake of three archives.
  target_link_libraries(${library} PUBLIC Boost::headers fmt::fmt Threads::Threads
    PRIVATE $<BUILD_INTERFACE:PkgConfig::libcap> $<BUILD_INTERFACE:PkgConfig::libpcap>
            $<BUILD_INTERFACE:PkgConfig::libmnl>
            $<INSTALL_INTERFACE:cap> $<INSTALL_INTERFACE:pcap> $<INSTALL_INTERFACE:mnl> $<BUILD_INTERFACE:sonde_flags>)
  set_target_properties(${library} PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR})
endfunction()
