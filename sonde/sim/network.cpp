#include <algorithm>
#include <cstring>
#include <utility>

#include <sonde/sim/flow_hash.hpp>
#include <sonde/sim/network.hpp>
#include <sonde/sim/network_state.hpp>
#include <sonde/sim/scenario_change.hpp>

namespace sonde::sim {

namespace {

// What a stream of random numbers is for.
constexpr std::uint64_t for_nodes = 1;
constexpr std::uint64_t for_salts = 2;
constexpr std::uint64_t for_pipes = std::uint64_t{1} << 32;

}  // namespace

network::state::state(sim::scenario s, time_point start_at)
    : scenario(std::move(s)),
      start(start_at),
      now(start_at),
      graph(scenario),
      addresses(scenario),
      routing(scenario, graph, addresses),
      queue(pool, graph.pipe_count()),
      waiting(pool),
      random(scenario.seed, for_nodes),
      memory(scenario.nodes.size()),
      node_totals(scenario.nodes.size()),
      link_totals(scenario.links.size()),
      scratch(answer_max) {
    pipes.reserve(graph.pipe_count());
    for (std::uint32_t p = 0; p < graph.pipe_count(); ++p)
        pipes.emplace_back(random_stream{scenario.seed, for_pipes + p});
    random_stream salts{scenario.seed, for_salts};
    for (node_memory& m : memory) m.salt = salts.number();
}

packet_id network::state::make(node_index at, bytes_view bytes, const packet_facts& facts, std::uint8_t depth) {
    const packet_id id = pool.take(bytes.size());
    packet& p = pool[id];
    std::memcpy(p.data, bytes.data(), bytes.size());
    p.facts = facts;
    p.node = at;
    p.depth = depth;
    p.destination = addresses.find(destination_of(bytes, facts.family));
    p.flow = flow_hash(bytes, facts);
    ++total.on_the_way;
    return id;
}

packet_id network::state::copy_of(packet_id id) {
    const packet_id copy = pool.take(pool[id].size);
    const packet& from = pool[id];
    packet& to = pool[copy];
    packet fresh = from;
    fresh.data = to.data;
    fresh.size = to.size;
    fresh.size_class = to.size_class;
    to = fresh;
    std::memcpy(to.data, from.data, from.size);
    ++total.on_the_way;
    ++total.duplicated;
    return copy;
}

void network::state::end(packet_id id, fate f) {
    ++node_totals[pool[id].node].ended[static_cast<std::size_t>(f)];
    end_on_link(id, f);
}

void network::state::end_on_link(packet_id id, fate f) {
    ++total.ended[static_cast<std::size_t>(f)];
    --total.on_the_way;
    pool.give_back(id);
}

void network::state::inject(node_index from, bytes_view bytes) {
    ++total.injected;
    const auto lost = [&](fate f) {
        ++total.ended[static_cast<std::size_t>(f)];
        if (from < node_totals.size()) ++node_totals[from].ended[static_cast<std::size_t>(f)];
    };
    if (from >= scenario.nodes.size()) return lost(fate::malformed);
    ++node_totals[from].received;
    const auto reading = read_packet(bytes);
    if (!reading) return lost(fate::malformed);
    if (is_full()) return lost(fate::overload);
    depart(make(from, bytes.first(reading->size), reading->facts, 0));
}

void network::state::run(time_point until) {
    const auto change_at = [this] {
        return next_change == scenario.changes.size() ? time_point::max() : start + scenario.changes[next_change].at;
    };
    for (;;) {
        const time_point next = std::min({change_at(), waiting.next_deadline(), queue.next()});
        if (next > until || next == time_point::max()) break;
        now = std::max(now, next);
        // At one time, changes come first.
        if (change_at() == next) {
            apply(scenario, scenario.changes[next_change++]);
            routing.forget();
        } else if (waiting.next_deadline() == next) {
            give_up_fragments();
        } else {
            const packet_id id = queue.pop();
            pool[id].link == no_link ? depart(id) : arrive(id);
        }
    }
    now = std::max(now, until);
}

void network::state::release_delivered() {
    if (lent != no_packet) pool.give_back(std::exchange(lent, no_packet));
}

network::network(sim::scenario s, time_point start) : state_(std::make_unique<state>(std::move(s), start)) {}
network::network(network&&) noexcept = default;
network& network::operator=(network&&) noexcept = default;
network::~network() = default;

const sim::scenario& network::scenario() const noexcept {
    return state_->scenario;
}

void network::send(time_point now, node_index from, bytes_view packet) {
    advance(now);
    state_->inject(from, packet);
}

void network::advance(time_point now) {
    state_->release_delivered();
    state_->run(now);
}

time_point network::next_deadline() const noexcept {
    return std::min(state_->queue.next(), state_->waiting.next_deadline());
}

std::optional<network::delivery> network::poll_delivery() {
    state_->release_delivered();
    if (state_->delivered.empty()) return std::nullopt;
    state_->lent = state_->delivered.front();
    state_->delivered.pop_front();
    const packet& p = std::as_const(state_->pool)[state_->lent];
    return delivery{.node = p.node, .at = p.at, .packet = p.bytes()};
}

const network_counts& network::counts() const noexcept {
    return state_->total;
}

const node_counts& network::node(node_index n) const noexcept {
    return state_->node_totals[n];
}

const link_counts& network::link(link_index l, bool backwards) const noexcept {
    return state_->link_totals[l][backwards ? 1 : 0];
}

}  // namespace sonde::sim
