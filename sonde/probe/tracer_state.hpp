// The inside of the tracer.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include <sonde/probe/indexed_heap.hpp>
#include <sonde/probe/pacer.hpp>
#include <sonde/probe/path_strategy.hpp>
#include <sonde/probe/probe_composer.hpp>
#include <sonde/probe/probe_quote.hpp>
#include <sonde/probe/probe_table.hpp>
#include <sonde/probe/token.hpp>
#include <sonde/probe/tracer.hpp>

namespace sonde::probe {

/// One trace under way.
struct trace_run {
    enum class ticket_phase : std::uint8_t { queued, out, over };
    struct ticket_state {
        ticket_phase phase = ticket_phase::queued;
        std::uint32_t flight = probe_flight::nowhere;
    };
    struct queued_probe {
        probe_ticket ticket{};
        probe_wish wish = {};
        bool again = false;    ///< it was out already, and its answer could not be told from others
        time_point sent_at{};  ///< then
    };

    std::uint64_t id = 0;
    trace_options options = {};
    std::unique_ptr<path_strategy> strategy;
    lane_wish lane = {};
    std::uint16_t port = 0;
    std::deque<ticket_state> tickets = {};
    std::uint32_t first_ticket = 0;  ///< of `tickets`: those before are over
    std::deque<queued_probe> queue = {};
    stats::accounting counts = {};
    int error_number = 0;
    bool short_quotes = false;  ///< one probe of a flow at a time
    bool blocked = false;       ///< until the flow that it wants to ask on has nothing out
    bool ending = false;
    time_point send_due{};
    time_point wake{};
    std::uint32_t wake_position = probe_flight::nowhere;
    std::uint32_t ready_position = probe_flight::nowhere;

    [[nodiscard]] ticket_state* find(probe_ticket ticket) {
        const std::uint32_t index = static_cast<std::uint32_t>(ticket) - first_ticket;
        return index < tickets.size() ? &tickets[index] : nullptr;
    }
    /// Drops what was given up before it left; false: nothing is to be sent.
    [[nodiscard]] bool has_queued();
};

struct tracer::state {
    struct lane_state {
        lane_wish wish;
        lane_facts facts;
        probe_numbers numbers;
    };
    struct refusal {
        lane_wish wish;
        int error_number;
        time_point until;
    };
    using runs = std::vector<std::unique_ptr<trace_run>>;
    struct by_wake {
        static time_point key(const runs& r, std::uint32_t i) { return r[i]->wake; }
        static std::uint32_t& position(runs& r, std::uint32_t i) { return r[i]->wake_position; }
    };
    struct by_send {
        static time_point key(const runs& r, std::uint32_t i) { return r[i]->send_due; }
        static std::uint32_t& position(runs& r, std::uint32_t i) { return r[i]->ready_position; }
    };
    /// An answer on its way to its probe.
    struct heard {
        hop_answer answer = {};
        std::optional<time_point> received_at = {};
        bool advice = false;  ///< source quench, redirect: changes nothing
    };
    /// A quoted probe, as far as it came: of an error-queue entry there is no IP header.
    struct quoted_probe {
        lane_kind kind = lane_kind::udp;
        ip_address destination = {};
        std::uint16_t port = 0;
        bytes_view transport = {};  ///< from the header on; empty where the queue hides it (UDP)
        bytes_view payload = {};    ///< behind the header
        const probe_quote* ip = nullptr;
    };
    /// Whose probe that is, or as what its frame counts.
    struct match {
        const probe_numbers::holder* holder = nullptr;
        std::uint64_t stats::accounting::*otherwise = &stats::accounting::not_ours;
        bool nat = false;
        bool anonymous = false;  ///< ports are all that is known

        /// Lanes may have the same port or identifier; the best match counts.
        [[nodiscard]] int worth() const noexcept {
            if (holder != nullptr) return holder->flight != probe_flight::nowhere ? 4 : 2;
            if (anonymous) return 3;
            return otherwise == &stats::accounting::not_ours ? 0 : 1;
        }
    };

    explicit state(const tracer_options& options);

    // tracer.cpp
    void service(time_point now, std::uint32_t index);
    [[nodiscard]] bool ask_strategy(time_point now, trace_run& t);
    void give_up(time_point now, trace_run& t, const path_strategy::given_up& g);
    void drop_queued(time_point now, trace_run& t, const trace_run::queued_probe& q, probe_fate fate);
    void schedule(time_point now, std::uint32_t index);
    void end_trace(time_point now, std::uint32_t index, trace_end how);
    [[nodiscard]] std::optional<probe_transmit> launch(time_point now, std::uint32_t index, std::uint32_t lane,
                                                       bytes_span buffer);
    /// The lane of the trace's next probe; nothing where there is none yet, or never (then the probe has failed).
    [[nodiscard]] std::optional<std::uint32_t> lane_for(time_point now, std::uint32_t index);
    [[nodiscard]] bool must_wait(std::uint32_t index, std::uint32_t lane);
    void fail_queued(time_point now, std::uint32_t index, int error_number);
    void expire(time_point now, std::uint32_t flight);
    void withdraw(time_point now, std::uint32_t flight);
    void conclude(time_point now, std::uint32_t flight, probe_result result,
                  std::uint64_t stats::accounting::*counted_as);
    void tell_result(time_point now, trace_run& t, probe_ticket ticket, const probe_result& result);
    void release(std::uint32_t flight, bool answered);
    void take_events(time_point now, trace_run& t);
    [[nodiscard]] flow_key flow_of(const trace_run& t, std::uint32_t lane, std::uint16_t flow) const;
    [[nodiscard]] static probe_result describe(const probe_flight& f, probe_fate fate);
    [[nodiscard]] bool many_events() const;
    void count(trace_run& t, std::uint64_t stats::accounting::*what) {
        ++(counts.*what);
        ++(t.counts.*what);
    }
    void uncount(trace_run& t, std::uint64_t stats::accounting::*what) {
        --(counts.*what);
        --(t.counts.*what);
    }

    // tracer_receive.cpp
    void count_frame(std::uint64_t stats::accounting::*what, std::uint64_t trace);
    void count_frame(std::uint64_t stats::accounting::*what);
    [[nodiscard]] probe_image image_of(const probe_flight& f) const;
    [[nodiscard]] bool carries_token(std::uint32_t lane, bytes_view payload) const;
    [[nodiscard]] bool begins_as(const probe_flight& f, bytes_view payload) const;
    [[nodiscard]] match match_icmp(std::uint32_t lane, const quoted_probe& q) const;
    [[nodiscard]] match match_udp(std::uint32_t lane, const quoted_probe& q) const;
    [[nodiscard]] match match_tcp(std::uint32_t lane, const quoted_probe& q) const;
    [[nodiscard]] match match_on(std::uint32_t lane, const quoted_probe& q) const;
    [[nodiscard]] bool icmp_checksum_right(const probe_flight& f, const quoted_probe& q) const;
    [[nodiscard]] bool translated(std::uint32_t lane, const probe_flight& f, const quoted_probe& q) const;
    void settle(time_point now, std::uint32_t lane, const match& m, const quoted_probe& q, heard& h);
    void settle_anonymous(time_point now, const flow_key& flow, bytes_view payload, heard& h);
    void hold(time_point now, const flow_key& flow);
    void credit(time_point now, std::uint32_t flight, heard& h);
    void receive_error(time_point now, const trace_packet_meta& meta, bytes_view message);
    void receive_echo_reply(time_point now, const trace_packet_meta& meta, bytes_view message);
    void receive_segment(time_point now, const trace_packet_meta& meta, bytes_view segment);
    void receive_datagram(time_point now, const trace_packet_meta& meta, bytes_view datagram);
    [[nodiscard]] static answer_from kind_of(family f, const heard& h, const ip_address& destination);

    tracer_options options;
    token_key key;
    pacer pace;
    runs traces;
    std::vector<std::uint32_t> free_traces;
    std::unordered_map<std::uint64_t, std::uint32_t> by_id;
    std::unordered_map<std::uint64_t, stats::accounting> finished;  // until the poll behind their `done`
    std::optional<std::uint64_t> told_done;
    indexed_heap<runs, by_wake> wakes;
    indexed_heap<runs, by_send> ready;
    std::unordered_map<flow_key, std::vector<std::uint64_t>, flow_key::hash> blocked;  // ids of traces
    probe_table flights;
    std::vector<lane_state> lanes;
    std::vector<refusal> refusals;
    std::optional<lane_wish> lane_wanted;
    std::deque<trace_event> events;
    time_point last_drop = time_point::min();
    stats::accounting counts;
};

}  // namespace sonde::probe
