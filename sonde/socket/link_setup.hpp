// Sets up an interface: up, MTU, name of its purpose, addresses, routes. What ip(8) does, through rtnetlink(7).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <sonde/base/error.hpp>
#include <sonde/base/ip_address.hpp>
#include <sonde/base/prefix.hpp>

namespace sonde::socket {

/// An address and how long the prefix of its link is. A value type.
struct link_address_setting {
    ip_address address;
    unsigned prefix_length = 0;

    /// `192.0.2.1/24`.
    [[nodiscard]] std::string to_string() const;
    /// `2001:db8::1/64`, host bits and all; the error says what is wrong in one line.
    [[nodiscard]] static result<link_address_setting> parse(std::string_view text);
    [[nodiscard]] prefix link() const;

    friend bool operator==(const link_address_setting&, const link_address_setting&) = default;
};

/// A route of the main table. A value type.
struct link_route {
    prefix to;
    std::optional<ip_address> gateway = {};  ///< none: the destinations are on the link

    /// `198.51.100.0/24 via 192.0.2.2`.
    [[nodiscard]] std::string to_string() const;
    /// Reads `PREFIX`, or `PREFIX via GATEWAY`; `default` is both families' when there is a gateway to tell which.
    [[nodiscard]] static result<link_route> parse(std::string_view text);
};

/// What is to change; what is not given stays. A value type.
struct link_change {
    std::optional<bool> up = {};
    std::optional<std::uint32_t> mtu = {};
    std::optional<std::string> alias = {};  ///< at most 255 bytes
    /// Whether the kernel makes up a link-local IPv6 address when the link comes up.
    std::optional<bool> link_local = {};
};

/// Each needs CAP_NET_ADMIN in the namespace, raised around the call alone. `interface` is an index. The failure names
/// what was wanted, and has the kernel's words where it gives any.
[[nodiscard]] result<void> change_link(std::uint32_t interface, const link_change& change);
[[nodiscard]] result<void> delete_link(std::uint32_t interface);
/// An IPv6 address is usable at once: no duplicate address detection.
[[nodiscard]] result<void> add_address(std::uint32_t interface, const link_address_setting& address);
[[nodiscard]] result<void> remove_address(std::uint32_t interface, const link_address_setting& address);
[[nodiscard]] result<void> add_route(std::uint32_t interface, const link_route& route);
[[nodiscard]] result<void> remove_route(std::uint32_t interface, const link_route& route);

}  // namespace sonde::socket
