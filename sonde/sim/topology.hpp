// Who is next to whom: the scenario's nodes and links as a graph, and the addresses of its interfaces.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include <sonde/base/ip_address.hpp>
#include <sonde/sim/scenario.hpp>

namespace sonde::sim {

/// One end of a link, at a node.
struct attachment {
    link_index link = 0;
    std::uint32_t end = 0;
    friend bool operator==(const attachment&, const attachment&) noexcept = default;
};

/// Whether it passes on what is not for itself.
[[nodiscard]] constexpr bool forwards(node_kind kind) noexcept {
    return kind == node_kind::router || kind == node_kind::nat || kind == node_kind::firewall;
}

/// How the direction from that end behaves.
[[nodiscard]] const link_behaviour& behaviour_from(const link& l, std::uint32_t end) noexcept;

/// What an error of `n`, about a packet that came in at `in` (nothing: that it made itself), comes from: the address
/// that the scenario gives, the incoming interface's, the node's own, that of another interface; nothing when there is
/// none.
[[nodiscard]] std::optional<ip_address> error_source(const scenario& s, std::span<const attachment> attachments,
                                                     node_index n, std::optional<attachment> in, family f);

/// What never changes about the graph; whether a node or a link is down is the scenario's to say.
class topology {
public:
    static constexpr std::uint32_t no_core = std::numeric_limits<std::uint32_t>::max();

    explicit topology(const scenario& s);

    [[nodiscard]] std::span<const attachment> attachments(node_index n) const noexcept {
        return std::span{attachments_}.subspan(first_[n], first_[n + 1] - first_[n]);
    }
    /// A number among the nodes between which ways are computed: those that forward, and those on several links. Every
    /// other node is a leaf, on one link or none.
    [[nodiscard]] std::uint32_t core(node_index n) const noexcept { return core_[n]; }
    [[nodiscard]] node_index node_of_core(std::uint32_t c) const noexcept { return core_nodes_[c]; }
    [[nodiscard]] std::size_t core_count() const noexcept { return core_nodes_.size(); }
    /// The ends of a link that are no leaves.
    [[nodiscard]] std::span<const std::uint32_t> core_ends(link_index l) const noexcept {
        return std::span{core_ends_}.subspan(first_core_end_[l], first_core_end_[l + 1] - first_core_end_[l]);
    }
    /// One pipe for every end: what that end sends.
    [[nodiscard]] std::uint32_t pipe(link_index l, std::uint32_t end) const noexcept { return first_pipe_[l] + end; }
    [[nodiscard]] std::uint32_t pipe_count() const noexcept { return first_pipe_.back(); }

    [[nodiscard]] bool is_on(node_index n, link_index l) const noexcept;

private:
    std::vector<attachment> attachments_;
    std::vector<std::uint32_t> first_;
    std::vector<std::uint32_t> core_;
    std::vector<node_index> core_nodes_;
    std::vector<std::uint32_t> core_ends_;
    std::vector<std::uint32_t> first_core_end_;
    std::vector<std::uint32_t> first_pipe_;
};

}  // namespace sonde::sim
