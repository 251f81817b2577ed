// What `sonde doctor` prints: a table for people, NDJSON for programs.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <sonde/base/time.hpp>
#include <sonde/socket/mechanism.hpp>

namespace sonde::cli {

struct doctor_layout {
    std::size_t columns = 80;
    bool colour = false;
};

/// The table, the commands that grant what is missing, and one last line: whether `sonde ping` can work, and how.
[[nodiscard]] std::string doctor_table(const std::vector<socket::mechanism>& found, const doctor_layout& layout);

/// One `mechanism` event for each, and a `total`.
[[nodiscard]] std::string doctor_json(const std::vector<socket::mechanism>& found, wall_time time);

/// `sonde ping can work here: IPv4 through ICMP datagram sockets; ...`
[[nodiscard]] std::string ping_prognosis(const std::vector<socket::mechanism>& found);

}  // namespace sonde::cli
