// Quotes of every kind: short, translated, forged, with extensions; answers that come late, twice or damaged.
#include <array>
#include <cerrno>
#include <set>

#include <gtest/gtest.h>

#include <sonde/probe/tracer_rig_test.hpp>

namespace sonde::probe::testing {
namespace {

const ip_address target = ip("203.0.113.80");
const ip_address target6 = ip("2001:db8:ffff::80");

trace_options udp_to(const ip_address& destination) {
    return {.destination = destination, .method = trace_method::udp};
}

TEST(tracer_receive, eight_quoted_bytes_are_enough_where_the_header_is_seen) {
    for (const trace_method method : {trace_method::udp, trace_method::icmp, trace_method::tcp}) {
        for (const ip_address& to : {target, target6}) {
            tracer_rig rig(chain{.length = 8, .quoted = 8});
            rig.start({.destination = to, .method = method});
            ASSERT_TRUE(rig.run());
            ASSERT_EQ(rig.hops().size(), 8U);
            for (const hop_report& h : rig.hops()) {
                for (const probe_result& p : h.probes) {
                    EXPECT_EQ(p.fate, probe_fate::answered);
                    EXPECT_FALSE(p.answer.inferred);
                    EXPECT_FALSE(p.answer.nat);
                }
            }
            EXPECT_EQ(rig.counts().cancelled + rig.counts().pending + 24, rig.counts().sent);
        }
    }
}

TEST(tracer_receive, where_the_queue_hides_all_hops_are_asked_one_at_a_time) {
    tracer_rig rig(chain{.length = 12, .step = 2ms, .silent = {5}, .quoted = 8});
    rig.whole_packets = false;
    rig.start(udp_to(target));
    ASSERT_TRUE(rig.run());
    ASSERT_EQ(rig.hops().size(), 12U);
    EXPECT_EQ(rig.done()->end, trace_end::reached);
    for (const hop_report& h : rig.hops()) {
        if (h.ttl == 5) continue;
        ASSERT_EQ(h.probes.size(), 3U) << int{h.ttl};
        for (const probe_result& p : h.probes) {
            EXPECT_EQ(p.fate, probe_fate::answered);
            EXPECT_TRUE(p.answer.inferred);
            EXPECT_EQ(p.answer.rtt, h.ttl * 2ms);
            EXPECT_EQ(p.answer.from, h.ttl == 12 ? target : chain::router(family::v4, h.ttl));
        }
    }
    EXPECT_LE(rig.now - time_point{1000s}, 2s);
    // One flow, one destination: what came before it was clear is a handful.
    EXPECT_LE(rig.counts().sent, 30U + 36U + 4U);
}

TEST(tracer_receive, hops_that_quote_little_among_others_are_told) {
    tracer_rig rig([](const sent_probe& p) {
        auto all = chain{.length = 10, .step = 2ms}(p);
        if (p.ttl == 3 || p.ttl == 7) all.front().quoted = 8;
        return all;
    });
    rig.whole_packets = false;
    rig.start(udp_to(target6));
    ASSERT_TRUE(rig.run());
    ASSERT_EQ(rig.hops().size(), 10U);
    for (const hop_report& h : rig.hops()) {
        for (const probe_result& p : h.probes) {
            ASSERT_EQ(p.fate, probe_fate::answered) << int{h.ttl};
            EXPECT_EQ(p.answer.from, h.ttl == 10 ? target6 : chain::router(family::v6, h.ttl));
        }
    }
    EXPECT_LE(rig.now - time_point{1000s}, 2s);
}

TEST(tracer_receive, short_quotes_and_a_silent_target_end_in_time) {
    tracer_rig rig(chain{.length = 12, .step = 2ms, .target_silent = true, .quoted = 8});
    rig.whole_packets = false;
    rig.start(udp_to(target));
    ASSERT_TRUE(rig.run());
    EXPECT_LE(rig.now - time_point{1000s}, 6s);
    for (std::size_t i = 0; i < 11; ++i) {
        EXPECT_EQ(rig.hops()[i].probes.front().answer.from, chain::router(family::v4, static_cast<unsigned>(i + 1)));
    }
}

TEST(tracer_receive, two_traces_of_one_target_do_not_mix_short_quotes) {
    tracer_rig rig(chain{.length = 6, .step = 2ms, .quoted = 8});
    rig.whole_packets = false;
    rig.start(udp_to(target), 1);
    rig.start(udp_to(target), 2);
    ASSERT_TRUE(rig.run());
    for (const std::uint64_t id : {1U, 2U}) {
        ASSERT_EQ(rig.hops(id).size(), 6U);
        for (const hop_report& h : rig.hops(id)) {
            for (const probe_result& p : h.probes) {
                ASSERT_EQ(p.fate, probe_fate::answered);
                EXPECT_EQ(p.answer.from, h.ttl == 6 ? target : chain::router(family::v4, h.ttl));
            }
        }
    }
}

TEST(tracer_receive, one_flow_has_one_port_and_every_probe_its_checksum) {
    tracer_rig rig(chain{.length = 9});
    rig.start(udp_to(target));
    ASSERT_TRUE(rig.run());
    std::set<std::uint16_t> checksums;
    for (const sent_probe& p : rig.sent) {
        EXPECT_EQ(p.port, 33434);
        const auto packet = tracer_rig::packet_of(p, 1);
        EXPECT_EQ(packet.size(), 60U);
        checksums.insert(load_be<std::uint16_t>(packet, 26));
    }
    EXPECT_EQ(checksums.size(), rig.sent.size());
}

TEST(tracer_receive, icmp_probes_of_a_flow_have_one_checksum) {
    for (const ip_address& to : {target, target6}) {
        tracer_rig rig(chain{.length = 9});
        rig.start({.destination = to, .method = trace_method::icmp, .packet_size = 93});
        ASSERT_TRUE(rig.run());
        std::set<std::uint16_t> checksums;
        for (const sent_probe& p : rig.sent) {
            const auto packet = tracer_rig::packet_of(p, 1);
            EXPECT_EQ(packet.size(), 93U);
            checksums.insert(load_be<std::uint16_t>(packet, to.is_v4() ? 22 : 42));
        }
        EXPECT_EQ(checksums.size(), 1U);
    }
}

TEST(tracer_receive, translation_is_noticed) {
    using rewriting = std::function<void(std::vector<std::byte>&)>;
    const auto nat_of = [](trace_method method, std::size_t quoted, const rewriting& rewrite) {
        tracer_rig rig([&](const sent_probe& p) {
            auto all = chain{.length = 6}(p);
            all.front().quoted = quoted;
            if (p.ttl >= 4) all.front().rewrite = rewrite;
            return all;
        });
        rig.start({.destination = target, .method = method, .queries = 1});
        EXPECT_TRUE(rig.run());
        std::vector<bool> nat;
        for (const hop_report& h : rig.hops()) {
            nat.push_back(h.probes.front().fate == probe_fate::answered && h.probes.front().answer.nat);
        }
        return nat;
    };
    std::vector<bool> from_four{false, false, false, true, true};
    from_four.push_back(true);
    const rewriting source = [](auto& packet) { packet[13] ^= std::byte{1}; };
    const rewriting port = [](auto& packet) { packet[20] ^= std::byte{1}; };
    const rewriting destination = [](auto& packet) { packet[19] ^= std::byte{1}; };
    const rewriting checksum = [](auto& packet) { packet[26] ^= std::byte{1}; };
    EXPECT_EQ(nat_of(trace_method::udp, 1000, source), from_four);
    EXPECT_EQ(nat_of(trace_method::udp, 1000, port), from_four);
    EXPECT_EQ(nat_of(trace_method::udp, 1000, destination), from_four);
    EXPECT_EQ(nat_of(trace_method::udp, 1000, checksum), from_four);
    const std::vector<bool> errors_alone{false, false, false, true, true, false};
    EXPECT_EQ(nat_of(trace_method::tcp, 1000, source), errors_alone);
    EXPECT_EQ(nat_of(trace_method::icmp, 1000, [](auto& packet) { packet[24] ^= std::byte{1}; }), errors_alone);
    EXPECT_EQ(nat_of(trace_method::icmp, 1000, [](auto& packet) { packet[22] ^= std::byte{1}; }), errors_alone);
}

TEST(tracer_receive, an_unfinished_checksum_is_no_translation) {
    tracer_rig rig([](const sent_probe& p) {
        auto all = chain{.length = 6}(p);
        const ip_address to = p.destination;
        all.front().rewrite = [to](std::vector<std::byte>& packet) {
            const auto size = static_cast<std::uint32_t>(packet.size() - 20);
            store_be(bytes_span{packet}, 26, wire::pseudo_header_sum(tracer_rig::own(family::v4), to, size, 17));
        };
        return all;
    });
    rig.start(udp_to(target));
    ASSERT_TRUE(rig.run());
    ASSERT_EQ(rig.hops().size(), 6U);
    for (const hop_report& h : rig.hops()) EXPECT_FALSE(h.probes.front().answer.nat);
}

TEST(tracer_receive, forged_errors_change_nothing) {
    using rewriting = std::function<void(std::vector<std::byte>&)>;
    const auto rejected = [](trace_method method, std::size_t quoted, const rewriting& forge) {
        tracer_rig rig([&](const sent_probe& p) {
            auto all = chain{.length = 4, .step = 4ms}(p);
            reaction forged = all.front();
            forged.kind = reaction::what::error;
            forged.type = 3;
            forged.code = 1;
            forged.from = ip("198.51.100.66");
            forged.after = 1ms;
            forged.quoted = quoted;
            forged.rewrite = forge;
            all.push_back(forged);
            return all;
        });
        rig.start({.destination = target, .method = method});
        EXPECT_TRUE(rig.run());
        EXPECT_EQ(rig.hops().size(), 4U);
        for (const trace_event& e : rig.events) {
            EXPECT_NE(e.result.answer.from, ip("198.51.100.66"));
        }
        EXPECT_EQ(rig.done()->end, trace_end::reached);
        const auto c = rig.counts();
        return c.rejected() + c.not_ours >= 12;  // four hops, three queries
    };
    const auto set = [](std::size_t at, unsigned value) {
        return [at, value](std::vector<std::byte>& packet) { packet[at] = static_cast<std::byte>(value); };
    };
    const auto flip = [](std::size_t at) {
        return [at](std::vector<std::byte>& packet) { packet[at] ^= std::byte{0x5a}; };
    };
    // Byte 28 is the token's first, 36 the first of its code.
    EXPECT_TRUE(rejected(trace_method::udp, 1000, flip(36)));
    EXPECT_TRUE(rejected(trace_method::udp, 8, flip(26)));
    EXPECT_TRUE(rejected(trace_method::udp, 8, flip(19)));
    EXPECT_TRUE(rejected(trace_method::udp, 8, flip(22)));
    EXPECT_TRUE(rejected(trace_method::udp, 7, {}));
    EXPECT_TRUE(rejected(trace_method::udp, 0, {}));
    EXPECT_TRUE(rejected(trace_method::icmp, 1000, flip(36)));
    EXPECT_TRUE(rejected(trace_method::icmp, 8, flip(22)));
    EXPECT_TRUE(rejected(trace_method::icmp, 8, flip(24)));
    EXPECT_TRUE(rejected(trace_method::icmp, 8, flip(26)));
    EXPECT_TRUE(rejected(trace_method::icmp, 8, set(20, 13)));
    EXPECT_TRUE(rejected(trace_method::tcp, 8, flip(24)));
    EXPECT_TRUE(rejected(trace_method::tcp, 8, flip(27)));
    EXPECT_TRUE(rejected(trace_method::tcp, 8, flip(19)));
    EXPECT_TRUE(rejected(trace_method::udp, 1000, set(0, 0x44)));  // ihl 4
    EXPECT_TRUE(rejected(trace_method::udp, 1000, set(0, 0x4f)));  // options that are not there
    EXPECT_TRUE(rejected(trace_method::udp, 1000, set(0, 0x65)));
    EXPECT_TRUE(rejected(trace_method::udp, 1000, set(9, 50)));  // another protocol
    EXPECT_TRUE(rejected(trace_method::udp, 1000, set(7, 10)));  // a later fragment
}

TEST(tracer_receive, a_quote_with_ip_options_is_ours) {
    tracer_rig rig([](const sent_probe& p) {
        auto all = chain{.length = 4}(p);
        all.front().rewrite = [](std::vector<std::byte>& packet) {
            packet[0] = std::byte{0x46};
            packet.insert(packet.begin() + 20, 4, std::byte{1});
        };
        return all;
    });
    rig.start(udp_to(target));
    ASSERT_TRUE(rig.run());
    EXPECT_EQ(rig.hops().size(), 4U);
    EXPECT_EQ(rig.hops()[1].probes.front().fate, probe_fate::answered);
}

TEST(tracer_receive, answers_twice_late_and_damaged_are_counted) {
    tracer_rig rig([](const sent_probe& p) {
        auto all = chain{.length = 5}(p);
        if (p.ttl == 2) all.push_back(all.front());
        if (p.ttl == 3) all.front().damaged = true;
        if (p.ttl == 4) all.front().after = 400ms;
        return all;
    });
    rig.start({.destination = target, .max_hops = 5, .rounds = 2});
    ASSERT_TRUE(rig.run());
    const auto c = rig.counts();
    EXPECT_EQ(c.duplicate, 6U);
    EXPECT_EQ(c.rejected_checksum, 8U);  // three queries and a retry in two rounds
    EXPECT_EQ(c.late, 4U);               // of the first round
    EXPECT_EQ(rig.hops(1, 0U)[1].probes.front().fate, probe_fate::answered);
    EXPECT_EQ(rig.hops(1, 0U)[2].probes.front().fate, probe_fate::timed_out);
    EXPECT_EQ(rig.hops(1, 0U)[3].probes.front().fate, probe_fate::timed_out);
}

std::vector<std::byte> extension_of(std::initializer_list<unsigned> objects) {
    std::vector<std::byte> bytes{std::byte{0x20}, std::byte{0}, std::byte{0}, std::byte{0}};
    for (const unsigned b : objects) bytes.push_back(static_cast<std::byte>(b));
    store_be(bytes_span{bytes}, 2, wire::internet_checksum(bytes));
    return bytes;
}

TEST(tracer_receive, extensions_are_read_in_both_forms) {
    const auto stack =
        extension_of({0, 12, 1, 1, 0x00, 0x01, 0x00, 0x01, 0x00, 0x02, 0x01, 0x01, 0, 6, 9, 7, 0xab, 0xcd});
    for (const bool whole : {true, false}) {
        for (const ip_address& to : {target, target6}) {
            tracer_rig rig([&](const sent_probe& p) {
                auto all = chain{.length = 4}(p);
                if (p.ttl == 2) all.front().extension = stack;
                return all;
            });
            rig.whole_packets = whole;
            rig.start(udp_to(to));
            ASSERT_TRUE(rig.run());
            ASSERT_EQ(rig.hops().size(), 4U);
            EXPECT_EQ(rig.hops()[0].probes.front().answer.extensions, nullptr);
            const auto found = rig.hops()[1].probes.front().answer.extensions;
            ASSERT_NE(found, nullptr);
            EXPECT_FALSE(found->bad);
            ASSERT_EQ(found->mpls.size(), 2U);
            EXPECT_EQ(found->mpls[0].label, 16U);
            ASSERT_EQ(found->others.size(), 1U);
            EXPECT_EQ(found->others[0].class_number, 9);
        }
    }
}

// RFC 4884 section 3: up to where the extension begins, a quote that was cut is filled with zeros.
TEST(tracer_receive, zeros_behind_a_short_quote_are_not_the_probes) {
    const auto stack = extension_of({0, 8, 1, 1, 0x00, 0x01, 0x01, 0x01});
    for (const trace_method method : {trace_method::udp, trace_method::icmp, trace_method::tcp}) {
        for (const ip_address& to : {target, target6}) {
            tracer_rig rig([&](const sent_probe& p) {
                auto all = chain{.length = 4}(p);
                all.front().quoted = 8 + p.ttl;
                if (p.ttl < 4) all.front().extension = stack;
                return all;
            });
            rig.start({.destination = to, .method = method});
            ASSERT_TRUE(rig.run());
            ASSERT_EQ(rig.hops().size(), 4U);
            for (const hop_report& h : rig.hops()) {
                for (const probe_result& p : h.probes) EXPECT_EQ(p.fate, probe_fate::answered);
            }
            EXPECT_EQ(rig.counts().rejected_token, 0U);
        }
    }
}

TEST(tracer_receive, hostile_extensions_are_bounded_and_marked) {
    for (const auto& bytes : {extension_of({0, 0, 1, 1}), extension_of({0, 3, 1, 1}), extension_of({255, 255, 1, 1}),
                              extension_of({0, 4, 1, 1}), std::vector<std::byte>(3, std::byte{0x20})}) {
        tracer_rig rig([&](const sent_probe& p) {
            auto all = chain{.length = 3}(p);
            all.front().extension = bytes;
            return all;
        });
        rig.whole_packets = false;
        rig.start(udp_to(target));
        ASSERT_TRUE(rig.run());
        const auto found = rig.hops()[0].probes.front().answer.extensions;
        ASSERT_NE(found, nullptr);
        EXPECT_TRUE(found->bad);
        EXPECT_TRUE(found->mpls.empty());
    }
}

TEST(tracer_receive, what_is_quoted_of_ttl_and_tos_is_told) {
    tracer_rig rig([](const sent_probe& p) {
        auto all = chain{.length = 4}(p);
        all.front().quoted_ttl = 3;
        all.front().rewrite = [](std::vector<std::byte>& packet) { packet[1] = std::byte{0x28}; };
        return all;
    });
    rig.start({.destination = target, .traffic_class = std::uint8_t{0x10}});
    ASSERT_TRUE(rig.run());
    EXPECT_EQ(rig.hops()[0].probes.front().answer.quoted_ttl, std::uint8_t{3});
    EXPECT_EQ(rig.hops()[0].probes.front().answer.quoted_class, std::uint8_t{0x28});
    EXPECT_EQ(rig.hops()[0].probes.front().answer.hop_limit, std::uint8_t{60});
    EXPECT_FALSE(rig.hops()[0].probes.front().answer.nat);
}

TEST(tracer_receive, a_service_that_answers_udp_is_the_destination) {
    tracer_rig rig([](const sent_probe& p) {
        auto all = chain{.length = 4, .step = 2ms}(p);
        if (p.ttl >= 4) all.front() = {.kind = reaction::what::reply, .from = p.destination, .after = 8ms};
        return all;
    });
    rig.start({.destination = target, .port = 53});
    ASSERT_TRUE(rig.run());
    ASSERT_EQ(rig.hops().size(), 4U);
    EXPECT_EQ(rig.done()->end, trace_end::reached);
    EXPECT_FALSE(rig.hops()[3].probes.front().answer.from_icmp);
    EXPECT_TRUE(rig.hops()[3].probes.front().answer.inferred);
}

TEST(tracer_receive, an_open_port_of_tcp_is_told_from_a_closed_one) {
    for (const bool raw : {true, false}) {
        tracer_rig rig([](const sent_probe& p) {
            auto all = chain{.length = 4}(p);
            if (p.ttl >= 4)
                all.front() = {.kind = reaction::what::reply, .from = p.destination, .after = 4ms, .open = true};
            return all;
        });
        rig.refuses = [&](const lane_wish& w) {
            return w.kind == lane_kind::tcp_raw && !raw ? std::optional{EPERM} : std::nullopt;
        };
        rig.start({.destination = target, .method = trace_method::tcp});
        ASSERT_TRUE(rig.run());
        EXPECT_EQ(rig.lanes.front().kind, raw ? lane_kind::tcp_raw : lane_kind::tcp_connect);
        ASSERT_EQ(rig.hops().size(), 4U);
        EXPECT_TRUE(rig.hops()[3].probes.front().answer.tcp_open);
        EXPECT_EQ(rig.hops()[2].probes.front().answer.kind, answer_from::hop);
    }
}

TEST(tracer_receive, advice_changes_nothing) {
    tracer_rig rig([](const sent_probe& p) {
        auto all = chain{.length = 3, .step = 3ms}(p);
        reaction redirect = all.front();
        redirect.type = 5;
        redirect.after = 1ms;
        all.push_back(redirect);
        return all;
    });
    rig.start(udp_to(target));
    ASSERT_TRUE(rig.run());
    EXPECT_EQ(rig.hops()[0].probes.front().answer.type, 11);
    EXPECT_EQ(rig.hops()[0].probes.front().answer.rtt, 3ms);
}

}  // namespace
}  // namespace sonde::probe::testing
