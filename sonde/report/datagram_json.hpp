// `recv --json`: one JSON object a line, as docs/sonde.schema.json describes it.
#pragma once

#include <string>

#include <sonde/base/time.hpp>
#include <sonde/report/datagram_view.hpp>

namespace sonde::report {

/// Appends the event `datagram`; with `bytes` also its bytes as hexadecimal digits. Valid UTF-8 and one line, whatever
/// is in the datagram.
void datagram_json(std::string& out, const datagram_view& view, bool bytes);

/// Appends the event `summary` with the accounting.
void datagram_summary_json(std::string& out, std::uint8_t protocol, const datagram_accounting& counts, wall_time time);

}  // namespace sonde::report
