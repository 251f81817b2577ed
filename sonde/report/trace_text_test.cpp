#include <gtest/gtest.h>

#include <sonde/report/trace_text.hpp>

namespace sonde::report {
namespace {

using namespace std::chrono_literals;

ip_address address(std::string_view text) {
    return ip_address::parse(text).value();
}

probe::probe_result answered(std::uint8_t query, std::string_view from, duration rtt, std::uint8_t type = 11,
                             std::uint8_t code = 0) {
    probe::probe_result p;
    p.query = query;
    p.fate = probe::probe_fate::answered;
    p.answer.from = address(from);
    p.answer.rtt = rtt;
    p.answer.from_icmp = true;
    p.answer.type = type;
    p.answer.code = code;
    return p;
}

probe::probe_result silent(std::uint8_t query, probe::probe_fate fate = probe::probe_fate::timed_out) {
    probe::probe_result p;
    p.query = query;
    p.fate = fate;
    return p;
}

std::string line(std::uint8_t ttl, std::vector<probe::probe_result> probes, trace_text_options options,
                 const address_notes& notes = {}, std::optional<std::uint32_t> mtu = {}) {
    std::string out;
    if (options.queries == 0) options.queries = static_cast<std::uint8_t>(probes.size());
    trace_text(options).hop(out, {.ttl = ttl, .probes = std::move(probes)}, notes, mtu);
    return out;
}

constexpr trace_text_options numeric{.numeric = true};
// As many columns as probes.
constexpr trace_text_options as_asked{.numeric = true, .queries = 0};

TEST(trace_text, header) {
    std::string out;
    trace_text({}).header(out, {"local\nhost", address("127.0.0.1")}, 30, 60);
    EXPECT_EQ(out, "traceroute to local\\x0ahost (127.0.0.1), 30 hops max, 60 byte packets\n");
}

TEST(trace_text, one_router_three_times) {
    EXPECT_EQ(line(3, {answered(0, "192.0.2.1", 1204us), answered(1, "192.0.2.1", 13us), answered(2, "192.0.2.1", 1s)},
                   numeric),
              " 3  192.0.2.1  1.204 ms  0.013 ms  1000.000 ms\n");
}

TEST(trace_text, an_address_is_told_where_it_changes) {
    EXPECT_EQ(line(10,
                   {answered(0, "192.0.2.1", 1ms), answered(1, "192.0.2.2", 2ms), silent(2),
                    answered(3, "192.0.2.2", 3ms), answered(4, "192.0.2.1", 4ms)},
                   {.numeric = true, .queries = 5}),
              "10  192.0.2.1  1.000 ms 192.0.2.2  2.000 ms *  3.000 ms 192.0.2.1  4.000 ms\n");
}

TEST(trace_text, silence_is_a_star_whatever_its_reason) {
    EXPECT_EQ(line(1, {silent(0), silent(1, probe::probe_fate::send_failed), silent(2, probe::probe_fate::cancelled)},
                   numeric),
              " 1  * * *\n");
    EXPECT_EQ(line(1, {silent(0), answered(1, "192.0.2.1", 1ms), silent(2)}, numeric), " 1  * 192.0.2.1  1.000 ms *\n");
}

TEST(trace_text, a_hop_that_was_asked_again_keeps_its_columns) {
    EXPECT_EQ(line(1, {silent(0), silent(1), silent(2), silent(3)}, numeric), " 1  * * *\n");
    EXPECT_EQ(line(1, {silent(0), answered(1, "192.0.2.1", 1ms), silent(2), answered(3, "192.0.2.1", 2ms)}, numeric),
              " 1  192.0.2.1  1.000 ms *  2.000 ms\n");
}

TEST(trace_text, a_hop_that_was_asked_less_has_all_its_columns) {
    EXPECT_EQ(line(9, {silent(0)}, numeric), " 9  * * *\n");
    EXPECT_EQ(line(9, {answered(0, "192.0.2.1", 1ms)}, numeric), " 9  192.0.2.1  1.000 ms * *\n");
}

TEST(trace_text, marks_stand_behind_the_time) {
    EXPECT_EQ(line(1, {answered(0, "192.0.2.1", 1ms, 3, 1), answered(1, "192.0.2.1", 2ms, 3, 13)}, as_asked),
              " 1  192.0.2.1  1.000 ms !H  2.000 ms !X\n");
    EXPECT_EQ(line(1, {answered(0, "2001:db8::1", 1ms, 1, 0)}, as_asked), " 1  2001:db8::1  1.000 ms !N\n");
}

TEST(trace_text, names_and_where_addresses_belong) {
    const address_note known{.name = "r1\x1b.example", .autonomous_system = 64500, .country = "DE"};
    const auto notes = [&](const ip_address& a) { return a == address("192.0.2.1") ? &known : nullptr; };
    const std::vector probes{answered(0, "192.0.2.1", 1ms), answered(1, "192.0.2.2", 1ms)};
    EXPECT_EQ(line(1, probes, {.queries = 0}, notes),
              " 1  r1\\x1b.example (192.0.2.1)  1.000 ms 192.0.2.2 (192.0.2.2)  1.000 ms\n");
    EXPECT_EQ(line(1, probes, {.numeric = true, .systems = true, .countries = true, .queries = 0}, notes),
              " 1  192.0.2.1 [AS64500] [DE]  1.000 ms 192.0.2.2 [*] [*]  1.000 ms\n");
}

TEST(trace_text, extensions_are_told_again_when_they_change) {
    const auto labelled = [](std::uint32_t label) {
        auto p = answered(0, "192.0.2.1", 1ms);
        probe::hop_extensions e;
        e.mpls = {{label, 0, true, 1}};
        p.answer.extensions = std::make_shared<const probe::hop_extensions>(std::move(e));
        return p;
    };
    const std::vector probes{labelled(7), labelled(7), labelled(8), answered(3, "192.0.2.1", 1ms)};
    EXPECT_EQ(line(1, probes, {.numeric = true, .extensions = true, .queries = 4}),
              " 1  192.0.2.1 <MPLS:L=7,E=0,S=1,T=1>  1.000 ms  1.000 ms 192.0.2.1 <MPLS:L=8,E=0,S=1,T=1>  1.000 ms "
              "192.0.2.1  1.000 ms\n");
    EXPECT_EQ(line(1, probes, {.numeric = true, .queries = 4}),
              " 1  192.0.2.1  1.000 ms  1.000 ms  1.000 ms  1.000 ms\n");
}

TEST(trace_text, where_the_mtu_shrinks) {
    EXPECT_EQ(line(2, {answered(0, "192.0.2.1", 1ms)}, as_asked, {}, 1400), " 2  192.0.2.1  1.000 ms  pmtu 1400\n");
}

}  // namespace
}  // namespace sonde::report
