#include <cerrno>

#include <gtest/gtest.h>

#include <sonde/report/echo_text.hpp>
#include <sonde/wire/icmp.hpp>
#include <sonde/wire/ipv4.hpp>

namespace sonde::report {
namespace {

using respond::disposition;
using namespace std::chrono_literals;

echo_totals some_totals() {
    echo_totals t;
    t.interface = "vb";
    auto count = [&](disposition d, std::uint64_t n) { t.counts.by[static_cast<std::size_t>(d)] = n; };
    count(disposition::answered, 10);
    count(disposition::answered_arp, 1);
    count(disposition::answered_neighbour, 2);
    count(disposition::fragment, 3);
    count(disposition::bad_checksum, 1);
    t.counts.frames = 17;
    t.counts.v4 = 6;
    t.counts.v6 = 4;
    t.sent = 13;
    t.elapsed = 1500ms;
    return t;
}

TEST(EchoText, Summary) {
    EXPECT_EQ(echo_summary_text(some_totals()),
              "\n--- vb echo statistics ---\n"
              "17 frames seen, 10 answered (6 IPv4, 4 IPv6), 1 ARP request and 2 solicitations answered, time 1500ms\n"
              "4 not answered: 3 fragmented, 1 with a bad checksum\n"
              "13 replies sent; 0 frames dropped by the kernel\n");
}

TEST(EchoText, SummaryOfTrouble) {
    auto t = some_totals();
    t.interface = "v\x1b[b";
    t.send_failed = 2;
    t.send_error = ENETDOWN;
    t.counts.delayed = 3;
    t.counts.duplicated = 4;
    t.counts.corrupted = 5;
    t.kernel_dropped = 1;
    const auto text = echo_summary_text(t);
    EXPECT_NE(text.find("--- v\\x1b[b echo"), std::string::npos) << text;
    EXPECT_NE(text.find("13 replies sent, 2 not sent (Network is down), 3 still waiting, 4 of them duplicates on "
                        "purpose, 5 corrupted on purpose; 1 frame dropped by the kernel\n"),
              std::string::npos)
        << text;
}

TEST(EchoText, Status) {
    EXPECT_EQ(echo_status_text(some_totals()), "10 answered (6 IPv4, 4 IPv6), 4 not answered, 0 dropped by the kernel");
}

TEST(EchoText, EveryDispositionHasWords) {
    for (std::size_t i = 0; i < respond::disposition_count; ++i) {
        const auto text = disposition_text(static_cast<disposition>(i));
        EXPECT_FALSE(text.empty());
        EXPECT_EQ(text.find('_'), std::string::npos) << text;
    }
}

std::vector<std::byte> echo_frame() {
    std::vector<std::byte> message(8 + 4);
    const wire::icmp_echo_message echo{.identifier = 7, .sequence = 9, .payload = bytes_view{message}.subspan(8)};
    echo.emit(family::v4, message, wire::checksum_fill::compute);
    const wire::ipv4_message packet{.protocol = 1,
                                    .source = ip_address::parse("192.0.2.1").value(),
                                    .destination = ip_address::parse("192.0.2.2").value(),
                                    .payload = message};
    std::vector<std::byte> frame(14 + packet.size());
    store_be(frame, 12, std::uint16_t{0x0800});
    packet.emit(bytes_span{frame}.subspan(14), wire::checksum_fill::compute);
    return frame;
}

TEST(EchoQuestion, Echo) {
    const auto q = echo_question::read(link_type::ethernet, echo_frame());
    EXPECT_EQ(question_text(q, disposition::answered),
              "echo request from 192.0.2.1 to 192.0.2.2, id 7, seq 9, 12 bytes: answered");
    EXPECT_EQ(to_string(q.what), "echo");
}

TEST(EchoQuestion, Arp) {
    std::vector<std::byte> frame(42);
    store_be(frame, 12, std::uint16_t{0x0806});
    store_be(frame, 28, std::uint32_t{0xc0000201});
    store_be(frame, 38, std::uint32_t{0xc0000202});
    EXPECT_EQ(question_text(echo_question::read(link_type::ethernet, frame), disposition::not_ours),
              "who has 192.0.2.2? from 192.0.2.1 (ARP): not for us");
}

TEST(EchoQuestion, NeighbourSolicitation) {
    std::vector<std::byte> packet(40 + 24);
    packet[0] = std::byte{0x60};
    store_be(packet, 4, std::uint16_t{24});
    packet[6] = std::byte{58};
    packet[23] = std::byte{1};
    packet[39] = std::byte{2};
    packet[40] = std::byte{135};
    packet[63] = std::byte{3};
    EXPECT_EQ(question_text(echo_question::read(link_type::raw_ip, packet), disposition::answered_neighbour),
              "who has ::3? from ::1 (neighbour solicitation): answered");
}

TEST(EchoQuestion, EveryTruncationHasWords) {
    const auto whole = echo_frame();
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const auto q = echo_question::read(link_type::ethernet, bytes_view{whole}.first(size));
        EXPECT_EQ(question_text(q, disposition::truncated), "frame of " + std::to_string(size) + " bytes: truncated");
    }
}

}  // namespace
}  // namespace sonde::report
