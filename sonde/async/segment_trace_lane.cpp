#include <array>
#include <cerrno>
#include <chrono>
#include <span>
#include <utility>

#include <sonde/async/segment_trace_lane.hpp>
#include <sonde/socket/route.hpp>
#include <sonde/wire/ipv4.hpp>
#include <sonde/wire/protocol.hpp>
#include <sonde/wire/pseudo_header.hpp>
#include <sonde/wire/tcp.hpp>

namespace sonde::async {

namespace {

constexpr std::size_t checksum_at = 16;
constexpr int most_segments = 1024;

int code_of(const failure& why) {
    return why.code.value() != 0 ? why.code.value() : EIO;
}

}  // namespace

segment_trace_lane::segment_trace_lane(const boost::asio::any_io_executor& executor, std::uint32_t number,
                                       const facts& about, socket::segment_socket socket)
    : trace_lane(number, about), socket_(std::move(socket)), ready_(executor, socket_.raw().fd()) {}

void segment_trace_lane::enqueue(const probe::probe_transmit& probe) {
    out_.push_back(probe);
}

int segment_trace_lane::send(const probe::probe_transmit& probe) {
    // The checksum covers the source address, so it is settled here and not by the kernel when the segment leaves.
    const auto source = socket::local_address_for(probe.destination, probe.interface, probe.source);
    if (!source) return code_of(source.error());
    segment_.assign(probe.datagram.begin(), probe.datagram.end());
    if (segment_.size() < wire::tcp_header_size) return EINVAL;
    const wire::pseudo_header addresses{.source = *source, .destination = probe.destination};
    store_be<std::uint16_t>(segment_, checksum_at, 0);
    store_be<std::uint16_t>(segment_, checksum_at,
                            wire::internet_checksum(segment_, addresses.sum(segment_.size(), wire::ip_protocol::tcp)));
    const std::array<bytes_view, 1> pieces{segment_};
    const auto sent = socket_.raw().send(pieces, probe.destination,
                                         {.hop_limit = probe.hop_limit,
                                          .traffic_class = probe.traffic_class,
                                          .source = *source,
                                          .dont_fragment = probe.dont_fragment});
    return sent ? 0 : code_of(sent.error());
}

bool segment_trace_lane::flush(time_point now, probe::tracer& tracer) {
    for (; out_next_ < out_.size(); ++out_next_) {
        int why = send(out_[out_next_]);
        // An error about an earlier segment fails the next send, whatever its destination.
        if (why != 0 && why != EAGAIN && socket_.raw().take_error() != 0) why = send(out_[out_next_]);
        if (why == 0) {
            congested_ = false;
            continue;
        }
        const bool full = why == EAGAIN;
        if (full && !congested_) return false;
        tracer.handle_send_failure(now, out_[out_next_].where, full ? ENOBUFS : why);
    }
    out_.clear();
    out_next_ = 0;
    return true;
}

void segment_trace_lane::give_up(time_point now, probe::tracer& tracer) {
    congested_ = true;
    (void)flush(now, tracer);
}

void segment_trace_lane::drain(const wall_clock_bridge& clock, socket::receive_batch& /*batch*/,
                               probe::tracer& tracer) {
    std::array<std::byte, 512> buffer{};
    int count = 0;
    for (; count < most_segments; ++count) {
        const auto in = socket_.raw().receive(buffer);
        if (!in) break;
        bytes_view segment = in->bytes;
        probe::trace_packet_meta meta{
            .from = in->from, .protocol = wire::ip_protocol::tcp, .hop_limit = in->hop_limit, .received_at = {}};
        if (in->at) meta.received_at = clock.to_monotonic(*in->at);
        if (socket_.raw().delivers_ip_header()) {
            const auto ip = wire::ipv4_view::parse_lax(in->bytes);
            segment = in->bytes.subspan(ip ? ip->header_size() : in->bytes.size());
        }
        tracer.handle_packet(std::chrono::steady_clock::now(), number(), meta, segment);
    }
    if (count == 0) socket_.raw().take_error();
    ready_.found(count > 0);
}

void segment_trace_lane::report_drops(time_point now, probe::tracer& tracer) {
    const std::uint32_t total = socket_.raw().dropped();
    tracer.handle_kernel_drops(now, total - drops_seen_);
    drops_seen_ = total;
}

void segment_trace_lane::wait_readable(std::function<void(std::uint64_t)> on_wake) {
    ready_.wait_readable(std::move(on_wake));
}

}  // namespace sonde::async
