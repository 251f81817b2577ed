# How every target of ours is compiled: warnings, hardening, sanitizers. Consumers inherit none of it.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET default)

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

add_library(sonde_flags INTERFACE)
target_compile_options(sonde_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor -Wold-style-cast
  $<$<BOOL:${SONDE_WERROR}>:-Werror>)

if(SONDE_SANITIZE)
  target_compile_options(sonde_flags INTERFACE
    -fsanitize=${SONDE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # Instrumented, a test's own `operator new` is no longer inlined into what its `operator delete` frees.
    target_compile_options(sonde_flags INTERFACE -Wno-mismatched-new-delete)
  endif()
  if(SONDE_SANITIZE STREQUAL "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # Asio fences what GCC's thread sanitizer cannot see; the locks beside them it does see.
    target_compile_options(sonde_flags INTERFACE -Wno-tsan)
  endif()
  target_link_options(sonde_flags INTERFACE -fsanitize=${SONDE_SANITIZE})
else()
  target_compile_options(sonde_flags INTERFACE
    $<$<NOT:$<CONFIG:Debug>>:-fstack-protector-strong;-fcf-protection;-U_FORTIFY_SOURCE;-D_FORTIFY_SOURCE=2;-D_GLIBCXX_ASSERTIONS>)
  target_link_options(sonde_flags INTERFACE $<$<NOT:$<CONFIG:Debug>>:-Wl,-z,relro;-Wl,-z,now;-Wl,-z,noexecstack>)
endif()
