// What every line of `--json` has in common. Not installed: no public header uses the JSON library.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include <sonde/base/time.hpp>

namespace sonde::report {

/// The version in every line's `schema` (docs/sonde.schema.json). Fields are added under the same number, never changed
/// or taken away.
inline constexpr int json_schema_version = 1;

/// Keys stay in the order in which they are set.
using json = nlohmann::ordered_json;

/// `{"schema":1,"event":EVENT,"time":TIME}`, to be added to.
[[nodiscard]] json json_event(std::string_view event, wall_time time);

/// The object in one line, with its end. Bytes that are no UTF-8 are replaced.
void append_json_line(std::string& out, const json& object);

}  // namespace sonde::report
