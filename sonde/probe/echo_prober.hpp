// The machine that pings: what to send and when, whose answer a datagram is, what became of each ping. It has no
// sockets, no clock and no thread; the caller carries the bytes and says what time it is.
//
//   while (auto t = prober.poll_transmit(now, buffer)) { send it, or handle_send_failure(now, t->where, errno) }
//   if (auto wanted = prober.lane_wanted()) { open a socket; add_lane(...) or refuse_lane(...); go on sending }
//   handle_datagram, handle_error, handle_transmit_timestamp as things arrive; handle_timeout at next_deadline()
//   while (auto e = prober.poll_event()) { ... } after each of these
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include <sonde/base/bytes.hpp>
#include <sonde/base/ip_address.hpp>
#include <sonde/base/time.hpp>
#include <sonde/probe/echo_profile.hpp>
#include <sonde/probe/event.hpp>
#include <sonde/probe/indexed_heap.hpp>
#include <sonde/probe/pacer.hpp>
#include <sonde/probe/sequence_table.hpp>
#include <sonde/probe/token.hpp>
#include <sonde/stats/accounting.hpp>
#include <sonde/wire/checksum.hpp>

namespace sonde::probe {

struct echo_prober_options {
    std::array<std::uint64_t, 2> key{};  ///< secret, from the system's random source
    double rate = 0;                     ///< pings a second over all targets, 0 for no limit
    std::uint32_t burst = 1;             ///< that many may leave at once under `rate`
    std::uint32_t in_flight = std::numeric_limits<std::uint32_t>::max();  ///< pings awaiting an outcome
    /// Pings over the machine's life; what is asked beyond it is `cancelled`.
    std::uint64_t budget = std::numeric_limits<std::uint64_t>::max();
    std::uint32_t lanes_per_family = 16;
    bool announce_sends = false;  ///< an event `sent` for each ping
    /// An answer without the right token is held until the ping's own deadline, in case the right one comes; for this
    /// long once a target has shown that it never sends the right one.
    duration unverified_grace = std::chrono::milliseconds{100};
    /// A socket that could not be opened is asked for again after this time.
    duration refusal_lasts = std::chrono::seconds{1};
};

/// A ping's place in the queue, for `cancel`.
enum class ping_ticket : std::uint64_t {};

/// Where a ping is in flight: which socket (lane) and sequence number.
struct flight_ref {
    std::uint32_t lane = 0;
    std::uint16_t sequence = 0;
};

struct ping_request {
    ip_address destination = {};
    duration timeout = std::chrono::seconds{1};
    echo_profile profile = {};
};

/// A target that is pinged again and again.
struct target_options {
    ip_address destination = {};
    duration timeout = std::chrono::seconds{1};
    duration interval = std::chrono::seconds{1};
    duration first_after{};   ///< the first ping's delay
    std::uint32_t count = 0;  ///< pings in all, 0 for no end
    /// An outcome brings the next ping forward, to this long after the last one left (`-f`, `-A`).
    std::optional<duration> eager = {};
    echo_profile profile = {};
};

/// A datagram to send on the socket of `where.lane`. The pointers are valid until the next call of a non-const member.
struct transmit {
    flight_ref where;
    std::uint64_t id = 0;
    bool series = false;
    ip_address destination;
    const echo_profile* profile = nullptr;
    bytes_view datagram;  ///< ICMP message inside the caller's buffer
};

/// A socket that is to be opened.
struct lane_request {
    sonde::family family = family::v4;
    ip_address source;  ///< that its pings leave from, `::` for the kernel's choice

    friend bool operator==(const lane_request&, const lane_request&) = default;
};

/// What came with a datagram.
struct datagram_meta {
    std::uint32_t lane = 0;
    ip_address from;
    std::optional<time_point> received_at;  ///< the kernel's receive timestamp, converted to monotonic time
    std::optional<std::uint8_t> hop_limit;
    std::uint32_t full_size = 0;  ///< bytes of the ICMP message, more than were read when the buffer was short
    wire::checksum_check checksum = wire::checksum_check::trust;
};

/// An entry of a socket's error queue that an ICMP error put there.
struct error_meta {
    std::uint32_t lane = 0;
    ip_address destination;  ///< of the ping
    ip_address offender;     ///< who reported it
    std::uint8_t type = 0;
    std::uint8_t code = 0;
    std::uint32_t info = 0;  ///< next-hop MTU, pointer, gateway
    std::optional<time_point> received_at;
};

/// Not thread-safe. After its high-water mark of pings in flight it allocates nothing but the payload of a corrupt
/// reply. Source: RFC 792, RFC 4443 section 4, RFC 1122 section 3.2.2.6.
class echo_prober {
public:
    explicit echo_prober(const echo_prober_options& options);

    // Asking.

    /// One ping, queued until `poll_transmit` takes it. `id` is the caller's and comes back in the events.
    ping_ticket ping(time_point now, const ping_request& request, std::uint64_t id);
    /// Returns the target's index: 0, 1, 2, ...
    std::uint32_t add_target(time_point now, const target_options& options);
    /// No further ping of the target; those in flight go on.
    void stop_target(std::uint32_t target);
    void stop_all_targets();
    /// Ends one ping of `ping()` with `cancelled`. `where` is known once it was transmitted. False: it was over
    /// already.
    bool cancel(time_point now, std::uint64_t id, std::optional<flight_ref> where, ping_ticket ticket = {});
    /// Ends everything with `closed`.
    void close(time_point now);

    // Carrying.

    /// The next datagram that is due, written into `buffer` of at least `largest_datagram()` bytes.
    [[nodiscard]] std::optional<transmit> poll_transmit(time_point now, bytes_span buffer);
    [[nodiscard]] std::size_t largest_datagram() const noexcept;
    /// `poll_transmit` needs one more socket: the first, or because all sequence numbers are taken.
    [[nodiscard]] const std::optional<lane_request>& lane_wanted() const noexcept { return lane_wanted_; }
    /// A socket was opened. Answers must carry `identifier`: the kernel's choice on a datagram socket, the caller's on
    /// a raw one. `fill`: whether the machine computes the checksum (raw IPv4 sockets) or the kernel does.
    /// `only_source`: the socket sends from that address (`::`: the kernel's choice), whatever the message says;
    /// nothing where messages carry their own. Returns the lane's number: 0, 1, 2, ...
    std::uint32_t add_lane(family f, std::uint16_t identifier, wire::checksum_fill fill,
                           std::optional<ip_address> only_source = {});
    /// No further such socket can be opened. Without any that carries them, such pings fail with `error_number`.
    void refuse_lane(time_point now, const lane_request& request, int error_number);

    void handle_send_failure(time_point now, flight_ref where, int error_number);
    /// A transmit timestamp of the kernel's, converted to monotonic time: the first of a ping is that of entering the
    /// device layer, the second (if there is one) of reaching the device. The ping left in the middle.
    void handle_transmit_timestamp(time_point now, flight_ref where, time_point sent_at);
    void handle_datagram(time_point now, const datagram_meta& meta, bytes_view message);
    /// `quoted` begins at the ICMP header of the ping that the error is about.
    void handle_error(time_point now, const error_meta& meta, bytes_view quoted);
    /// Frames that the kernel dropped on one of our sockets, since the last call.
    void handle_kernel_drops(time_point now, std::uint64_t dropped);
    void handle_timeout(time_point now);

    /// When `poll_transmit` will have something; `time_point::max()` when only an event can change that.
    [[nodiscard]] time_point next_transmit() const;
    /// Whether what is due next may go up to `delay` later, with others: nobody waits for it, and its target is pinged
    /// far less often than that.
    [[nodiscard]] bool can_wait(duration delay) const noexcept;
    /// When `handle_timeout` will have something to do.
    [[nodiscard]] time_point next_timeout() const;
    [[nodiscard]] time_point next_deadline() const { return std::min(next_transmit(), next_timeout()); }

    // Telling.

    [[nodiscard]] std::optional<event> poll_event();
    [[nodiscard]] stats::accounting accounting() const noexcept;

    struct progress {
        std::uint32_t sent = 0;
        std::uint32_t pending = 0;
    };
    [[nodiscard]] progress target_progress(std::uint32_t target) const noexcept;
    /// Nothing in flight, nothing queued, no target with a ping to come.
    [[nodiscard]] bool idle() const noexcept;
    /// Bytes of table, over all lanes.
    [[nodiscard]] std::size_t table_bytes() const noexcept;

private:
    using slot = sequence_table::slot;
    using flight = sequence_table::flight;

    struct lane_state {
        sonde::family family;
        std::uint16_t identifier;
        wire::checksum_fill fill;
        std::optional<ip_address> only_source;
        sequence_table table;

        [[nodiscard]] bool carries(const lane_request& r) const noexcept {
            return family == r.family && (!only_source || *only_source == r.source);
        }
    };
    struct refusal {
        lane_request request;
        int error_number;
        time_point until;
    };
    struct queued_ping {
        ip_address destination;
        duration timeout;
        std::uint64_t id;
        std::uint16_t profile;
        bool cancelled;
    };
    /// What targets that were added together have in common.
    struct target_rhythm {
        duration interval;
        duration timeout;
        duration eager;  // negative: not eager
        friend bool operator==(const target_rhythm&, const target_rhythm&) = default;
    };
    struct target_state {
        ip_address destination;
        std::uint32_t heap_position;
        time_point due;
        time_point last_sent;
        std::uint32_t rhythm;
        std::uint32_t left;
        std::uint32_t ordinal;
        std::uint32_t sent;
        std::uint32_t pending;
        std::uint16_t profile;
        bool forgetful;  // answers, never with the right token
    };
    struct by_due {
        static time_point key(const std::vector<target_state>& t, std::uint32_t i) noexcept { return t[i].due; }
        static std::uint32_t& position(std::vector<target_state>& t, std::uint32_t i) noexcept {
            return t[i].heap_position;
        }
    };
    using due_heap = indexed_heap<std::vector<target_state>, by_due>;
    /// `proven`: carries the token of the ping that holds the sequence number. `older`: that of an earlier holder.
    enum class verdict : std::uint8_t { proven, older, unproven };
    struct candidate {
        flight_ref where;
        slot& holder;
        bytes_view payload;
        event told;
    };

    // echo_prober.cpp
    [[nodiscard]] lane_request need_of(const ip_address& destination, std::uint16_t profile) const;
    [[nodiscard]] bool lanes_left(family f) const;
    [[nodiscard]] const refusal* refusal_of(const lane_request& r) const;
    [[nodiscard]] int reason_against(const lane_request& r) const;
    [[nodiscard]] time_point room_at(const lane_request& r) const;
    [[nodiscard]] std::optional<transmit> launch(time_point now, const sequence_table::request& r, duration timeout,
                                                 bytes_span buffer);
    [[nodiscard]] std::optional<transmit> launch_queued(time_point now, bytes_span buffer);
    [[nodiscard]] std::optional<transmit> launch_due(time_point now, bytes_span buffer);
    [[nodiscard]] transmit compose(lane_state& lane, flight_ref where, const slot& s, ip_address destination,
                                   std::uint16_t profile, bytes_span buffer) const;
    [[nodiscard]] const target_rhythm& rhythm_of(const target_state& t) const noexcept { return rhythms_[t.rhythm]; }
    void reschedule(time_point now, std::uint32_t target);
    void exhaust_budget(time_point now);
    void end_unsent(time_point now, event told);
    void end_queued(time_point now, const queued_ping& ping, event_kind how, int error_number = 0);
    void pop_queue();
    void expire(time_point now, flight_ref where);
    void conclude(time_point now, const slot& s, event told);
    void release(time_point now, flight_ref where, slot_state how);
    [[nodiscard]] event describe(time_point now, flight_ref where, const slot& s, event_kind kind);
    void tell(event e) { events_.push_back(std::move(e)); }

    // echo_prober_receive.cpp
    [[nodiscard]] verdict judge(flight_ref where, const slot& s, bytes_view payload);
    void receive_in_flight(time_point now, const datagram_meta& meta, candidate& c, verdict v);
    void receive_spent(time_point now, const datagram_meta& meta, candidate& c, verdict v);
    void answer(time_point now, candidate& c);
    void hold(time_point now, candidate& c);
    void release_held(time_point now, flight_ref where, bool accept);
    static void measure(time_point now, const slot& s, std::optional<time_point> received_at, event& told);
    void inspect(const profile_table::entry& sent, candidate& c) const;
    void count_answer(const event& told);
    void count_frame(std::uint64_t stats::accounting::*what) {
        ++counts_.frames;
        ++(counts_.*what);
    }
    [[nodiscard]] static std::uint64_t held_key(flight_ref where) noexcept {
        return (std::uint64_t{where.lane} << 16) | where.sequence;
    }

    echo_prober_options options_;
    token_key key_;
    pacer pacer_;
    profile_table profiles_;
    std::vector<lane_state> lanes_;
    std::vector<refusal> refusals_;
    std::optional<lane_request> lane_wanted_;
    std::vector<queued_ping> queue_;
    std::size_t queue_head_ = 0;
    std::uint64_t popped_ = 0;  // ticket of queue_[0]
    std::vector<target_state> targets_;
    std::vector<target_rhythm> rhythms_;
    due_heap due_;
    bool queue_turn_ = true;
    std::unordered_map<std::uint64_t, std::vector<event>> held_;
    std::vector<event> events_;
    std::size_t next_event_ = 0;
    time_point last_drop_ = time_point::min();
    stats::accounting counts_;
};

}  // namespace sonde::probe
