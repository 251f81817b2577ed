// What `sonde lab --json` writes: docs/sonde.schema.json.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include <sonde/base/time.hpp>
#include <sonde/report/lab_page.hpp>

namespace sonde::report {

/// What stands behind the device. Borrows everything.
struct lab_setup {
    std::string_view scenario;
    std::string_view device;
    std::string_view kind;  ///< `tun` or `tap`
    const sim::scenario& content;
    std::span<const std::string> addresses;  ///< of this machine on the device, with their prefix lengths
    std::span<const std::string> routes;
};

/// The first line: packets are carried from now on.
[[nodiscard]] std::string lab_ready_json(wall_time time, const lab_setup& setup);

/// The last line. Nodes and links that took no part are left out.
[[nodiscard]] std::string lab_summary_json(wall_time time, const lab_view& view);

}  // namespace sonde::report
