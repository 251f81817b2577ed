// What an address of the scenario stands for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include <sonde/base/ip_address.hpp>
#include <sonde/sim/scenario.hpp>

namespace sonde::sim {

using destination_index = std::uint32_t;

struct destination {
    enum class kind : std::uint8_t {
        nowhere,
        node,        ///< an address of one node, or of several: anycast
        population,  ///< within one
        link,        ///< of a link's prefix, and nobody's
        broadcast,   ///< a link's directed broadcast address (RFC 919)
    } what = kind::nowhere;
    std::uint8_t length = 0;  ///< in bits, of the prefix under which it is known: what a given route is held against
    std::vector<node_index> owners = {};  ///< of a node's address, ascending
    std::uint32_t which = 0;              ///< the population or the link
};

/// The network part of an address.
[[nodiscard]] ip_address masked(const ip_address& address, unsigned length) noexcept;
/// The last address of its prefix: IPv4's directed broadcast.
[[nodiscard]] ip_address last_address(const ip_address& address, unsigned length) noexcept;

/// Made once for a scenario: changes over time do not touch addresses. Immutable, any thread.
class address_table {
public:
    static constexpr destination_index nowhere = 0;

    explicit address_table(const scenario& s);

    /// An address that is somebody's is that; of the rest the longest prefix decides (RFC 1812 section 5.2.4.3).
    [[nodiscard]] destination_index find(const ip_address& address) const;
    [[nodiscard]] const destination& operator[](destination_index d) const noexcept { return destinations_[d]; }
    [[nodiscard]] std::size_t size() const noexcept { return destinations_.size(); }

private:
    /// Prefixes of one length, by their network address.
    struct prefixes_of_length {
        unsigned length = 0;
        std::unordered_map<ip_address, destination_index> at = {};
    };

    void add_owner(const interface_address& a, node_index n);
    void add_link(const interface_address& a, link_index l);
    void add_prefix(const ip_address& network, unsigned length, destination d);
    destination_index add(destination d);
    [[nodiscard]] std::vector<prefixes_of_length>& prefixes(family f) noexcept {
        return f == family::v4 ? prefixes_v4_ : prefixes_v6_;
    }

    std::vector<destination> destinations_;
    std::unordered_map<ip_address, destination_index> exact_;
    std::vector<prefixes_of_length> prefixes_v4_;  // longest first
    std::vector<prefixes_of_length> prefixes_v6_;
};

}  // namespace sonde::sim
