#include <array>
#include <chrono>
#include <utility>

#include <sonde/async/icmp_listener.hpp>
#include <sonde/wire/ipv4.hpp>
#include <sonde/wire/protocol.hpp>

namespace sonde::async {

namespace {

constexpr std::array<std::uint8_t, 3> errors_v4{3, 11, 12};
constexpr std::array<std::uint8_t, 4> errors_v6{1, 2, 3, 4};
constexpr std::size_t largest_error = 2048;
constexpr int most_messages = 1024;

}  // namespace

result<socket::raw_socket> icmp_listener::open(family f) {
    const bool v4 = f == family::v4;
    auto raw = socket::raw_socket::open(
        {.family = f, .protocol = v4 ? wire::ip_protocol::icmp : wire::ip_protocol::icmpv6, .receive_buffer = 1 << 20});
    if (!raw) return raw;
    const auto accepted = v4 ? raw->accept_types(errors_v4) : raw->accept_types(errors_v6);
    if (!accepted) return accepted.error();
    return raw;
}

icmp_listener::icmp_listener(const boost::asio::any_io_executor& executor, std::uint32_t lane,
                             socket::raw_socket socket)
    : socket_(std::move(socket)), ready_(executor, socket_.fd()), lane_(lane), buffer_(largest_error) {}

void icmp_listener::drain(const wall_clock_bridge& clock, socket::receive_batch& /*batch*/, probe::tracer& tracer) {
    int count = 0;
    for (; count < most_messages; ++count) {
        const auto in = socket_.receive(buffer_);
        if (!in) break;
        tell(clock, *in, tracer);
    }
    if (count == 0) socket_.take_error();
    ready_.found(count > 0);
}

void icmp_listener::tell(const wall_clock_bridge& clock, const socket::raw_socket::received& in,
                         probe::tracer& tracer) {
    probe::trace_packet_meta meta{
        .from = in.from, .protocol = wire::ip_protocol::icmpv6, .hop_limit = in.hop_limit, .received_at = {}};
    if (in.at) meta.received_at = clock.to_monotonic(*in.at);
    if (in.destination) meta.to = *in.destination;
    bytes_view message = in.bytes;
    if (socket_.delivers_ip_header()) {
        meta.protocol = wire::ip_protocol::icmp;
        const auto ip = wire::ipv4_view::parse_lax(in.bytes);
        if (ip) meta.to = ip->destination();
        message = in.bytes.subspan(ip ? ip->header_size() : in.bytes.size());
    }
    tracer.handle_packet(std::chrono::steady_clock::now(), lane_, meta, message);
}

void icmp_listener::report_drops(time_point now, probe::tracer& tracer) {
    const std::uint32_t total = socket_.dropped();
    tracer.handle_kernel_drops(now, total - drops_seen_);
    drops_seen_ = total;
}

void icmp_listener::wait_readable(std::function<void(std::uint64_t)> on_wake) {
    ready_.wait_readable(std::move(on_wake));
}

}  // namespace sonde::async
