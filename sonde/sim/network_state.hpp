// The inside of the network: what its parts (queue, routing, pipes, answers) are told to do with each packet.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include <sonde/sim/address_table.hpp>
#include <sonde/sim/host_answers.hpp>
#include <sonde/sim/icmp_error_writer.hpp>
#include <sonde/sim/link_pipe.hpp>
#include <sonde/sim/nat_table.hpp>
#include <sonde/sim/nat_translation.hpp>
#include <sonde/sim/network.hpp>
#include <sonde/sim/packet_pool.hpp>
#include <sonde/sim/random_stream.hpp>
#include <sonde/sim/reassembly.hpp>
#include <sonde/sim/routing.hpp>
#include <sonde/sim/token_bucket.hpp>
#include <sonde/sim/topology.hpp>
#include <sonde/sim/transit_queue.hpp>

namespace sonde::sim {

struct network::state {
    /// What a node remembers from packet to packet.
    struct node_memory {
        token_bucket errors;
        std::uint64_t salt = 0;
        std::size_t turn = 0;  // of `balance::packet`
        std::uint16_t identification = 0;
        nat_table mappings;
    };
    /// Two directions of a link; of a LAN all is in the first.
    using both_ways = std::array<link_counts, 2>;

    state(sim::scenario s, time_point start_at);

    // network.cpp: packets in and out, and time
    void inject(node_index from, bytes_view bytes);
    void run(time_point until);
    void release_delivered();
    [[nodiscard]] packet_id make(node_index at, bytes_view bytes, const packet_facts& facts, std::uint8_t depth);
    [[nodiscard]] packet_id copy_of(packet_id id);
    void end(packet_id id, fate f);
    void end_on_link(packet_id id, fate f);
    [[nodiscard]] bool is_full() const noexcept { return total.on_the_way >= scenario.events_limit; }

    // network_forward.cpp: a packet at a node, and from there on
    void arrive(packet_id id);
    void depart(packet_id id);
    void forward(packet_id id, const way& w);
    void set_out(packet_id id, const way& w);
    void take_way(packet_id id, const way& w);
    [[nodiscard]] bool passes(packet_id id);
    [[nodiscard]] way way_of(packet_id id);
    [[nodiscard]] const next_hop& choose(const packet& p, std::span<const next_hop> hops);
    void at_node(packet_id id);
    void send_over(packet_id id, const next_hop& hop);
    void broadcast(packet_id id, link_index l);
    [[nodiscard]] link_counts& counts_of(link_index l, std::uint32_t from_end) noexcept;

    // network_fragments.cpp: too large for a link, and whole again
    void transmit(packet_id id, const next_hop& hop);
    [[nodiscard]] bool transmit_fragments(packet_id id, const next_hop& hop, std::uint32_t mtu);
    [[nodiscard]] std::optional<packet_id> whole_of(packet_id id);
    void give_up_fragments();
    void learn_path_mtu(packet_id id);

    // network_nat.cpp
    void read_again(packet_id id);
    [[nodiscard]] bool nat_needs_whole(const packet& p) const;
    [[nodiscard]] bool nat_inwards(packet_id id);
    [[nodiscard]] bool nat_outwards(packet_id id);
    void nat_quote(node_index n, bytes_span error, const packet_facts& facts);

    // network_answer.cpp: what nodes say themselves
    void receive(packet_id id);
    void answer_as_population(packet_id id, std::uint32_t which);
    void finish(packet_id id, const answering_host& host, const error_behaviour& errors, duration delay);
    void deliver(packet_id id);
    void report(packet_id id, std::uint8_t type, std::uint8_t code, std::uint32_t rest = 0);
    void report_unreachable(packet_id id, std::uint8_t v4_code, std::uint8_t v6_code);
    void report_from(packet_id id, const icmp_error& error, const error_behaviour& errors, duration delay);
    [[nodiscard]] bool may_report(packet_id id, std::uint8_t type) const;
    void originate(packet_id about, bytes_view bytes, duration delay, bool behind);

    [[nodiscard]] sim::node& node_of(packet_id id) noexcept { return scenario.nodes[pool[id].node]; }

    sim::scenario scenario;
    time_point start;
    time_point now;
    topology graph;
    address_table addresses;
    sim::routing routing;
    packet_pool pool;
    transit_queue queue;
    reassembly waiting;
    random_stream random;
    std::vector<link_pipe> pipes;
    std::vector<node_memory> memory;
    network_counts total;
    std::vector<node_counts> node_totals;
    std::vector<both_ways> link_totals;
    std::deque<packet_id> delivered;
    packet_id lent = no_packet;  // the caller looks at it
    std::size_t next_change = 0;
    std::uint32_t fragments_made = 0;
    std::map<std::pair<node_index, ip_address>, std::uint32_t> path_mtus;  // that hosts were told
    std::vector<std::byte> scratch;                                        // an answer that is being made
};

}  // namespace sonde::sim
