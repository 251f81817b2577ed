#include <cerrno>
#include <chrono>
#include <span>
#include <utility>

#include <sonde/async/datagram_trace_lane.hpp>
#include <sonde/wire/ipv4.hpp>
#include <sonde/wire/protocol.hpp>
#include <sonde/wire/udp.hpp>

namespace sonde::async {

namespace {

constexpr int rounds = 16;

std::size_t ip_header_size(family f) {
    return f == family::v4 ? 20 : 40;
}

}  // namespace

datagram_trace_lane::datagram_trace_lane(const boost::asio::any_io_executor& executor, std::uint32_t number,
                                         const facts& about, socket::datagram_socket socket, bool delivers_ip_header)
    : trace_lane(number, about),
      socket_(std::move(socket)),
      delivers_ip_header_(delivers_ip_header),
      ready_(executor, socket_.fd()) {}

void datagram_trace_lane::enqueue(const probe::probe_transmit& probe) {
    out_.push_back({.datagram = probe.datagram,
                    .destination = probe.destination,
                    .port = is_udp() ? probe.port : std::uint16_t{0},
                    .source = probe.source,
                    .interface = probe.interface,
                    // What is known of the path's MTU must not keep a probe from finding it out.
                    .mtu = probe.dont_fragment ? path_mtu::probe : path_mtu::dont,
                    .hop_limit = probe.hop_limit,
                    .traffic_class = probe.traffic_class});
    out_places_.push_back(probe.where);
}

bool datagram_trace_lane::flush(time_point now, probe::tracer& tracer) {
    while (out_next_ < out_.size()) {
        const auto sent = socket_.send(std::span{out_}.subspan(out_next_));
        for (std::size_t i = 0; socket_.stamps_transmits() && i < sent.sent; ++i) {
            stamps_.add(static_cast<std::uint32_t>(sent.first_stamp + i), out_places_[out_next_ + i]);
        }
        out_next_ += sent.sent;
        if (sent.sent > 0) congested_ = false;
        if (sent.error_number == 0) continue;
        const bool full = sent.error_number == EAGAIN;
        if (full && !congested_) return false;
        tracer.handle_send_failure(now, out_places_[out_next_], full ? ENOBUFS : sent.error_number);
        ++out_next_;
        if (!full) stamps_.clear();  // the socket counts anew
    }
    out_.clear();
    out_places_.clear();
    out_next_ = 0;
    return true;
}

void datagram_trace_lane::give_up(time_point now, probe::tracer& tracer) {
    congested_ = true;
    (void)flush(now, tracer);
}

void datagram_trace_lane::drain(const wall_clock_bridge& clock, socket::receive_batch& batch, probe::tracer& tracer) {
    // Stamps come before what they are needed for.
    const bool errors = read_errors(clock, batch, tracer);
    const bool datagrams = read_datagrams(clock, batch, tracer);
    if (!errors && !datagrams) socket_.take_error();
    ready_.found(errors || datagrams);
}

bool datagram_trace_lane::read_errors(const wall_clock_bridge& clock, socket::receive_batch& batch,
                                      probe::tracer& tracer) {
    bool found = false;
    for (int round = 0; round < rounds; ++round) {
        const std::size_t count = socket_.receive_errors(batch);
        found = found || count > 0;
        for (std::size_t i = 0; i < count; ++i) read_error(clock, socket_.error(batch, i), tracer);
        if (count < batch.capacity()) break;
    }
    return found;
}

void datagram_trace_lane::read_error(const wall_clock_bridge& clock, const socket::queued_error& entry,
                                     probe::tracer& tracer) {
    const time_point now = std::chrono::steady_clock::now();
    if (entry.from == socket::queued_error::origin::transmit_timestamp) {
        const probe::probe_place* place = stamps_.find(entry.stamp_id);
        if (place != nullptr && entry.at) tracer.handle_transmit_timestamp(now, *place, clock.to_monotonic(*entry.at));
    } else if (entry.from == socket::queued_error::origin::icmp && !about().machine.hears_packets) {
        const family f = socket_.family();
        const std::size_t headers = ip_header_size(f) + (is_udp() ? wire::udp_header_size : 0);
        const auto error = read_queued_trace_error(entry, number(), f, headers, clock);
        tracer.handle_queued_error(now, error.meta, error.quoted);
    }
}

bool datagram_trace_lane::read_datagrams(const wall_clock_bridge& clock, socket::receive_batch& batch,
                                         probe::tracer& tracer) {
    bool found = false;
    for (int round = 0; round < rounds; ++round) {
        const std::size_t count = socket_.receive(batch);
        found = found || count > 0;
        for (std::size_t i = 0; i < count; ++i) tell(clock, socket_.datagram(batch, i), tracer);
        if (count < batch.capacity()) break;
    }
    return found;
}

void datagram_trace_lane::tell(const wall_clock_bridge& clock, const socket::incoming& in, probe::tracer& tracer) {
    probe::trace_packet_meta meta{.from = in.from, .protocol = 0, .hop_limit = in.hop_limit, .received_at = {}};
    if (in.received_at) meta.received_at = clock.to_monotonic(*in.received_at);
    bytes_view payload = in.bytes;
    if (is_udp()) {
        meta.protocol = wire::ip_protocol::udp;
        datagram_.resize(wire::udp_header_size + in.bytes.size());
        const wire::udp_message message{
            .source_port = in.port, .destination_port = about().machine.identifier, .payload = in.bytes};
        message.emit(datagram_, wire::checksum_fill::leave);
        payload = datagram_;
    } else {
        meta.protocol = socket_.family() == family::v4 ? wire::ip_protocol::icmp : wire::ip_protocol::icmpv6;
        if (delivers_ip_header_) {
            const auto ip = wire::ipv4_view::parse_lax(in.bytes);
            payload = in.bytes.subspan(ip ? ip->header_size() : in.bytes.size());
        }
    }
    tracer.handle_packet(std::chrono::steady_clock::now(), number(), meta, payload);
}

void datagram_trace_lane::report_drops(time_point now, probe::tracer& tracer) {
    const std::uint32_t total = socket_.dropped();
    tracer.handle_kernel_drops(now, total - drops_seen_);
    drops_seen_ = total;
}

void datagram_trace_lane::wait_readable(std::function<void(std::uint64_t)> on_wake) {
    ready_.wait_readable(std::move(on_wake));
}

}  // namespace sonde::async
