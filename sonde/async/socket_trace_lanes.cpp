#include <array>
#include <memory>
#include <optional>
#include <utility>

#include <sonde/async/connecting_trace_lane.hpp>
#include <sonde/async/datagram_trace_lane.hpp>
#include <sonde/async/icmp_listener.hpp>
#include <sonde/async/segment_trace_lane.hpp>
#include <sonde/async/socket_trace_lanes.hpp>
#include <sonde/socket/icmp_socket.hpp>
#include <sonde/socket/segment_socket.hpp>
#include <sonde/socket/udp_socket.hpp>

namespace sonde::async {

namespace {

using executor_type = boost::asio::any_io_executor;

class socket_opener {
public:
    explicit socket_opener(std::size_t connections) : connections_(connections) {}

    result<opened_trace_lane> open(const executor_type& strand, std::uint32_t number, const probe::lane_wish& wish) {
        auto& listening = listening_[wish.family == family::v4 ? 0 : 1];
        std::optional<socket::raw_socket> listener;
        if (!listening) {
            if (auto raw = icmp_listener::open(wish.family)) listener.emplace(*std::move(raw));
        }
        trace_lane::facts about{.wish = wish, .machine = {.hears_packets = listening || listener}};
        auto lane = open_lane(strand, number, about);
        if (!lane) return lane.error();
        opened_trace_lane opened{.lane = *std::move(lane)};
        if (listener) {
            opened.beside = std::make_unique<icmp_listener>(strand, number, *std::move(listener));
            listening = true;
        }
        return opened;
    }

private:
    using opened_lane = result<std::unique_ptr<trace_lane>>;

    opened_lane open_lane(const executor_type& strand, std::uint32_t number, trace_lane::facts& about) const {
        switch (about.wish.kind) {
            case probe::lane_kind::udp:
                return open_udp(strand, number, about);
            case probe::lane_kind::icmp:
                return open_icmp(strand, number, about);
            case probe::lane_kind::tcp_raw:
                return open_segments(strand, number, about);
            case probe::lane_kind::tcp_connect:
                break;
        }
        about.mechanism = trace_mechanism::tcp_connect;
        about.machine.hears_packets = false;  // each has its own port, and its own queue
        about.composes_singly = true;
        return std::make_unique<connecting_trace_lane>(strand, number, about, connections_);
    }

    static opened_lane open_udp(const executor_type& strand, std::uint32_t number, trace_lane::facts& about) {
        auto socket = socket::udp_socket::open(about.wish.family, {.source = about.wish.source});
        if (!socket) return socket.error();
        about.mechanism = trace_mechanism::udp;
        about.machine.identifier = socket->port();
        return std::make_unique<datagram_trace_lane>(strand, number, about, *std::move(socket), false);
    }

    static opened_lane open_icmp(const executor_type& strand, std::uint32_t number, trace_lane::facts& about) {
        auto socket = socket::icmp_socket::open(about.wish.family, {.mark = {}, .source = about.wish.source});
        if (!socket) return socket.error();
        const bool raw = socket->kind() == socket::icmp_socket_kind::raw;
        const bool header = socket->delivers_ip_header();
        about.mechanism = raw ? trace_mechanism::icmp_raw : trace_mechanism::icmp_datagram;
        about.machine.identifier = socket->identifier();
        about.machine.computes_checksum = header;  // the kernel does everywhere else
        return std::make_unique<datagram_trace_lane>(strand, number, about, *std::move(socket), header);
    }

    static opened_lane open_segments(const executor_type& strand, std::uint32_t number, trace_lane::facts& about) {
        auto socket = socket::segment_socket::open(
            {.family = about.wish.family, .source = about.wish.source, .interface = about.wish.interface});
        if (!socket) return socket.error();
        about.mechanism = trace_mechanism::tcp_raw;
        about.machine.identifier = socket->port();
        about.composes_singly = true;
        return std::make_unique<segment_trace_lane>(strand, number, about, *std::move(socket));
    }

    std::size_t connections_;
    std::array<bool, 2> listening_{};  // a listener of the family was handed out
};

}  // namespace

trace_lane_opener socket_trace_lanes(const tracer_options& options) {
    return [opener = std::make_shared<socket_opener>(options.connections)](
               const executor_type& strand, std::uint32_t number, const probe::lane_wish& wish) {
        return opener->open(strand, number, wish);
    };
}

}  // namespace sonde::async
