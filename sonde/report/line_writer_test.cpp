#include <random>

#include <gtest/gtest.h>

#include <sonde/base/ip_address.hpp>
#include <sonde/report/line_writer.hpp>

namespace sonde::report {
namespace {

TEST(LineWriter, Numbers) {
    line_writer w;
    for (const std::uint64_t n : {0ULL, 9ULL, 10ULL, 99ULL, 100ULL, 101ULL, 65535ULL, 18446744073709551615ULL}) {
        w.clear();
        EXPECT_EQ(w.number(n).text(), std::to_string(n));
    }
    w.clear();
    EXPECT_EQ(w.padded(7, 2).put(':').padded(1234, 3).put(':').padded(0, 6).text(), "07:234:000000");
    w.clear();
    EXPECT_EQ(w.hexadecimal(0).put(' ').hexadecimal(0x800, 4).put(' ').hexadecimal(0x12345, 4).text(), "0 0800 12345");
    w.clear();
    EXPECT_EQ(w.hexadecimal(0xffffffffffffffff).text(), "ffffffffffffffff");
}

TEST(LineWriter, AddressesAsTheLibraryWritesThem) {
    line_writer w;
    std::mt19937 random{7};
    for (int round = 0; round < 20'000; ++round) {
        std::array<std::byte, 16> octets{};
        // Many zeros, or runs of them would be rare.
        for (auto& octet : octets) octet = random() % 3 == 0 ? std::byte(random()) : std::byte{0};
        if (round % 16 == 0) octets = {};
        if (round % 8 == 0) octets[10] = octets[11] = std::byte{0xff};
        w.clear();
        const bytes_view v4 = bytes_view{octets}.first(4);
        EXPECT_EQ(w.ipv4(v4).text(), ip_address::from_bytes(v4).to_string());
        w.clear();
        const ip_address whole = ip_address::from_bytes(octets);
        const std::string wanted = whole.is_v4() ? "::ffff:" + whole.to_string() : whole.to_string();
        EXPECT_EQ(w.ipv6(octets).text(), wanted);
    }
}

TEST(LineWriter, LinkAddress) {
    line_writer w;
    const std::array<std::byte, 6> octets{std::byte{2},    std::byte{0},    std::byte{0x5e},
                                          std::byte{0x10}, std::byte{0xff}, std::byte{1}};
    EXPECT_EQ(w.mac(octets).text(), "02:00:5e:10:ff:01");
}

TEST(LineWriter, HasABound) {
    line_writer w;
    const std::string piece(1000, 'x');
    for (int i = 0; i < 4; ++i) w.put(piece);
    EXPECT_FALSE(w.full());
    w.put(piece);
    EXPECT_TRUE(w.full());
    EXPECT_EQ(w.text().size(), 4000U);
    const std::array<std::byte, 16> octets{};
    for (int i = 0; i < 1000; ++i) w.put(' ').number(123456789).ipv6(octets).ipv4(octets).mac(octets).hexadecimal(1);
    EXPECT_LE(w.text().size(), line_writer::capacity);
    w.clear();
    EXPECT_FALSE(w.full());
    EXPECT_EQ(w.text(), "");
}

}  // namespace
}  // namespace sonde::report
