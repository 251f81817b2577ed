#include <sonde/report/json_line.hpp>

namespace sonde::report {

json json_event(std::string_view event, wall_time time) {
    return {{"schema", json_schema_version}, {"event", event}, {"time", to_rfc3339(time)}};
}

void append_json_line(std::string& out, const json& object) {
    out += object.dump(-1, ' ', false, json::error_handler_t::replace);
    out += '\n';
}

}  // namespace sonde::report
