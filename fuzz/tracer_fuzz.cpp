// The whole tracer: hostile packets, error-queue entries, connection ends and stamps against traces in progress. The
// sums hold after every one, traces end once, and nothing is pending after `close`.
#include <algorithm>
#include <array>
#include <unordered_map>
#include <vector>

#include <sonde/probe/tracer.hpp>
#include <sonde/wire/checksum.hpp>
#include <sonde/wire/icmp.hpp>

#include "fuzz.hpp"

namespace {

using namespace std::chrono_literals;
using namespace sonde;
using fuzz::reader;
using fuzz::require;

constexpr std::uint16_t identifier = 0x0402;

ip_address host(std::uint8_t number) {
    if (number % 2 == 0) return ip_address::v4(0xc0000200U + number % 8U);
    std::array<std::byte, 16> octets{std::byte{0x20}, std::byte{0x01}};
    octets[15] = static_cast<std::byte>(number % 8);
    return ip_address::from_bytes(octets);
}

struct sent_probe {
    probe::probe_place where;
    std::uint32_t lane = 0;
    probe::lane_kind kind = probe::lane_kind::udp;
    ip_address to;
    std::uint16_t port = 0;
    std::vector<std::byte> bytes;
};

class session {
public:
    explicit session(reader& in) : in_(in), tracer_({.key = {1, 2}, .rate = 0, .in_flight = 256}) {}

    void step() {
        const std::uint8_t what = in_.byte();
        switch (what % 10) {
            case 0:
                start();
                break;
            case 1:
            case 2:
                answer(what);
                break;
            case 3:
                packet(in_.byte(), in_.some(in_.byte()));
                break;
            case 4:
                queue_entry(in_.byte() % 5U, in_.some(in_.byte()));
                break;
            case 5:
                tracer_.handle_transmit_timestamp(now_, {in_.byte(), in_.byte() % 3U}, now_ - 1ms * in_.byte() + 100ms);
                break;
            case 6:
                tracer_.handle_send_failure(now_, {in_.byte(), in_.byte() % 3U}, in_.byte());
                break;
            case 7:
                finish_or_cancel();
                break;
            case 8:
                connection();
                break;
            default:
                now_ += 1ms * in_.byte();
                tracer_.handle_timeout(now_);
                tracer_.handle_kernel_drops(now_, what / 100U);
        }
        send();
        collect();
    }

    void end() {
        tracer_.close(now_);
        collect();
        require(tracer_.accounting().pending == 0, "nothing is pending after close");
        require(tracer_.idle(), "idle after close");
        for (std::uint64_t id = 1; id <= asked_; ++id) require(ends_[id] == 1, "one end per trace");
    }

private:
    void start() {
        if (asked_ == 32) return;
        const std::uint8_t how = in_.byte();
        probe::trace_options options{.destination = host(in_.byte()),
                                     .goal = static_cast<probe::trace_goal>(how / 3 % 3),
                                     .method = static_cast<probe::trace_method>(how % 3),
                                     .first_hop = in_.byte(),
                                     .max_hops = in_.byte(),
                                     .queries = static_cast<std::uint8_t>(in_.byte() % 8),
                                     .retries = static_cast<std::uint8_t>(in_.byte() % 4),
                                     .rounds = how / 64U,
                                     .round_interval = 1ms * in_.byte(),
                                     .wait = 10ms * in_.byte(),
                                     .packet_size = in_.byte()};
        tracer_.start(now_, options, ++asked_);
    }

    void send() {
        for (;;) {
            if (const auto t = tracer_.poll_transmit(now_, buffer_)) {
                require(t->datagram.size() <= tracer_.largest_datagram(), "it fits");
                sent_.push_back(
                    {t->where, t->lane, t->kind, t->destination, t->port, {t->datagram.begin(), t->datagram.end()}});
                if (sent_.size() > 64) sent_.erase(sent_.begin());
            } else if (const auto wanted = tracer_.lane_wanted()) {
                if (wanted->kind == probe::lane_kind::tcp_raw && refuse_raw_) {
                    tracer_.refuse_lane(now_, *wanted, 1);
                } else {
                    tracer_.add_lane(*wanted, {.identifier = identifier, .computes_checksum = true});
                }
                refuse_raw_ = !refuse_raw_;
            } else {
                return;
            }
        }
    }

    // A probe that left comes back in an error or as an answer, with some bytes changed and cut.
    void answer(std::uint8_t how) {
        if (sent_.empty()) return;
        const sent_probe p = sent_[in_.byte() % sent_.size()];
        auto bytes = quoted(p);
        for (int i = how >> 6; i > 0 && !bytes.empty(); --i) {
            bytes[in_.byte() % bytes.size()] ^= static_cast<std::byte>(in_.byte());
        }
        if ((how & 0x10) != 0) bytes.resize(in_.byte() % (bytes.size() + 1));
        if ((how & 0x20) != 0) {
            const std::size_t skip = (p.to.is_v4() ? 20U : 40U) + (p.kind == probe::lane_kind::udp ? 8U : 0U);
            return queue_entry(p.lane, bytes_view{bytes}.subspan(std::min(skip, bytes.size())), p.to, p.port);
        }
        std::vector<std::byte> error(8);
        error[0] = std::byte{in_.byte()};
        error[1] = std::byte{in_.byte()};
        error[5] = std::byte{in_.byte()};
        error.insert(error.end(), bytes.begin(), bytes.end());
        const bytes_view extension = in_.some(in_.byte());
        error.insert(error.end(), extension.begin(), extension.end());
        packet(p.to.is_v4() ? 1 : 58, error);
    }

    static std::vector<std::byte> quoted(const sent_probe& p) {
        std::vector<std::byte> bytes(p.to.is_v4() ? 20 : 40);
        const bool v4 = p.to.is_v4();
        const auto protocol = static_cast<std::byte>(p.kind == probe::lane_kind::udp    ? 17
                                                     : p.kind == probe::lane_kind::icmp ? (v4 ? 1 : 58)
                                                                                        : 6);
        bytes[0] = std::byte(v4 ? 0x45 : 0x60);
        bytes[v4 ? 9 : 6] = protocol;
        std::ranges::copy(p.to.bytes(), bytes.end() - static_cast<std::ptrdiff_t>(p.to.bytes().size()));
        const auto size = static_cast<std::uint16_t>(p.bytes.size() + (p.kind == probe::lane_kind::udp ? 8 : 0));
        store_be(bytes_span{bytes}, v4 ? 2 : 4, static_cast<std::uint16_t>(size + (v4 ? 20 : 0)));
        if (p.kind == probe::lane_kind::udp) {
            std::vector<std::byte> header(8);
            store_be(bytes_span{header}, 0, identifier);
            store_be(bytes_span{header}, 2, p.port);
            store_be(bytes_span{header}, 4, size);
            bytes.insert(bytes.end(), header.begin(), header.end());
        }
        bytes.insert(bytes.end(), p.bytes.begin(), p.bytes.end());
        return bytes;
    }

    void packet(std::uint8_t protocol, bytes_view bytes) {
        const std::uint8_t flags = in_.byte();
        std::vector<std::byte> copy(bytes.begin(), bytes.end());
        if ((flags & 1) == 0 && protocol == 1 && copy.size() >= 4) {
            store_be<std::uint16_t>(copy, 2, 0);
            store_be(bytes_span{copy}, 2, wire::internet_checksum(copy));
        }
        probe::trace_packet_meta meta{.from = host(in_.byte()),
                                      .protocol = protocol,
                                      .hop_limit = in_.byte(),
                                      .received_at = {},
                                      .to = (flags & 2) != 0 ? host(in_.byte()) : ip_address{}};
        if ((flags & 4) != 0) meta.received_at = now_ - 1ms * in_.byte() + 100ms;
        tracer_.handle_packet(now_, flags, meta, copy);
    }

    void queue_entry(std::uint32_t lane, bytes_view bytes, const ip_address& to, std::uint16_t port) {
        const bytes_view extension = in_.some(in_.byte() % 64);
        tracer_.handle_queued_error(now_,
                                    {.lane = lane,
                                     .destination = to,
                                     .port = port,
                                     .offender = host(in_.byte()),
                                     .type = in_.byte(),
                                     .code = in_.byte(),
                                     .info = in_.byte(),
                                     .hop_limit = {},
                                     .received_at = {},
                                     .extension = extension},
                                    bytes);
    }
    void queue_entry(std::uint32_t lane, bytes_view bytes) { queue_entry(lane, bytes, host(in_.byte()), 33434); }

    void connection() {
        probe::connection_end end{.what = static_cast<probe::connection_end::how>(in_.byte() % 4)};
        end.error.type = in_.byte();
        end.error.code = in_.byte();
        end.error.offender = host(in_.byte());
        if (sent_.empty()) return;
        tracer_.handle_connection(now_, sent_[in_.byte() % sent_.size()].where, end);
    }

    void finish_or_cancel() {
        const std::uint8_t what = in_.byte();
        if (what % 2 == 0) {
            tracer_.finish_round(what / 2U);
        } else {
            (void)tracer_.cancel(now_, what / 2U);
        }
    }

    void collect() {
        while (const auto e = tracer_.poll_event()) {
            require(e->id >= 1 && e->id <= asked_, "of a trace");
            require(ends_[e->id] == 0, "nothing after the end");
            if (e->kind == probe::trace_event_kind::done) ++ends_[e->id];
            require(e->result.answer.rtt >= duration::zero(), "time does not run backwards");
        }
        require(tracer_.accounting().adds_up(), "everything adds up");
        (void)tracer_.next_deadline();
    }

    reader& in_;
    probe::tracer tracer_;
    time_point now_{1000s};
    std::vector<std::byte> buffer_ = std::vector<std::byte>(65535);
    std::vector<sent_probe> sent_;
    std::uint64_t asked_ = 0;
    bool refuse_raw_ = false;
    std::unordered_map<std::uint64_t, int> ends_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    reader in(sonde::fuzz::input(data, size));
    session s(in);
    for (int steps = 0; !in.empty() && steps < 512; ++steps) s.step();
    s.end();
    return 0;
}
