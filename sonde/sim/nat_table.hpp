// Which port or identifier of its own a NAT has given to which of a host behind it (RFC 4787: endpoint-independent),
// and for how long.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include <sonde/base/ip_address.hpp>
#include <sonde/base/time.hpp>

namespace sonde::sim {

/// A port of a protocol at an address; of ICMP the identifier, of protocols without ports 0.
struct transport_end {
    std::uint8_t protocol = 0;
    std::uint16_t port = 0;
    ip_address address = {};
    friend auto operator<=>(const transport_end&, const transport_end&) noexcept = default;
};

/// How long a mapping of that protocol lives that nobody inside uses: ICMP a minute (RFC 5508 section 3.2), TCP, whose
/// connections are not followed here, as one that is established (RFC 5382 section 5), the rest five minutes (RFC 4787
/// section 4.3).
[[nodiscard]] duration usual_idle_time(std::uint8_t protocol) noexcept;

/// At most `limit` mappings, each until its time is over.
class nat_table {
public:
    /// The port outside for an end inside, which is kept where it is free, and is the end's until then and at least as
    /// long as before; nothing when the table or the protocol is full.
    [[nodiscard]] std::optional<std::uint16_t> map(const transport_end& inside, std::size_t limit,
                                                   time_point until = time_point::max());
    /// Forgets those whose time is over.
    void expire(time_point now);
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
    struct mapping {
        std::uint16_t port = 0;
        time_point until{};
    };
    [[nodiscard]] std::optional<std::uint16_t> free_port(outside_port wanted);

    std::map<transport_end, mapping> outside_;
    std::set<std::pair<time_point, transport_end>> ends_;
    std::map<outside_port, transport_end> inside_;
    std::map<std::pair<family, std::uint8_t>, std::size_t> in_use_;  // ports of a protocol
    std::uint16_t next_ = first_dynamic;

    static constexpr std::uint16_t first_dynamic = 1024;
};

}  // namespace sonde::sim
