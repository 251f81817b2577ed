// Random networks: any family, method, length, loss, delay, silence, quotes of any length, forgeries, sends that fail,
// sockets that are refused, traces that are cancelled. After every step the sums hold; every trace ends once, in time,
// and no hop is told that did not answer.
#include <cerrno>
#include <cstdlib>
#include <iostream>
#include <map>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include <sonde/probe/tracer_rig_test.hpp>

namespace sonde::probe::testing {
namespace {

std::uint64_t base_seed() {
    const char* given = std::getenv("SONDE_SEED");
    return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
}

const ip_address forger = ip("198.51.100.66");

class random_internet {
public:
    explicit random_internet(std::uint64_t seed)
        : random_(seed),
          rig_([this](const sent_probe& p) { return react(p); }, {.key = {seed, ~seed},
                                                                  .rate = chance(0.5) ? 1000.0 : 0.0,
                                                                  .burst = 1 + draw(4),
                                                                  .in_flight = 1 + draw(600)}),
          loss_(chance(0.5) ? 0 : 0.3 * unit()),
          forgery_(chance(0.5) ? 0 : 0.3),
          jitter_(chance(0.3) ? 0 : 5) {
        rig_.whole_packets = chance(0.5);
        const bool refusals = chance(0.2);
        rig_.refuses = [this, refusals](const lane_wish&) {
            return refusals && chance(0.5) ? std::optional{EPERM} : std::nullopt;
        };
        const double fails = chance(0.2) ? 0.1 : 0;
        rig_.send_fails = [this, fails](const sent_probe&) {
            return chance(fails) ? std::optional{chance(0.5) ? ENOBUFS : EHOSTUNREACH} : std::nullopt;
        };
        short_quotes_ = chance(0.3);
    }

    void run() {
        const std::uint32_t count = 1 + draw(12);
        for (std::uint32_t id = 1; id <= count; ++id) {
            const trace_options options = anything();
            waits_[id] = options.wait;
            rig_.start(options, id);
            (void)rig_.run(1ms * draw(30));
            if (chance(0.1)) (void)rig_.machine.cancel(rig_.now, 1 + draw(count));
            if (chance(0.1)) rig_.machine.handle_kernel_drops(rig_.now, 1);
        }
        const time_point asked = rig_.now;
        ASSERT_TRUE(rig_.run()) << "something is left";
        // Two rounds of at most: 30 hops one at a time, each four times, a second each.
        ASSERT_LE(rig_.now - asked, 5min);
        ASSERT_EQ(rig_.counts().pending, 0U);
        ASSERT_EQ(rig_.counts().scheduled, rig_.counts().sent + rig_.counts().send_failed + rig_.counts().skipped);
        check(count);
    }

private:
    std::uint32_t draw(std::uint32_t below) { return static_cast<std::uint32_t>(random_() % below); }
    double unit() { return std::uniform_real_distribution<>(0, 1)(random_); }
    bool chance(double p) { return unit() < p; }

    trace_options anything() {
        const std::uint32_t number = draw(4);
        trace_options o{.destination = number < 2 ? ip_address::v4(0xcb007100U + number)
                                                  : ip(number == 2 ? "2001:db8:ffff::1" : "2001:db8:ffff::2"),
                        .method = static_cast<trace_method>(draw(3)),
                        .max_hops = static_cast<std::uint8_t>(5 + draw(30)),
                        .queries = static_cast<std::uint8_t>(1 + draw(4)),
                        .retries = static_cast<std::uint8_t>(draw(3)),
                        .rounds = 1 + draw(2),
                        .round_interval = 1ms * draw(2000),
                        .send_wait = chance(0.2) ? duration{3ms} : duration{},
                        .packet_size = static_cast<std::uint16_t>(chance(0.5) ? 0 : draw(300))};
        if (chance(0.2)) o.wait = 100ms;
        return o;
    }

    // What a hop is like depends on the destination and its place.
    std::uint32_t trait(const sent_probe& p, std::uint32_t ttl, std::uint32_t below) const {
        std::seed_seq seq{std::uint32_t{std::to_integer<std::uint32_t>(p.destination.bytes().back())}, ttl,
                          static_cast<std::uint32_t>(p.kind)};
        std::array<std::uint32_t, 1> out{};
        seq.generate(out.begin(), out.end());
        return out[0] % below;
    }

    std::vector<reaction> react(const sent_probe& p) {
        const auto length = static_cast<std::uint8_t>(1 + trait(p, 0, 25));
        const std::uint8_t ttl = std::min(p.ttl, length);
        std::vector<reaction> all;
        reaction r =
            ttl < length ? time_exceeded(p, chain::router(p.destination.family(), ttl), {}) : from_destination(p, {});
        r.after = 2ms * ttl + 1us * draw(1 + jitter_ * 1000);
        const std::uint32_t character = trait(p, ttl, 10);
        if (short_quotes_ && character < 5) r.quoted = character < 4 ? 8 : draw(40);
        if (character == 9 || chance(loss_)) return forged(p, std::move(all));
        if (character == 8 && ttl == length && chance(0.3))
            r = unreachable(p, chain::router(p.destination.family(), ttl), 5ms, 1);
        if (chance(0.05)) r.after += 1ms * draw(3000);
        if (chance(0.02)) r.damaged = true;
        all.push_back(r);
        if (chance(0.05)) all.push_back(r);
        if (chance(0.02)) all.front().extension.assign(draw(60), static_cast<std::byte>(draw(256)));
        return forged(p, std::move(all));
    }

    std::vector<reaction> forged(const sent_probe& p, std::vector<reaction> all) {
        // Entries of the error queue were checked by the kernel: only packets are forged.
        if (p.kind == lane_kind::tcp_connect || !rig_.whole_packets || !chance(forgery_)) return all;
        reaction f = unreachable(p, forger, 1ms, 1);
        f.quoted = chance(0.5) ? 8 : 1000;
        const std::size_t header = p.destination.is_v4() ? 20 : 40;
        // UDP's checksum is another probe's when changed a little: the port, then.
        const std::size_t tell = p.kind == lane_kind::udp ? 0 : p.kind == lane_kind::icmp ? 3 : 4;
        const bool cut = chance(0.2);
        const auto flip = static_cast<std::byte>(1 + draw(254));
        f.rewrite = [=](std::vector<std::byte>& packet) {
            if (cut) return packet.resize(header + 7);
            packet[header + tell] ^= flip;
            for (std::size_t i = header + 8; i < packet.size(); ++i) packet[i] ^= flip;
        };
        all.push_back(std::move(f));
        return all;
    }

    void check(std::uint32_t count) {
        std::map<std::uint64_t, int> done;
        std::set<std::tuple<std::uint64_t, std::uint32_t, int, int>> probes;
        for (const trace_event& e : rig_.events) {
            if (e.kind == trace_event_kind::done) ++done[e.id];
            if (e.kind != trace_event_kind::probe) continue;
            ASSERT_EQ(done.count(e.id), 0U) << "after the end";
            const auto key = std::tuple{e.id, e.result.round, int{e.result.ttl}, int{e.result.query}};
            ASSERT_TRUE(probes.insert(key).second) << "two outcomes";
            if (e.result.fate == probe_fate::timed_out) {
                ASSERT_LE(e.at, e.result.sent_at + waits_[e.id]) << "waited for too long";
            }
            if (e.result.fate != probe_fate::answered) continue;
            ASSERT_NE(e.result.answer.from, forger) << "a forged hop";
            ASSERT_GE(e.result.answer.rtt, duration::zero());
            ASSERT_LE(e.result.answer.rtt, 5s);
        }
        for (std::uint32_t id = 1; id <= count; ++id) ASSERT_EQ(done[id], 1) << id;
    }

    std::mt19937_64 random_;
    tracer_rig rig_;
    std::map<std::uint64_t, duration> waits_;
    double loss_;
    double forgery_;
    std::uint32_t jitter_;
    bool short_quotes_ = false;
};

TEST(tracer_property, everything_adds_up_and_ends_on_any_network) {
    const std::uint64_t base = base_seed();
    for (std::uint64_t seed = base; seed < base + 300; ++seed) {
        SCOPED_TRACE("SONDE_SEED=" + std::to_string(seed));
        random_internet(seed).run();
        if (HasFailure()) {
            FAIL() << "run again with SONDE_SEED=" << seed;
        }
    }
    RecordProperty("seed", std::to_string(base));
    std::cout << "seed " << base << '\n';
}

}  // namespace
}  // namespace sonde::probe::testing
