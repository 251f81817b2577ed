// What carries a tracer's probes: sockets, or a place in a simulated network.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include <sonde/async/wall_clock_bridge.hpp>
#include <sonde/base/error.hpp>
#include <sonde/probe/tracer.hpp>
#include <sonde/socket/datagram_socket.hpp>

namespace sonde {

/// How the probes of a trace leave.
enum class trace_mechanism : std::uint8_t {
    udp,            ///< a UDP socket; needs no privilege
    icmp_datagram,  ///< an ICMP datagram socket; needs `net.ipv4.ping_group_range`
    icmp_raw,       ///< needs CAP_NET_RAW
    tcp_raw,        ///< SYN segments made here; needs CAP_NET_RAW
    tcp_connect,    ///< connecting sockets; needs no privilege
};

/// `udp`, `icmp-datagram`, `icmp-raw`, `tcp-raw`, `tcp-connect`: for programs.
[[nodiscard]] constexpr std::string_view to_string(trace_mechanism m) noexcept {
    switch (m) {
        case trace_mechanism::udp:
            return "udp";
        case trace_mechanism::icmp_datagram:
            return "icmp-datagram";
        case trace_mechanism::icmp_raw:
            return "icmp-raw";
        case trace_mechanism::tcp_raw:
            return "tcp-raw";
        case trace_mechanism::tcp_connect:
            return "tcp-connect";
    }
    return "";
}

namespace async {

/// Something that hears. Used under the tracer's lock; what waits for something is called by the executor, without it.
class trace_source {
public:
    trace_source() = default;
    virtual ~trace_source() = default;
    trace_source(const trace_source&) = delete;
    trace_source& operator=(const trace_source&) = delete;

    /// Tells what came in, all of it or a bounded number of messages; the rest raises another wake-up.
    virtual void drain(const wall_clock_bridge& clock, socket::receive_batch& batch, probe::tracer& tracer) = 0;
    virtual void report_drops(time_point now, probe::tracer& tracer) = 0;
    /// Waits for something to read, once. `on_wake` gets a number for `woken`; what waits already goes on waiting.
    virtual void wait_readable(std::function<void(std::uint64_t)> on_wake) = 0;
    /// Whether that wait counts, and was not cancelled when its wake-up was on its way.
    [[nodiscard]] virtual bool woken(std::uint64_t wait) noexcept = 0;
    virtual void cancel_waits() = 0;
};

class trace_lane : public trace_source {
public:
    struct facts {
        probe::lane_wish wish = {};
        probe::lane_facts machine = {};
        trace_mechanism mechanism = trace_mechanism::udp;
        /// The send is measured by the machine's own reading of the clock: one probe is composed at a time.
        bool composes_singly = false;
    };

    trace_lane(std::uint32_t number, const facts& about) : number_(number), about_(about) {}

    [[nodiscard]] std::uint32_t number() const noexcept { return number_; }
    [[nodiscard]] const facts& about() const noexcept { return about_; }

    /// False: as many probes are under way as there may be; what would be sent waits.
    [[nodiscard]] virtual bool has_room() const noexcept { return true; }
    /// Puts a probe into the next `flush`. Its bytes stay valid until it has left `flush`.
    virtual void enqueue(const probe::probe_transmit& probe) = 0;
    /// Sends what is queued. False: the send buffer is full; call again when writable, or `give_up` after a while.
    [[nodiscard]] virtual bool flush(time_point now, probe::tracer& tracer) = 0;
    /// The buffer stays full: from now on, until a probe leaves, what finds it full is a local drop and nobody waits.
    virtual void give_up(time_point now, probe::tracer& tracer) = 0;
    virtual void wait_writable(std::function<void()> on_wake) = 0;

    /// When `handle_deadline` wants to be called though nothing came in; `time_point::max()` for never.
    [[nodiscard]] virtual time_point next_deadline() const noexcept { return time_point::max(); }
    virtual void handle_deadline(time_point /*now*/) {}

private:
    std::uint32_t number_;
    facts about_;
};

struct opened_trace_lane {
    std::unique_ptr<trace_lane> lane;
    /// What hears for it and for others; null when there is none, or it was handed out before.
    std::unique_ptr<trace_source> beside = {};
};

/// Opens the lane of that number for a wish. `strand` is where its waits are to be told.
using trace_lane_opener = std::function<result<opened_trace_lane>(const boost::asio::any_io_executor& strand,
                                                                  std::uint32_t number, const probe::lane_wish& wish)>;

}  // namespace async
}  // namespace sonde
