#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

#include <sonde/async/socket_lane.hpp>
#include <sonde/wire/icmp.hpp>
#include <sonde/wire/ipv4.hpp>

namespace sonde::async {

namespace {

constexpr int rounds = 16;

}  // namespace

result<std::unique_ptr<lane>> socket_lane::open(const boost::asio::any_io_executor& executor, std::uint32_t number,
                                                const probe::lane_request& request,
                                                const socket::icmp_socket_options& options) {
    socket::icmp_socket_options own = options;
    own.source = request.source;
    auto socket = socket::icmp_socket::open(request.family, own);
    if (!socket) return socket.error();
    return std::make_unique<socket_lane>(executor, std::move(*socket), number, request.source);
}

// The kernel computes the checksum everywhere but on a raw IPv4 socket.
socket_lane::socket_lane(const boost::asio::any_io_executor& executor, socket::icmp_socket socket, std::uint32_t number,
                         const ip_address& source)
    : lane(number, {.family = socket.family(),
                    .kind = socket.kind(),
                    .identifier = socket.identifier(),
                    .fill = socket.delivers_ip_header() ? wire::checksum_fill::compute : wire::checksum_fill::leave,
                    .only_source = socket.messages_carry_source() ? std::nullopt : std::optional(source)}),
      socket_(std::move(socket)),
      ready_(executor, socket_.fd()) {}

void socket_lane::enqueue(const probe::transmit& message) {
    const probe::echo_profile& look = *message.profile;
    out_.push_back({.datagram = message.datagram,
                    .destination = message.destination,
                    .source = look.source,
                    .interface = look.interface,
                    .mtu = look.mtu,
                    .hop_limit = look.hop_limit,
                    .traffic_class = look.traffic_class});
    out_sequences_.push_back(message.where.sequence);
}

bool socket_lane::flush(time_point now, probe::echo_prober& prober) {
    while (out_next_ < out_.size()) {
        const auto sent = socket_.send(std::span{out_}.subspan(out_next_));
        for (std::size_t i = 0; socket_.stamps_transmits() && i < sent.sent; ++i) {
            stamps_.add(static_cast<std::uint32_t>(sent.first_stamp + i), out_sequences_[out_next_ + i]);
        }
        out_next_ += sent.sent;
        if (sent.sent > 0) congested_ = false;
        if (sent.error_number == 0) continue;
        const bool full = sent.error_number == EAGAIN;
        if (full && !congested_) return false;
        prober.handle_send_failure(now, {number(), out_sequences_[out_next_]}, full ? ENOBUFS : sent.error_number);
        ++out_next_;
        if (!full) stamps_.clear();  // the socket counts anew
    }
    out_.clear();
    out_sequences_.clear();
    out_next_ = 0;
    return true;
}

void socket_lane::give_up(time_point now, probe::echo_prober& prober) {
    congested_ = true;
    (void)flush(now, prober);
}

void socket_lane::drain(const wall_clock_bridge& clock, socket::receive_batch& batch, probe::echo_prober& prober) {
    found_something_ = false;
    read_errors(clock, batch, prober);  // first, so that a reply finds its ping's transmit timestamp
    read_datagrams(clock, batch, prober);
    tell_errors(prober);  // last: a reply in the same wake-up wins, whatever a router, or somebody else, says
    if (!found_something_) socket_.take_error();
    ready_.found(found_something_);
}

void socket_lane::read_errors(const wall_clock_bridge& clock, socket::receive_batch& batch,
                              probe::echo_prober& prober) {
    for (int round = 0; round < rounds; ++round) {
        const std::size_t count = socket_.receive_errors(batch);
        const time_point now = std::chrono::steady_clock::now();
        for (std::size_t i = 0; i < count; ++i) {
            const socket::queued_error entry = socket_.error(batch, i);
            std::optional<time_point> at;
            if (entry.at) at = clock.to_monotonic(*entry.at);
            if (entry.from == socket::queued_error::origin::transmit_timestamp) {
                const std::uint16_t* sequence = stamps_.find(entry.stamp_id);
                if (at && sequence != nullptr) prober.handle_transmit_timestamp(now, {number(), *sequence}, *at);
            } else if (entry.from == socket::queued_error::origin::icmp) {
                const probe::error_meta meta{.lane = number(),
                                             .destination = entry.destination,
                                             .offender = entry.offender,
                                             .type = entry.type,
                                             .code = entry.code,
                                             .info = entry.info,
                                             .received_at = at};
                if (!wire::is_final_icmp_error(socket_.family(), entry.type)) {
                    prober.handle_error(now, meta, entry.quoted);  // advice ends no ping, and is worth telling
                    continue;
                }
                errors_.push_back({meta, quotes_.size(), entry.quoted.size()});
                quotes_.insert(quotes_.end(), entry.quoted.begin(), entry.quoted.end());
            }
        }
        found_something_ = found_something_ || count > 0;
        if (count < batch.capacity()) return;
    }
}

void socket_lane::tell_errors(probe::echo_prober& prober) {
    if (errors_.empty()) return;
    const time_point now = std::chrono::steady_clock::now();
    for (const read_error& e : errors_) {
        prober.handle_error(now, e.meta, bytes_view{quotes_}.subspan(e.quote_begin, e.quote_size));
    }
    errors_.clear();
    quotes_.clear();
}

void socket_lane::read_datagrams(const wall_clock_bridge& clock, socket::receive_batch& batch,
                                 probe::echo_prober& prober) {
    for (int round = 0; round < rounds; ++round) {
        const std::size_t count = socket_.receive(batch);
        const time_point now = std::chrono::steady_clock::now();
        for (std::size_t i = 0; i < count; ++i) {
            const socket::incoming in = socket_.datagram(batch, i);
            probe::datagram_meta meta{.lane = number(),
                                      .from = in.from,
                                      .received_at = {},
                                      .hop_limit = in.hop_limit,
                                      .full_size = in.full_size,
                                      .checksum = wire::checksum_check::trust};
            if (in.received_at) meta.received_at = clock.to_monotonic(*in.received_at);
            bytes_view message = in.bytes;
            if (socket_.delivers_ip_header()) {
                const auto ip = wire::ipv4_view::parse_lax(in.bytes);
                const std::size_t header = ip ? ip->header_size() : in.bytes.size();
                message = in.bytes.subspan(header);
                meta.full_size -= static_cast<std::uint32_t>(std::min<std::size_t>(header, meta.full_size));
                // The kernel has not looked at the ICMP checksum; a datagram that was cut cannot be verified.
                if (in.full_size == in.bytes.size()) meta.checksum = wire::checksum_check::verify;
            }
            prober.handle_datagram(now, meta, message);
        }
        found_something_ = found_something_ || count > 0;
        if (count < batch.capacity()) return;
    }
}

void socket_lane::report_drops(time_point now, probe::echo_prober& prober) {
    const std::uint32_t total = socket_.dropped();
    prober.handle_kernel_drops(now, total - drops_seen_);
    drops_seen_ = total;
}

void socket_lane::wait_readable(std::function<void(std::uint64_t)> on_wake) {
    ready_.wait_readable(std::move(on_wake));
}

void socket_lane::wait_writable(std::function<void()> on_wake) {
    ready_.wait_writable(std::move(on_wake));
}

}  // namespace sonde::async
