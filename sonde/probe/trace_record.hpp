// What is known of a path so far: every hop and who answered there, over all rounds; and what to make of it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include <sonde/base/ip_address.hpp>
#include <sonde/base/time.hpp>
#include <sonde/probe/trace_event.hpp>
#include <sonde/stats/interarrival_jitter.hpp>
#include <sonde/stats/rtt_series.hpp>
#include <sonde/stats/tally.hpp>

namespace sonde::probe {

/// One who answered at a hop.
struct responder_record {
    ip_address address = {};
    stats::tally tally = {};  ///< `sent` counts the answers: nobody knows whom an unanswered probe would have met
    std::optional<std::uint8_t> hop_limit = {};  ///< of its latest answer
    std::optional<std::uint8_t> quoted_ttl = {};
    std::optional<std::uint8_t> quoted_class = {};
    answer_from kind = answer_from::hop;
    std::uint8_t type = 0;
    std::uint8_t code = 0;
    bool from_icmp = false;
    bool nat = false;
    bool inferred = false;
    duration last{};  ///< round-trip time of its latest answer
    stats::interarrival_jitter jitter = {};
    std::uint32_t first_round = 0;
    std::uint32_t last_round = 0;
    std::shared_ptr<const hop_extensions> extensions = {};  ///< of the latest answer that had any
};

struct hop_record {
    std::uint8_t ttl = 0;
    stats::tally tally = {};  ///< of all probes to this hop; answers of any kind count as received
    duration last{};
    stats::interarrival_jitter jitter = {};
    std::vector<responder_record> responders = {};  ///< in the order of their first answer
    /// For each round's first answer, the responder's index: what tells a change from a balancer. The latest 64 are
    /// kept. As `mixed_rounds` of the trace's own flow only.
    std::vector<std::uint8_t> order = {};
    std::uint32_t ordered_rounds = 0;  ///< the latest round in `order`, and one
    std::uint32_t mixed_rounds = 0;    ///< rounds in which several answered
    std::uint32_t last_mixed = 0;      ///< the latest of these, and one
    /// The first query of each round: who limits his answers has one left for that.
    std::uint64_t first_queries = 0;
    std::uint64_t first_answers = 0;

    /// Probes whose fate is known.
    [[nodiscard]] std::uint64_t asked() const noexcept { return tally.sent - tally.pending; }
};

/// Filled from a trace's events. Bounded: at most 255 hops, 32 responders each (further ones are counted). Of a trace
/// for the MTU only the first round counts: later probes are large, and meant to be lost. Not thread-safe.
class trace_record {
public:
    explicit trace_record(const trace_options& options) : options_(options) {}

    void add(const trace_event& e);

    [[nodiscard]] const trace_options& options() const noexcept { return options_; }
    /// Ascending by TTL, without those behind the destination; where the way has become longer, as far as it went.
    [[nodiscard]] const std::vector<hop_record>& hops() const noexcept { return hops_; }
    [[nodiscard]] std::uint32_t rounds() const noexcept { return rounds_; }
    [[nodiscard]] bool reached() const noexcept { return destination_hop_.has_value(); }
    /// The least TTL that the destination answered at.
    [[nodiscard]] std::optional<std::uint8_t> destination_hop() const noexcept { return destination_hop_; }
    [[nodiscard]] std::optional<trace_end> end() const noexcept { return end_; }
    [[nodiscard]] const std::vector<mtu_step>& mtu_steps() const noexcept { return mtu_steps_; }
    [[nodiscard]] const std::shared_ptr<const path_graph>& paths() const noexcept { return paths_; }
    [[nodiscard]] std::uint64_t responders_not_kept() const noexcept { return responders_not_kept_; }

private:
    void add_probe(const probe_result& r);
    void add_answer(hop_record& hop, const probe_result& r);
    void add_order(hop_record& hop, std::uint32_t round, std::size_t responder);
    void drop_behind_the_end();

    trace_options options_;
    std::vector<hop_record> hops_;
    std::uint32_t rounds_ = 0;
    std::optional<std::uint8_t> destination_hop_;
    std::uint32_t destination_round_ = 0;  ///< the last that the destination answered in
    bool longer_ = false;
    std::optional<trace_end> end_;
    std::vector<mtu_step> mtu_steps_;
    std::shared_ptr<const path_graph> paths_;
    std::uint64_t responders_not_kept_ = 0;
};

/// What must be said about the path, ascending by TTL. Says nothing that the numbers do not carry: the thresholds are
/// in the .cpp with their reasons.
[[nodiscard]] std::vector<verdict> verdicts_of(const trace_record& record);

}  // namespace sonde::probe
