#include <gtest/gtest.h>

#include <sonde/base/ip_address.hpp>
#include <sonde/report/tcp_sequences.hpp>

namespace sonde::report {
namespace {

struct ends {
    ip_address near;
    ip_address far;
    std::uint16_t near_port = 1234;
    std::uint16_t far_port = 80;

    [[nodiscard]] tcp_sequences::segment out(std::uint32_t seq, std::uint32_t ack, bool syn = false) const {
        return {near.bytes(), far.bytes(), near_port, far_port, seq, ack, syn};
    }
    [[nodiscard]] tcp_sequences::segment in(std::uint32_t seq, std::uint32_t ack, bool syn = false) const {
        return {far.bytes(), near.bytes(), far_port, near_port, seq, ack, syn};
    }
};

const ends v4{ip_address::v4(0x0a000001), ip_address::v4(0x0a000002)};
const ends v6{ip_address::parse("2001:db8::1").value(), ip_address::parse("2001:db8::2").value()};
const ends same_ports{ip_address::v4(0x0a000001), ip_address::v4(0x0a000002), 80, 80};

void expect(tcp_sequences& t, const tcp_sequences::segment& s, std::uint32_t sequence, std::uint32_t acknowledgment) {
    const auto r = t.relate(s);
    EXPECT_EQ(r.sequence, sequence);
    EXPECT_EQ(r.acknowledgment, acknowledgment);
}

TEST(TcpSequences, CountFromTheHandshakeInBothDirections) {
    for (const ends& e : {v4, v6, same_ports}) {
        tcp_sequences t;
        expect(t, e.in(5000, 2, true), 5000, 2);
        expect(t, e.out(2, 5001), 1, 1);
        expect(t, e.out(2, 5001), 1, 1);
        expect(t, e.in(5001, 14), 1, 13);
        EXPECT_EQ(t.relate(e.in(5001, 14)).acknowledged_from, 1U);
        expect(t, e.out(14, 5001), 13, 1);
    }
}

TEST(TcpSequences, FirstSegmentSeenIsTheReferenceAndAHandshakeANewOne) {
    tcp_sequences t;
    expect(t, v4.out(1000, 2000), 1000, 2000);
    expect(t, v4.out(1100, 2000), 100, 1);
    expect(t, v4.in(2000, 1100), 1, 100);
    expect(t, v4.in(70, 80, true), 70, 80);
    expect(t, v4.out(81, 71), 2, 1);
}

TEST(TcpSequences, NumbersWrap) {
    tcp_sequences t;
    expect(t, v4.in(0xffffffff, 1, true), 0xffffffff, 1);
    expect(t, v4.out(1, 0), 1, 1);
    expect(t, v4.in(0, 1), 1, 1);
}

TEST(TcpSequences, FamiliesAndPortsAreKeptApart) {
    tcp_sequences t;
    expect(t, v4.out(1000, 2000), 1000, 2000);
    expect(t, v6.out(1000, 2000), 1000, 2000);
    expect(t, same_ports.out(1000, 2000), 1000, 2000);
    const ip_address like_v4 = ip_address::parse("::10.0.0.1").value();
    expect(t, {like_v4.bytes(), v6.far.bytes(), 1234, 80, 9, 9, false}, 9, 9);
}

TEST(TcpSequences, TableHasABound) {
    tcp_sequences t;
    const std::uint32_t many = 3 * tcp_sequences::capacity;
    for (std::uint32_t i = 0; i < many; ++i) {
        const ends e{ip_address::v4(i), ip_address::v4(0x0a000002)};
        expect(t, e.out(1000, 2000), 1000, 2000);
    }
    EXPECT_GE(t.forgotten(), many - tcp_sequences::capacity);
    EXPECT_LT(t.forgotten(), many);
    // The last one is still known.
    const ends last{ip_address::v4(many - 1), ip_address::v4(0x0a000002)};
    expect(t, last.out(1001, 2000), 1, 1);
}

}  // namespace
}  // namespace sonde::report
