// What `sonde tap list` shows.
#pragma once

#include <string>
#include <vector>

#include <sonde/base/time.hpp>
#include <sonde/socket/interface.hpp>
#include <sonde/socket/tun_tap.hpp>

namespace sonde::cli {

/// A device and its addresses.
struct listed_tap {
    socket::tun_device device;
    std::vector<socket::interface_address> addresses;
};

/// A table, or a line that says there are none.
[[nodiscard]] std::string tap_table(const std::vector<listed_tap>& devices);
[[nodiscard]] std::string tap_json(const std::vector<listed_tap>& devices, wall_time time);

/// Prints it; the exit code.
[[nodiscard]] int run_tap_listing(bool json);

}  // namespace sonde::cli
