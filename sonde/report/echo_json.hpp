// What `sonde echo --json` writes: docs/sonde.schema.json.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include <sonde/base/time.hpp>
#include <sonde/report/echo_text.hpp>

namespace sonde::report {

/// The first line: who answers, and for which addresses or prefixes.
[[nodiscard]] std::string echo_listening_json(wall_time time, std::string_view interface, const mac_address& mac,
                                              std::span<const std::string> answers);

/// A frame and what became of it.
[[nodiscard]] std::string echo_request_json(wall_time time, const echo_question& question, respond::disposition what);

/// Something about the surroundings: `code` for programs, `text` for people.
[[nodiscard]] std::string echo_notice_json(wall_time time, std::string_view code, std::string_view text);

/// The last line.
[[nodiscard]] std::string echo_total_json(wall_time time, const echo_totals& totals);

}  // namespace sonde::report
