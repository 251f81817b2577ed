// The interfaces of this network namespace.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <sonde/base/error.hpp>
#include <sonde/base/ip_address.hpp>
#include <sonde/base/link_type.hpp>
#include <sonde/base/mac_address.hpp>
#include <sonde/base/prefix.hpp>

namespace sonde::socket {

/// An address with the prefix that it was set with.
struct interface_address {
    ip_address address;
    unsigned prefix_length = 0;
    ip_address broadcast = {};  ///< `::` where there is none
};

/// A value type: a snapshot.
struct network_interface {
    std::uint32_t index = 0;
    std::string name = {};
    bool up = false;
    bool running = false;
    bool loopback = false;
    std::uint32_t mtu = 0;
    std::uint16_t hardware_type = 0;  ///< ARPHRD_*
    mac_address mac = {};             ///< zero where the link has none
    std::vector<interface_address> addresses = {};

    /// What a packet socket's frames begin with there.
    [[nodiscard]] link_type link() const noexcept;
};

/// All, by index.
[[nodiscard]] result<std::vector<network_interface>> interfaces();

/// The one of that name or index. The failure names those that exist: `no interface 'eht0'; there are: lo, eth0`.
[[nodiscard]] result<network_interface> find_interface(std::string_view name);

}  // namespace sonde::socket
