// What a trace finds: probes and their outcomes, hops, paths, what shrinks.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <sonde/base/ip_address.hpp>
#include <sonde/base/time.hpp>
#include <sonde/probe/trace_options.hpp>
#include <sonde/wire/icmp_extension.hpp>

namespace sonde::probe {

/// RFC 5837's object, owned. The name is the network's text: escape it.
struct hop_interface {
    wire::interface_role role = wire::interface_role::incoming;
    std::optional<std::uint32_t> index = {};
    std::optional<ip_address> address = {};
    std::string name = {};
    std::optional<std::uint32_t> mtu = {};
    friend bool operator==(const hop_interface&, const hop_interface&) = default;
};

/// An extension object of another class.
struct hop_object {
    std::uint8_t class_number = 0;
    std::uint8_t c_type = 0;
    std::vector<std::byte> data = {};
    friend bool operator==(const hop_object&, const hop_object&) = default;
};

/// What the extension structure of an error says (RFC 4884). Most answers have none.
struct hop_extensions {
    std::vector<wire::mpls_label> mpls = {};
    std::vector<hop_interface> interfaces = {};
    std::vector<hop_object> others = {};
    bool bad = false;  ///< malformed somewhere, or its checksum is wrong: what was readable is here
    friend bool operator==(const hop_extensions&, const hop_extensions&) = default;
};

/// Who answered a probe.
enum class answer_from : std::uint8_t {
    hop,          ///< time exceeded
    destination,  ///< the destination itself: echo reply, port unreachable from it, SYN-ACK, reset, a UDP answer
    unreachable,  ///< destination unreachable (or another ICMP error) that ends the way here
};

/// An answer to a probe.
struct hop_answer {
    answer_from kind = answer_from::hop;
    ip_address from = {};
    duration rtt{};
    clock_source clock = clock_source::user;
    /// An ICMP message brought it: `type` and `code` are of the probe's family. False for TCP segments, UDP datagrams.
    bool from_icmp = false;
    std::uint8_t type = 0;
    std::uint8_t code = 0;
    std::uint32_t info = 0;                      ///< next-hop MTU, pointer; 0 when unknown
    std::optional<std::uint8_t> hop_limit = {};  ///< of the answer, when it arrived
    std::optional<std::uint8_t> quoted_ttl =
        {};  ///< of the probe when it got there, as quoted: 1 is usual, 0 or more tell
    std::optional<std::uint8_t> quoted_class = {};  ///< TOS or traffic class as quoted
    /// What is quoted is not what was sent (addresses, ports, identifier or checksum): something translates between
    /// here and there.
    bool nat = false;
    bool tcp_open = false;  ///< SYN-ACK
    /// It quoted so little that the hop is known only because no other probe of the flow was out.
    bool inferred = false;
    std::shared_ptr<const hop_extensions> extensions = {};  ///< null when there is none
};

enum class probe_fate : std::uint8_t {
    answered,
    timed_out,
    send_failed,  ///< `error_number`
    cancelled,    ///< the trace was cancelled, or the probe went beyond the destination and nobody waits for it
};

/// One probe, with its outcome. Exactly one for each that was sent.
struct probe_result {
    /// The hop that it is about. Further queries of the destination may have left with a higher one (`quoted_ttl`).
    std::uint8_t ttl = 0;
    std::uint16_t flow = 0;   ///< 0 for the flow of the trace; `paths` uses more
    std::uint16_t size = 0;   ///< bytes of the IP packet
    std::uint32_t round = 0;  ///< from 0 on
    std::uint8_t query = 0;   ///< from 0 on, in its hop and round; retries go on counting
    probe_fate fate = probe_fate::timed_out;
    bool uncertain = false;  ///< timed_out, and the kernel dropped something of ours meanwhile
    int error_number = 0;
    time_point sent_at{};
    hop_answer answer = {};  ///< where `fate` is answered
};

/// A vertex of the paths: who answered at a hop; `::` for silence.
struct path_vertex {
    ip_address address = {};
    std::vector<std::uint16_t> flows = {};  ///< seen there, ascending
    bool destination = false;
    bool per_packet = false;  ///< a balancer that spreads one flow stands before it
    std::shared_ptr<const hop_extensions> extensions = {};
    duration rtt{};  ///< the least
};
struct path_edge {
    std::uint32_t from = 0;  ///< index into the hop before
    std::uint32_t to = 0;
    friend auto operator<=>(const path_edge&, const path_edge&) = default;
};
/// All equal-cost paths. `hops[0]` is `first_hop`.
struct path_graph {
    std::uint8_t first_hop = 1;
    struct hop {
        std::vector<path_vertex> vertices;
        std::vector<path_edge> edges;  ///< from the hop before to this one
    };
    std::vector<hop> hops;
    bool reached = false;
    double confidence_each = 0;  ///< that a balancer's next hops are complete
    double confidence = 0;       ///< that the whole graph is
    std::uint64_t probes = 0;
    bool bounded = false;  ///< a bound on flows, probes or patience ended the search: there may be more than this
};

/// Where the MTU is what.
struct mtu_step {
    std::uint8_t ttl = 0;   ///< the hop that said so; 0: this machine
    ip_address from = {};   ///< who said so; `::` where it was found by silence (a black hole, RFC 2923)
    std::uint32_t mtu = 0;  ///< bytes of the IP packet that fit from there on
};

/// Something that must be said so that nobody misreads the rest.
enum class verdict_kind : std::uint8_t {
    rate_limited,      ///< the hop drops its own answers (ICMP rate limit), not packets: later hops lose less
    loss,              ///< packets are lost from this hop on: every later one loses as much
    path_changed,      ///< another router answers at this hop than before, for the same flow
    per_packet,        ///< several answer at this hop in turn: a balancer by packet
    asymmetric,        ///< the way back is `value` hops longer or shorter than the way there, judged by the hop limit
    loop,              ///< the same router at this hop and at hop `value`
    last_hop,          ///< the last that answered, when the destination did not
    nat,               ///< from here on, what is quoted was translated
    mtu_shrinks,       ///< to `value` bytes behind this hop
    tos_rewritten,     ///< from here on, the traffic class quoted is `value`
    short_quotes,      ///< quotes 8 bytes only: probes were told apart by asking one at a time
    hidden_tunnel,     ///< the quoted TTL is above 1: hops before it do not show (RFC 3443)
    silent_target,     ///< everything up to the last hop answers; the destination itself does not
    admin_prohibited,  ///< a filter answers here
    few_answers,       ///< some are missing here, but all `value` probes to the hops behind were answered
    silent_hop,        ///< it never answers, and hops behind it do: it passes packets on
};

/// `rate_limited`, `path_changed`, ...: for programs.
[[nodiscard]] std::string_view to_string(verdict_kind k) noexcept;

struct verdict {
    verdict_kind kind = verdict_kind::last_hop;
    std::uint8_t ttl = 0;
    ip_address address = {};
    std::int64_t value = 0;
    std::uint64_t answered = 0;  ///< of `asked`, where it is about how many
    std::uint64_t asked = 0;
    friend bool operator==(const verdict&, const verdict&) = default;
};

enum class trace_event_kind : std::uint8_t {
    probe,  ///< `result`
    hop,    ///< `hop`: every query of a hop is settled; ascending within a round, up to the destination
    round,  ///< a round is over
    paths,  ///< `paths`
    mtu,    ///< `mtu`: one step, in the order of finding
    done,   ///< the trace is over: exactly one, the last
};

struct hop_report {
    std::uint8_t ttl = 0;
    std::uint32_t round = 0;
    std::vector<probe_result> probes = {};  ///< ascending by query
};

/// How a trace ended.
enum class trace_end : std::uint8_t {
    reached,
    unreachable,  ///< an ICMP error ended the way
    silent,       ///< nobody answers any more
    failed,       ///< nothing could be sent: `error_number`
    cancelled,
    closed,  ///< the tracer was destroyed
};

/// A value type.
struct trace_event {
    trace_event_kind kind = trace_event_kind::probe;
    std::uint64_t id = 0;  ///< of the trace, the caller's
    time_point at{};       ///< when it was decided
    std::uint32_t round = 0;
    trace_end end = trace_end::silent;  ///< done
    int error_number = 0;
    probe_result result = {};
    hop_report hop = {};
    mtu_step mtu = {};
    std::shared_ptr<const path_graph> paths = {};
};

}  // namespace sonde::probe
