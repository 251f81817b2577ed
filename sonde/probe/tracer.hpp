// The machine that traces: one flow per trace, all hops at once, many traces over few sockets. It has no sockets, no
// clock and no thread; the caller carries the bytes and says what time it is.
//
//   while (auto t = tracer.poll_transmit(now, buffer)) { send it, or handle_send_failure(now, t->where, errno) }
//   if (auto wanted = tracer.lane_wanted()) { open a socket; add_lane(...) or refuse_lane(...); go on sending }
//   handle_packet, handle_queued_error, handle_connection, handle_transmit_timestamp as things arrive
//   handle_timeout at next_deadline(); while (auto e = tracer.poll_event()) { ... } after each of these
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>

#include <sonde/base/bytes.hpp>
#include <sonde/base/ip_address.hpp>
#include <sonde/base/time.hpp>
#include <sonde/probe/trace_event.hpp>
#include <sonde/probe/trace_options.hpp>
#include <sonde/stats/accounting.hpp>

namespace sonde::probe {

struct tracer_options {
    std::array<std::uint64_t, 2> key{};  ///< secret, from the system's random source
    double rate = 1000;                  ///< probes a second over all traces, 0 for no limit
    std::uint32_t burst = 32;            ///< that many may leave at once under `rate`: the first hops of a trace
    std::uint32_t in_flight = 65536;     ///< probes awaiting an outcome
    /// A socket that could not be opened is asked for again after this time.
    duration refusal_lasts = std::chrono::seconds{1};
};

/// How a probe leaves.
enum class lane_kind : std::uint8_t {
    udp,          ///< a UDP socket: the kernel makes both headers; errors come through its error queue
    icmp,         ///< an ICMP datagram socket (the kernel writes identifier and checksum), or a raw one
    tcp_raw,      ///< a raw socket: the segment is made here
    tcp_connect,  ///< a connecting socket for each probe: one flow each
};

/// A socket that is to be opened. Probes from different sources or interfaces take different lanes.
struct lane_wish {
    lane_kind kind = lane_kind::udp;
    sonde::family family = sonde::family::v4;
    ip_address source = {};  ///< `::` for the kernel's choice
    std::uint32_t interface = 0;

    friend bool operator==(const lane_wish&, const lane_wish&) = default;
};

/// What the glue knows of a socket that it opened.
struct lane_facts {
    /// UDP and TCP: the local port. ICMP: the identifier that answers carry. Raw TCP: flow f of `paths` leaves from the
    /// f-th port after it.
    std::uint16_t identifier = 0;
    bool computes_checksum = false;  ///< the machine writes the ICMP checksum (raw IPv4), not the kernel
    /// Errors come whole, with the IP header that they quote, to `handle_packet` (a raw socket listens, or the network
    /// is simulated); entries of the error queue are then not given to the machine.
    bool hears_packets = false;
};

/// Which probe: opaque to the glue.
struct probe_place {
    std::uint32_t index = 0;
    std::uint32_t generation = 0;
    friend bool operator==(const probe_place&, const probe_place&) = default;
};

/// A probe to send on the socket `lane`. Valid until the next call of a non-const member.
struct probe_transmit {
    probe_place where;
    std::uint32_t lane = 0;
    std::uint64_t trace = 0;  ///< the trace's id
    lane_kind kind = lane_kind::udp;
    ip_address destination;
    std::uint16_t port = 0;  ///< of the destination
    ip_address source;
    std::uint32_t interface = 0;
    std::uint8_t hop_limit = 1;
    std::optional<std::uint8_t> traffic_class;
    bool dont_fragment = false;
    /// Inside the caller's buffer. UDP: the payload. ICMP: the message. TCP raw: the segment, its checksum not filled
    /// in (it covers the source address, which the glue knows). Connecting: empty.
    bytes_view datagram;
};

/// What came with a packet.
struct trace_packet_meta {
    ip_address from;
    std::uint8_t protocol = 0;  ///< of `payload`: 1, 58, 6, 17
    std::optional<std::uint8_t> hop_limit;
    std::optional<time_point> received_at;  ///< the kernel's stamp, converted to monotonic time
    ip_address to = {};  ///< the address of ours that it came to; `::` when unknown: translation is then harder to see
};

/// An entry of a socket's error queue that an ICMP error put there.
struct trace_error_meta {
    std::uint32_t lane = 0;
    ip_address destination;  ///< of the probe, as quoted
    std::uint16_t port = 0;  ///< the same; 0 for ICMP
    ip_address offender;
    std::uint8_t type = 0;
    std::uint8_t code = 0;
    std::uint32_t info = 0;
    std::optional<std::uint8_t> hop_limit;  ///< of the error
    std::optional<time_point> received_at;
    bytes_view extension = {};  ///< the extension structure (RFC 4884), empty when there is none or the kernel hides it
};

/// How a connecting socket ended.
struct connection_end {
    enum class how : std::uint8_t { connected, refused, icmp_error, failed } what = how::failed;
    int error_number = 0;  ///< failed
    /// icmp_error: offender, type, code, info and extension count.
    trace_error_meta error = {};
    std::optional<std::uint8_t> hop_limit = {};
    std::optional<time_point> ended_at = {};
};

/// Not thread-safe. Errors and answers that quote none of our probes are counted and change nothing.
/// Sources: RFC 792, RFC 4443, RFC 4884; B. Augustin et al., Avoiding traceroute anomalies with Paris traceroute
/// (2006).
class tracer {
public:
    explicit tracer(const tracer_options& options);
    tracer(tracer&&) noexcept;
    tracer& operator=(tracer&&) noexcept;
    ~tracer();

    // Asking.

    /// `id` is the caller's, not in use, and comes back in the events.
    void start(time_point now, const trace_options& options, std::uint64_t id);
    /// Ends the trace with `cancelled`; false: there is none of that id.
    bool cancel(time_point now, std::uint64_t id);
    /// No further round; what is out is waited for.
    void finish_round(std::uint64_t id);
    /// Ends everything with `closed`.
    void close(time_point now);

    // Carrying.

    /// The next probe that is due, written into `buffer` of at least `largest_datagram()` bytes.
    [[nodiscard]] std::optional<probe_transmit> poll_transmit(time_point now, bytes_span buffer);
    [[nodiscard]] std::size_t largest_datagram() const noexcept;
    [[nodiscard]] const std::optional<lane_wish>& lane_wanted() const noexcept;
    /// Returns the lane's number: 0, 1, 2, ...
    std::uint32_t add_lane(const lane_wish& wish, const lane_facts& facts);
    /// No such socket can be opened. `tcp_raw` is then asked for as `tcp_connect`; otherwise the probes fail with
    /// `error_number`.
    void refuse_lane(time_point now, const lane_wish& wish, int error_number);

    void handle_send_failure(time_point now, probe_place where, int error_number);
    /// The first of a probe is that of entering the device layer, the second of reaching the device.
    void handle_transmit_timestamp(time_point now, probe_place where, time_point sent_at);
    /// What came as a packet: an echo reply, a whole ICMP error, a TCP segment, a UDP answer. `payload` begins with the
    /// header of `meta.protocol`. `lane`: the socket that heard it.
    void handle_packet(time_point now, std::uint32_t lane, const trace_packet_meta& meta, bytes_view payload);
    /// `quoted`: of an ICMP lane from the ICMP header of the probe on, of a UDP lane its payload (empty where the error
    /// quotes the header alone).
    void handle_queued_error(time_point now, const trace_error_meta& meta, bytes_view quoted);
    void handle_connection(time_point now, probe_place where, const connection_end& end);
    /// Frames that the kernel dropped on our sockets, since the last call.
    void handle_kernel_drops(time_point now, std::uint64_t dropped);
    void handle_timeout(time_point now);

    [[nodiscard]] time_point next_transmit() const;
    [[nodiscard]] time_point next_timeout() const;
    [[nodiscard]] time_point next_deadline() const { return std::min(next_transmit(), next_timeout()); }

    // Telling.

    [[nodiscard]] std::optional<trace_event> poll_event();
    /// Of the probes of all traces.
    [[nodiscard]] stats::accounting accounting() const noexcept;
    /// Of one trace, until the poll that follows the one of its `done` event; nothing for an unknown id.
    [[nodiscard]] std::optional<stats::accounting> accounting(std::uint64_t id) const noexcept;
    [[nodiscard]] bool idle() const noexcept;

private:
    struct state;
    std::unique_ptr<state> state_;
};

}  // namespace sonde::probe
