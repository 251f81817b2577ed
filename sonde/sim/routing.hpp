// Which way a packet goes on from a node: the scenario's own routes, and the shortest paths.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include <sonde/base/ip_address.hpp>
#include <sonde/sim/address_table.hpp>
#include <sonde/sim/path_tree.hpp>
#include <sonde/sim/scenario.hpp>
#include <sonde/sim/topology.hpp>

namespace sonde::sim {

struct way {
    enum class kind : std::uint8_t {
        local,       ///< here
        hops,        ///< on over one of `hops`
        population,  ///< to a host of population `which`, behind this node
        no_host,     ///< to link `which`, on which nobody has that address
        broadcast,   ///< to every other end of link `which`
        rejected,    ///< a route says so
        blackholed,  ///< the same, without a word
        none,
    } what = kind::none;
    std::uint32_t which = 0;
    std::span<const next_hop> hops = {};  ///< valid until the next call
};

/// Paths are computed when they are first asked for, one tree for all addresses that lie in the same place, and
/// forgotten when a node or a link changes, or when they are too many to be kept. The scenario, topology and addresses
/// are the caller's and outlive it.
class routing {
public:
    routing(const scenario& s, const topology& t, const address_table& addresses);

    /// `destination` is what the address table found for `address`. A route that is given counts where its prefix is
    /// at least as long as that under which the address is known, or where there is no other way; one whose
    /// neighbours cannot be reached over any link that is up does not count.
    [[nodiscard]] way at(node_index n, destination_index destination, const ip_address& address);

    /// The same where the scenario gives the node no routes: the address itself is of no interest.
    [[nodiscard]] way computed(node_index n, destination_index destination);
    [[nodiscard]] bool has_given(node_index n) const noexcept { return !given_[n].empty(); }

    /// Something about nodes, links or routes has changed.
    void forget();
    /// Of all that are kept: at most `tree_nodes_max`, and one tree.
    [[nodiscard]] std::size_t tree_nodes() const noexcept { return trees_.size() * topology_->core_count(); }

    /// Some 40 bytes each: of ten thousand routers, four hundred trees are kept.
    static constexpr std::size_t tree_nodes_max = 4'000'000;

private:
    struct given_route {
        prefix to;
        std::vector<next_hop> hops;
        bool blackhole = false;
    };
    /// A leaf that owns the address, from a node on its link.
    struct last_hop {
        node_index from = 0;
        next_hop hop;
        std::uint64_t cost = 0;
    };
    struct resolved {
        bool known = false;
        const path_tree* tree = nullptr;
        std::vector<last_hop> last_hops;
    };

    [[nodiscard]] const given_route* given(node_index n, const ip_address& address) const;
    void forget_trees();
    [[nodiscard]] way from_core(node_index n, const resolved& r);
    [[nodiscard]] way from_leaf(node_index n, const destination& d, const resolved& r);
    const resolved& resolve(destination_index index);
    void anchor_link(std::vector<anchor>& anchors, link_index l) const;
    void anchor_leaf(std::vector<anchor>& anchors, resolved& r, node_index leaf) const;
    void read_given_routes();

    const scenario* scenario_;
    const topology* topology_;
    const address_table* addresses_;
    std::vector<std::vector<given_route>> given_;  // by node: IPv4 first, then the longest, then by network
    std::map<std::vector<anchor>, std::unique_ptr<path_tree>> trees_;
    std::vector<resolved> resolved_;
    std::vector<next_hop> scratch_;
};

}  // namespace sonde::sim
