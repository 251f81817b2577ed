// A header's field for people: `64`, `0x7cd4`, `1 (ICMP)`, `SYN+ACK`, `127.0.0.1`.
#pragma once

#include <string>

#include <sonde/wire/dissect.hpp>

namespace sonde::report {

/// One line, safe for a terminal; what is long is cut short with `...`.
[[nodiscard]] std::string field_text(const wire::shown_field& field);

/// The same without the name of a number.
[[nodiscard]] std::string short_field_text(const wire::shown_field& field);

/// A field of a table as it stands in a header, for the two above. Empty bytes and 0 where the header is too short.
[[nodiscard]] wire::shown_field shown(const wire::header_field& field, bytes_view header);

}  // namespace sonde::report
