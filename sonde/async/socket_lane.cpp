#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

#include <sonde/async/lane.hpp>
#include <sonde/wire/icmp.hpp>
#include <sonde/wire/ipv4.hpp>

namespace sonde::async {

namespace {

using namespace std::chrono_literals;

constexpr int rounds = 16;
constexpr unsigned tolerated_empty_wakes = 8;
constexpr std::uint32_t no_stamp = 0xffffffff;

}  // namespace

lane::lane(const boost::asio::any_io_executor& executor, socket::icmp_socket socket, std::uint32_t number)
    : socket_(std::move(socket)),
      number_(number),
      readiness_(executor, socket_.fd()),
      backoff_(executor),
      stamp_ids_(stamp_ring, no_stamp),
      stamp_sequences_(stamp_ring) {}

// The descriptor belongs to the socket.
lane::~lane() {
    readiness_.release();
}

void lane::enqueue(const probe::transmit& message) {
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

bool lane::flush(time_point now, probe::echo_prober& prober) {
    while (out_next_ < out_.size()) {
        const auto sent = socket_.send(std::span{out_}.subspan(out_next_));
        for (std::size_t i = 0; socket_.stamps_transmits() && i < sent.sent; ++i) {
            const auto id = static_cast<std::uint32_t>(sent.first_stamp + i);
            stamp_ids_[id % stamp_ring] = id;
            stamp_sequences_[id % stamp_ring] = out_sequences_[out_next_ + i];
        }
        out_next_ += sent.sent;
        if (sent.sent > 0) congested_ = false;
        if (sent.error_number == 0) continue;
        const bool full = sent.error_number == EAGAIN;
        if (full && !congested_) return false;
        prober.handle_send_failure(now, {number_, out_sequences_[out_next_]}, full ? ENOBUFS : sent.error_number);
        ++out_next_;
        if (!full) std::ranges::fill(stamp_ids_, no_stamp);  // the socket counts anew
    }
    out_.clear();
    out_sequences_.clear();
    out_next_ = 0;
    return true;
}

void lane::give_up(time_point now, probe::echo_prober& prober) {
    congested_ = true;
    (void)flush(now, prober);
}

void lane::drain(const wall_clock_bridge& clock, socket::receive_batch& batch, probe::echo_prober& prober) {
    found_something_ = false;
    read_errors(clock, batch, prober);  // first, so that a reply finds its ping's transmit timestamp
    read_datagrams(clock, batch, prober);
    tell_errors(prober);  // last: a reply in the same wake-up wins, whatever a router, or somebody else, says
    if (!found_something_) socket_.take_error();
    empty_wakes_ = found_something_ ? 0 : empty_wakes_ + 1;
}

void lane::read_errors(const wall_clock_bridge& clock, socket::receive_batch& batch, probe::echo_prober& prober) {
    for (int round = 0; round < rounds; ++round) {
        const std::size_t count = socket_.receive_errors(batch);
        const time_point now = std::chrono::steady_clock::now();
        for (std::size_t i = 0; i < count; ++i) {
            const socket::queued_error entry = socket_.error(batch, i);
            std::optional<time_point> at;
            if (entry.at) at = clock.to_monotonic(*entry.at);
            if (entry.from == socket::queued_error::origin::transmit_timestamp) {
                const std::size_t place = entry.stamp_id % stamp_ring;
                if (at && stamp_ids_[place] == entry.stamp_id && entry.stamp_id != no_stamp) {
                    prober.handle_transmit_timestamp(now, {number_, stamp_sequences_[place]}, *at);
                }
            } else if (entry.from == socket::queued_error::origin::icmp) {
                const probe::error_meta meta{.lane = number_,
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

void lane::tell_errors(probe::echo_prober& prober) {
    if (errors_.empty()) return;
    const time_point now = std::chrono::steady_clock::now();
    for (const read_error& e : errors_) {
        prober.handle_error(now, e.meta, bytes_view{quotes_}.subspan(e.quote_begin, e.quote_size));
    }
    errors_.clear();
    quotes_.clear();
}

void lane::read_datagrams(const wall_clock_bridge& clock, socket::receive_batch& batch, probe::echo_prober& prober) {
    for (int round = 0; round < rounds; ++round) {
        const std::size_t count = socket_.receive(batch);
        const time_point now = std::chrono::steady_clock::now();
        for (std::size_t i = 0; i < count; ++i) {
            const socket::incoming in = socket_.datagram(batch, i);
            probe::datagram_meta meta{.lane = number_,
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

void lane::report_drops(time_point now, probe::echo_prober& prober) {
    const std::uint32_t total = socket_.dropped();
    prober.handle_kernel_drops(now, total - drops_seen_);
    drops_seen_ = total;
}

void lane::wait_readable(std::function<void(std::uint64_t)> on_wake) {
    if (waiting_) return;
    waiting_ = true;
    const auto woken = [on_wake = std::move(on_wake), wait = ++wait_](const boost::system::error_code& error) {
        if (error != boost::asio::error::operation_aborted) on_wake(wait);
    };
    if (empty_wakes_ <= tolerated_empty_wakes) {
        readiness_.async_wait(boost::asio::posix::stream_descriptor::wait_read, woken);
        return;
    }
    // The socket says that there is something, and there is nothing: look again later, by the clock.
    backoff_.expires_after(std::min<duration>(1ms * (1U << std::min(empty_wakes_ - tolerated_empty_wakes, 7U)), 100ms));
    backoff_.async_wait(woken);
}

bool lane::woken(std::uint64_t wait) noexcept {
    if (wait != wait_ || !waiting_) return false;
    waiting_ = false;
    return true;
}

void lane::wait_writable(std::function<void()> on_wake) {
    readiness_.async_wait(boost::asio::posix::stream_descriptor::wait_write,
                          [on_wake = std::move(on_wake)](const boost::system::error_code& error) {
                              if (error != boost::asio::error::operation_aborted) on_wake();
                          });
}

void lane::cancel_waits() {
    waiting_ = false;
    boost::system::error_code ignored;
    readiness_.cancel(ignored);
    backoff_.cancel();
}

}  // namespace sonde::async
