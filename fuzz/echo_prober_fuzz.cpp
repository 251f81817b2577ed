// The whole receiving machine: hostile datagrams, error-queue entries and timestamps between real pings. The sums hold
// after every one, and pings get one outcome each.
#include <algorithm>
#include <array>
#include <unordered_map>
#include <vector>

#include <sonde/probe/echo_prober.hpp>

#include "fuzz.hpp"

namespace {

using namespace std::chrono_literals;
using namespace sonde;
using fuzz::reader;
using fuzz::require;

constexpr std::uint16_t identifier = 0x0102;

ip_address host(std::uint8_t number) {
    if (number % 2 == 0) return ip_address::v4(0xc0000200U + number % 4U);
    std::array<std::byte, 16> octets{std::byte{0x20}, std::byte{0x01}};
    octets[15] = static_cast<std::byte>(number % 4);
    return ip_address::from_bytes(octets);
}

class session {
public:
    explicit session(reader& in) : in_(in), prober_({.key = {1, 2}, .in_flight = 64}) {}

    void step() {
        const std::uint8_t what = in_.byte();
        switch (what % 8) {
            case 0:
                ask();
                break;
            case 1:
                answer(what);
                break;
            case 2:
                datagram(in_.some(in_.byte()));
                break;
            case 3:
                error(in_.some(in_.byte()));
                break;
            case 4:
                prober_.handle_transmit_timestamp(now_, {in_.byte() % 3U, in_.byte()}, now_ - 1ms * in_.byte() + 100ms);
                break;
            case 5:
                prober_.handle_send_failure(now_, {in_.byte() % 3U, in_.byte()}, in_.byte());
                break;
            case 6:
                (void)prober_.cancel(now_, in_.byte(), probe::flight_ref{in_.byte() % 3U, in_.byte()});
                break;
            default:
                now_ += 1ms * in_.byte();
                prober_.handle_timeout(now_);
        }
        collect();
    }

    void finish() {
        prober_.close(now_);
        collect();
        require(prober_.accounting().pending == 0, "nothing is pending after close");
        require(prober_.idle(), "idle after close");
    }

private:
    void ask() {
        static constexpr std::array<std::uint16_t, 4> sizes{0, 8, 16, 56};
        prober_.ping(now_,
                     {.destination = host(in_.byte()),
                      .timeout = 1ms * in_.byte(),
                      .profile = {.payload_size = sizes[in_.byte() % 4], .linger = 1ms * (in_.byte() % 4)}},
                     ++asked_);
        for (;;) {
            if (const auto sent = prober_.poll_transmit(now_, buffer_)) {
                last_.assign(sent->datagram.begin(), sent->datagram.end());
                last_where_ = sent->where;
                last_to_ = sent->destination;
            } else if (const auto wanted = prober_.lane_wanted()) {
                prober_.add_lane(wanted->family, identifier, wire::checksum_fill::leave);
            } else {
                return;
            }
        }
    }

    // The latest request back, as a reply or in an error, with some bytes changed and cut.
    void answer(std::uint8_t how) {
        auto bytes = last_;
        if (bytes.empty()) return;
        if ((how & 0x08) == 0) bytes[0] = last_to_.is_v4() ? std::byte{0} : std::byte{129};
        for (int i = how >> 6; i > 0; --i) bytes[in_.byte() % bytes.size()] ^= static_cast<std::byte>(in_.byte());
        if ((how & 0x10) != 0) bytes.resize(in_.byte() % (bytes.size() + 1));
        (how & 0x08) == 0 ? datagram(bytes) : error(bytes);
    }

    void datagram(bytes_view bytes) {
        const std::uint8_t flags = in_.byte();
        probe::datagram_meta meta{
            .lane = (flags & 1) != 0 ? last_where_.lane : in_.byte() % 3U,
            .from = (flags & 2) != 0 ? last_to_ : host(in_.byte()),
            .received_at = {},
            .hop_limit = in_.byte(),
            .full_size = in_.byte(),
            .checksum = (flags & 4) != 0 ? wire::checksum_check::verify : wire::checksum_check::trust};
        if ((flags & 8) != 0) meta.received_at = now_ - 1ms * in_.byte() + 100ms;
        prober_.handle_datagram(now_, meta, bytes);
    }

    void error(bytes_view bytes) {
        const std::uint8_t flags = in_.byte();
        prober_.handle_error(now_,
                             {.lane = (flags & 1) != 0 ? last_where_.lane : in_.byte() % 3U,
                              .destination = (flags & 2) != 0 ? last_to_ : host(in_.byte()),
                              .offender = host(in_.byte()),
                              .type = in_.byte(),
                              .code = in_.byte(),
                              .info = in_.byte(),
                              .received_at = {}},
                             bytes);
    }

    void collect() {
        while (const auto e = prober_.poll_event()) {
            if (probe::is_outcome(e->kind)) require(++outcomes_[e->id] == 1, "one outcome per ping");
            require(e->rtt >= duration::zero(), "time does not run backwards");
        }
        require(prober_.accounting().adds_up(), "everything adds up");
        (void)prober_.next_deadline();
    }

    reader& in_;
    probe::echo_prober prober_;
    time_point now_{1000s};
    std::array<std::byte, 256> buffer_{};
    std::vector<std::byte> last_;
    probe::flight_ref last_where_;
    ip_address last_to_;
    std::uint64_t asked_ = 0;
    std::unordered_map<std::uint64_t, int> outcomes_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    reader in(sonde::fuzz::input(data, size));
    session s(in);
    for (int steps = 0; !in.empty() && steps < 4096; ++steps) s.step();
    s.finish();
    return 0;
}
