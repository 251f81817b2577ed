#include <vector>

#include <gtest/gtest.h>

#include <sonde/async/queued_trace_error.hpp>
#include <sonde/wire/checksum.hpp>

namespace sonde::async {
namespace {

constexpr std::size_t udp_v4 = 28;  // the headers that the kernel keeps to itself

struct entry : testing::Test {
    wall_clock_bridge clock;
    std::vector<std::byte> data = std::vector<std::byte>(128 - udp_v4, std::byte{});
    socket::queued_error queued;

    void SetUp() override {
        queued.from = socket::queued_error::origin::icmp;
        queued.type = 11;
        queued.destination = ip_address::v4(0xc0000201);
        queued.destination_port = 33434;
        queued.offender = ip_address::v4(0xc0000202);
        queued.hop_limit = 60;
        clock.refresh();
    }
    static std::vector<std::byte> structure() {
        std::vector<std::byte> bytes(12);
        store_be<std::uint16_t>(bytes, 0, 0x2000);
        store_be<std::uint32_t>(bytes, 4, 0x0008'0101);
        store_be<std::uint32_t>(bytes, 8, (299'808U << 12) | 0x101U);
        store_be<std::uint16_t>(bytes, 2, wire::internet_checksum(bytes));
        return bytes;
    }
    void append(const std::vector<std::byte>& bytes) { data.insert(data.end(), bytes.begin(), bytes.end()); }
    queued_trace_error read(family f = family::v4, std::size_t headers = udp_v4) {
        queued.quoted = data;
        return read_queued_trace_error(queued, 3, f, headers, clock);
    }
};

TEST_F(entry, everything_is_passed_on) {
    queued.at = clock.to_wall(time_point{std::chrono::hours{5}});
    const auto e = read();
    EXPECT_EQ(e.meta.lane, 3U);
    EXPECT_EQ(e.meta.destination, queued.destination);
    EXPECT_EQ(e.meta.port, 33434);
    EXPECT_EQ(e.meta.offender, queued.offender);
    EXPECT_EQ(e.meta.type, 11);
    EXPECT_EQ(e.meta.hop_limit, 60);
    EXPECT_EQ(e.meta.received_at, time_point{std::chrono::hours{5}});
    EXPECT_EQ(e.quoted.size(), data.size());
    EXPECT_TRUE(e.meta.extension.empty());
}

TEST_F(entry, an_extension_without_a_length_field_is_found_at_byte_128) {
    append(structure());
    const auto e = read();
    EXPECT_EQ(e.meta.extension.size(), 12U);
    EXPECT_EQ(e.quoted.size(), 100U);
    data.erase(data.begin(), data.begin() + 20);
    EXPECT_EQ(read(family::v6, 48).meta.extension.size(), 0U) << "of time exceeded over IPv6 the type is 3";
    queued.type = 3;
    EXPECT_EQ(read(family::v6, 48).meta.extension.size(), 12U);
}

TEST_F(entry, what_is_no_extension_stays_part_of_the_quotation) {
    auto wrong = structure();
    wrong[2] ^= std::byte{1};
    append(wrong);
    EXPECT_TRUE(read().meta.extension.empty()) << "its checksum";
    data.resize(100);
    auto unsure = structure();
    unsure[2] = unsure[3] = std::byte{};
    append(unsure);
    EXPECT_TRUE(read().meta.extension.empty()) << "no checksum is no proof";
    data.resize(100);
    append(structure());
    queued.type = 5;
    EXPECT_TRUE(read().meta.extension.empty()) << "a redirect has none";
}

TEST_F(entry, survives_every_length) {
    append(structure());
    const auto whole = data;
    for (std::size_t size = 0; size <= whole.size(); ++size) {
        data.assign(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
        const auto e = read();
        EXPECT_EQ(e.quoted.size() + e.meta.extension.size(), size);
    }
}

}  // namespace
}  // namespace sonde::async
