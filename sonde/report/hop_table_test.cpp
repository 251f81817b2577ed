#include <gtest/gtest.h>

#include <sonde/report/hop_table.hpp>
#include <sonde/report/utf8.hpp>

namespace sonde::report {
namespace {

using namespace std::chrono_literals;
using probe::trace_event_kind;

void add(probe::trace_record& record, std::uint8_t ttl, std::uint32_t from, duration rtt, std::uint32_t round = 0) {
    probe::trace_event e{.kind = trace_event_kind::probe};
    e.result = {.ttl = ttl, .round = round};
    if (from != 0) {
        e.result.fate = probe::probe_fate::answered;
        e.result.answer = {.from = ip_address::v4(from), .rtt = rtt};
    }
    record.add(e);
}

probe::trace_record sample() {
    probe::trace_record record({.destination = ip_address::v4(0xcb007150)});
    for (const duration rtt : {512us, 528us, 544us}) add(record, 1, 0x0a000001, rtt);
    for (int i = 0; i < 3; ++i) add(record, 2, 0, 0s);
    add(record, 3, 0x0a000301, 10ms);
    add(record, 3, 0x0a000302, 20ms);
    add(record, 3, 0x0a000302, 36ms);
    add(record, 3, 0, 0s);
    return record;
}

std::string table(const hop_table_options& options = {}) {
    std::string out;
    append_hop_table(out, sample(), options);
    return out;
}

TEST(hop_table, looks_like_mtr) {
    EXPECT_EQ(table({.host = "desk"}),
              "HOST: desk      Loss%  Snt   Last    Avg   Best   Wrst  StDev    p50    p95    p99   Jttr\n"
              "  1. 10.0.0.1    0.0%    3  0.544  0.528  0.512  0.544  0.013  0.528  0.544  0.544  0.002\n"
              "  2. ???       100.0%    3      -      -      -      -      -      -      -      -      -\n"
              "  3. 10.0.3.2   25.0%    4   36.0   28.0   20.0   36.0   8.00   20.0   36.0   36.0   1.00\n"
              "     10.0.3.1   (33%)  (1)   10.0   10.0   10.0   10.0  0.000   10.0   10.0   10.0      -\n");
}

TEST(hop_table, fits_a_terminal) {
    const address_note note{.name = "a-very-long-name-of-a-router.example.東京.example"};
    for (const std::size_t columns : {10U, 60U, 80U, 100U, 200U}) {
        std::string out;
        append_hop_table(out, sample(), {.columns = columns, .notes = [&](const ip_address&) { return &note; }});
        std::size_t begin = 0;
        for (std::size_t end = 0; (end = out.find('\n', begin)) != std::string::npos; begin = end + 1) {
            EXPECT_LE(display_width(std::string_view(out).substr(begin, end - begin)), columns);
        }
    }
}

TEST(hop_table, escapes_and_survives_nothing) {
    const address_note note{.name = "\x1b[2J"};
    std::string out;
    append_hop_table(out, sample(), {.host = "\x07", .notes = [&](const ip_address&) { return &note; }});
    EXPECT_EQ(out.find('\x1b'), std::string::npos);
    EXPECT_EQ(out.find('\x07'), std::string::npos);
    out.clear();
    append_hop_table(out, probe::trace_record({}));
    EXPECT_EQ(out, "HOST:   Loss%  Snt  Last  Avg  Best  Wrst  StDev  p50  p95  p99  Jttr\n");
}

}  // namespace
}  // namespace sonde::report
