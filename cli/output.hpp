// Where a command's words go: data to stdout, checked; trouble to stderr, one line at a time.
#pragma once

#include <string_view>

#include <sonde/base/error.hpp>

namespace sonde::cli {

/// Before anything is opened: SIGPIPE is ignored, so that a closed pipe is a write that fails; and whichever of
/// descriptors 0 to 2 the caller had closed is /dev/null, lest a socket take its number and be written to.
void prepare_standard_streams() noexcept;

/// Writes and flushes. False from the first failure on: stop producing then. A closed pipe is no error to report. A
/// reader that is slow is waited for; but one that takes nothing for two seconds when the end was asked for twice
/// counts as gone. Signals that ask for it are delivered only after the waiting.
[[nodiscard]] bool write_out(std::string_view text) noexcept;

/// A signal has asked for the end: to be called once for each, also from its handler.
void note_end_request() noexcept;

/// At the end of main: `exit_code`, or exit_trouble with a line on stderr when stdout lost data otherwise than by a
/// closed pipe (a full disk).
[[nodiscard]] int settle_output(int exit_code) noexcept;

/// `COMMAND: MESSAGE` on stderr; `command` is `sonde ping` or such.
void print_error(std::string_view command, std::string_view message) noexcept;

/// The same with the failure's remedy on the lines below.
void print_failure(std::string_view command, const failure& f) noexcept;

}  // namespace sonde::cli
