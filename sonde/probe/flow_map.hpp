// Which flow was seen where: what a multipath trace knows, and the graph that follows from it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include <sonde/base/ip_address.hpp>
#include <sonde/probe/trace_event.hpp>

namespace sonde::probe {

/// What is known of a flow at a hop.
struct flow_cell {
    enum class fate : std::uint8_t {
        unasked,
        waiting,  ///< asked, or about to be
        quiet,    ///< not answered, which need not be the end of it
        seen,     ///< at `vertex`; for silence that is the vertex without an address
        unknown,  ///< given up: a rate limiter, or more loss than can be told from silence
    } what = fate::unasked;
    std::uint8_t attempts = 0;  ///< unanswered ones
    std::uint8_t fair = 0;      ///< of these, while the hop answered others
    std::uint16_t vertex = 0;

    [[nodiscard]] bool is_out() const noexcept { return what == fate::waiting || what == fate::quiet; }
    /// Asked at least once in vain, and not yet decided.
    [[nodiscard]] bool in_doubt() const noexcept { return is_out() && attempts > 0; }
};

/// A router with its next hops; or several that share flows packet by packet, taken as one.
struct router_standing {
    std::vector<std::uint16_t> vertices = {};  ///< one; several: balanced per packet; none: this machine
    std::vector<std::uint16_t> flows = {};     ///< that pass it, ascending
    std::vector<std::uint16_t> next = {};      ///< vertices seen behind it, ascending
    std::uint32_t samples = 0;                 ///< flows whose next hop is known
    std::uint32_t waiting = 0;                 ///< flows that were asked about it
    std::uint32_t ended = 0;                   ///< flows that end here
    /// What the stopping rule counts: an end is one more way on.
    [[nodiscard]] std::size_t ways() const noexcept { return next.size() + (ended > 0 ? 1U : 0U); }
};

/// Where flows that come to a hop may come from, as seen from one router there.
struct flow_shares {
    std::vector<double> of_parent = {};  ///< by vertex of the hop before: the share of its flows that pass the router
    double of_unknown = 0;               ///< of flows that were not seen at the hop before
    double waiting = 0;                  ///< how many of those that were asked may still turn out to pass it
    std::size_t vertices = 0;            ///< at the router's hop
};

/// Bounded by its caller: at most 65,535 flows a hop. Not thread-safe.
class flow_map {
public:
    flow_map(std::uint8_t first_hop, std::uint8_t max_hops);

    [[nodiscard]] const flow_cell& at(std::uint8_t ttl, std::uint16_t flow) const noexcept {
        return flow < hops_[ttl].cells.size() ? hops_[ttl].cells[flow] : nothing_known;
    }
    [[nodiscard]] flow_cell& edit(std::uint8_t ttl, std::uint16_t flow);
    /// Flows that the hop has cells for: `at` knows nothing of later ones.
    [[nodiscard]] std::size_t width(std::uint8_t ttl) const noexcept { return hops_[ttl].cells.size(); }

    /// An answer. Returns the vertex.
    std::uint16_t see(std::uint8_t ttl, std::uint16_t flow, const hop_answer& answer);
    /// Nobody answers there.
    void see_silence(std::uint8_t ttl, std::uint16_t flow);
    /// A further packet of a flow that was seen before came to `vertex`.
    void see_again(std::uint8_t ttl, std::uint16_t flow, std::uint16_t vertex);
    /// The router behind `r` was not the same for all packets of one flow.
    void mark_per_packet(std::uint8_t ttl, const router_standing& r);
    [[nodiscard]] std::uint16_t vertex_of(std::uint8_t ttl, const hop_answer& answer);

    /// The least hop at which the flow ended: the destination, or an error. 255: it goes on.
    [[nodiscard]] std::uint8_t end_of(std::uint16_t flow) const noexcept {
        return flow < ends_.size() ? ends_[flow] : std::uint8_t{255};
    }
    /// Seen there, and not behind its end.
    [[nodiscard]] bool counts(std::uint8_t ttl, std::uint16_t flow) const noexcept {
        return at(ttl, flow).what == flow_cell::fate::seen && end_of(flow) >= ttl;
    }

    /// Seen nowhere: it comes to the vertex without an address.
    [[nodiscard]] bool silent(std::uint8_t ttl, std::uint16_t flow) const noexcept {
        return at(ttl, flow).what == flow_cell::fate::seen &&
               hops_[ttl].vertices[at(ttl, flow).vertex].address == ip_address{};
    }

    /// The routers of a hop and what is behind them; of `first_hop` - 1 the one that is before the first.
    [[nodiscard]] std::vector<router_standing> standings(std::uint8_t ttl) const;
    [[nodiscard]] flow_shares shares(std::uint8_t ttl, const router_standing& r) const;
    /// How likely a flow that was not asked at the hop passes that router.
    [[nodiscard]] double share_of(const flow_shares& shares, std::uint8_t ttl, std::uint16_t flow) const noexcept;
    /// Vertices of a hop of which no predecessor is known; one flow of each.
    [[nodiscard]] std::vector<std::uint16_t> orphans(std::uint8_t ttl) const;
    [[nodiscard]] bool per_packet(std::uint8_t ttl, std::uint16_t vertex) const noexcept {
        return hops_[ttl].vertices[vertex].per_packet;
    }

    [[nodiscard]] bool has_silent_vertex(std::uint8_t ttl) const noexcept;

    [[nodiscard]] bool reached() const noexcept { return reached_; }
    [[nodiscard]] bool unreachable() const noexcept { return unreachable_; }

    /// Hops up to `last`, without silence that leads nowhere. Confidences and probes are the caller's.
    [[nodiscard]] path_graph graph(std::uint8_t last) const;

private:
    static constexpr flow_cell nothing_known = {};
    struct repeat {
        std::uint16_t flow;
        std::uint16_t vertex;
    };
    struct hop {
        std::vector<flow_cell> cells;
        std::vector<path_vertex> vertices;  // flows and edges are made by `graph`
        std::vector<repeat> repeats;
    };
    [[nodiscard]] std::uint16_t find_or_add(hop& h, const ip_address& address);
    void ends_at(std::uint16_t flow, std::uint8_t ttl);
    void add_next(router_standing& r, std::uint8_t ttl, std::uint16_t flow) const;
    [[nodiscard]] std::vector<path_vertex> vertices_with_flows(std::uint8_t ttl) const;
    [[nodiscard]] std::vector<path_edge> edges_into(std::uint8_t ttl, const std::vector<path_vertex>& before,
                                                    const std::vector<path_vertex>& here) const;

    std::uint8_t first_;
    std::vector<hop> hops_;  // by TTL
    std::vector<std::uint8_t> ends_;
    bool reached_ = false;
    bool unreachable_ = false;
};

}  // namespace sonde::probe
