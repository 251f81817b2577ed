// Text that somebody else wrote (names from DNS, arguments, payloads), made safe to show.
#pragma once

#include <string>
#include <string_view>

namespace sonde::report {

/// Printable UTF-8 passes. Control characters, DEL and bytes that are no UTF-8 become `\xNN`; C1 controls, line and
/// paragraph separators, bidirectional controls and what else is invisible become `\u{NNNN}`. The result is valid
/// UTF-8, one line, and cannot steer a terminal.
[[nodiscard]] std::string escape_text(std::string_view text);

}  // namespace sonde::report
