// Which port or identifier of its own a NAT has given to which of a host behind it (RFC 4787: endpoint-independent).
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include <sonde/base/ip_address.hpp>

namespace sonde::sim {

/// A port of a protocol at an address; of ICMP the identifier, of protocols without ports 0.
struct transport_end {
    std::uint8_t protocol = 0;
    std::uint16_t port = 0;
    ip_address address = {};
    friend auto operator<=>(const transport_end&, const transport_end&) noexcept = default;
};

/// Mappings live for ever, and at most `limit`.
class nat_table {
public:
    /// The port outside for an end inside, which is kept where it is free; nothing when the table or the protocol is
    /// full.
    [[nodiscard]] std::optional<std::uint16_t> map(const transport_end& inside, std::size_t limit);
    /// The same, if there is one already.
    [[nodiscard]] std::optional<std::uint16_t> find_outside(const transport_end& inside) const;
    /// Who is behind a port outside, of the family of the NAT's address.
    [[nodiscard]] std::optional<transport_end> find_inside(family f, std::uint8_t protocol, std::uint16_t port) const;
    [[nodiscard]] std::size_t size() const noexcept { return outside_.size(); }

private:
    struct outside_port {
        family f = family::v4;
        std::uint8_t protocol = 0;
        std::uint16_t port = 0;
        friend auto operator<=>(const outside_port&, const outside_port&) noexcept = default;
    };
    [[nodiscard]] std::optional<std::uint16_t> free_port(outside_port wanted);

    std::map<transport_end, std::uint16_t> outside_;
    std::map<outside_port, transport_end> inside_;
    std::map<std::pair<family, std::uint8_t>, std::size_t> in_use_;  // ports of a protocol
    std::uint16_t next_ = first_dynamic;

    static constexpr std::uint16_t first_dynamic = 1024;
};

}  // namespace sonde::sim
