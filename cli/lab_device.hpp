// The device that a scenario is put behind: made and set up, or taken as it is.
#pragma once

#include <cstdint>
#include <string>

#include <cli/lab_plan.hpp>
#include <cli/lab_settings.hpp>

#include <sonde/base/mac_address.hpp>
#include <sonde/socket/tun_tap.hpp>

namespace sonde::cli {

struct lab_device {
    socket::tun_tap tap;
    mac_address station = {};     ///< of a TAP device
    std::string lacking = {};     ///< a device that was there: commands that would give it what it lacks, one a line
    std::size_t lacks = 0;        ///< how many
    std::string without_v6 = {};  ///< why IPv6 was left out, on a device that was made here
};

/// In the network namespace that the settings name. A device that is made here is not persistent: it goes with this
/// process, however that ends, and its addresses and routes with it. One that was there is left as it is. Where this
/// machine has no IPv6 for it, that is left out of the plan, and IPv4 goes on.
[[nodiscard]] result<lab_device> open_lab_device(const lab_settings& s, lab_plan& plan);

/// The prefixes of the plan that are another interface's link too: to this machine they would be somewhere else.
[[nodiscard]] std::vector<std::string> overlaps(const lab_plan& plan, std::string_view device);

}  // namespace sonde::cli
