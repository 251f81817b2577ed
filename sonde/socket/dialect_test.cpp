#include <algorithm>
#include <array>

#include <gtest/gtest.h>

#include <sonde/socket/dialect.hpp>

namespace sonde::socket {
namespace {

using header = std::array<std::uint8_t, 28>;

/// The article's datagram as it is on the wire: 28 bytes of total length, identification 11, nothing fragmented.
constexpr header on_the_wire{0x45, 0, 0,   28, 0, 11, 0, 0, 64,   1,    0x7c, 0xd4, 127, 0,
                             0,    1, 127, 0,  0, 1,  8, 0, 0xf7, 0xff, 0,    0,    0,   0};

std::vector<std::byte> bytes_of(const header& h) {
    std::vector<std::byte> bytes(h.size());
    std::ranges::transform(h, bytes.begin(), [](std::uint8_t b) { return std::byte{b}; });
    return bytes;
}

TEST(dialect, what_must_be_written) {
    for (const auto& rules : all_dialects()) {
        auto bytes = bytes_of(on_the_wire);
        store_be<std::uint16_t>(bytes, 6, 0x4001);  // DF, and an offset whose bytes differ
        to_dialect(bytes, rules);
        const bool host_order = rules.id == dialect::macos || rules.id == dialect::freebsd10;
        EXPECT_EQ(load_be<std::uint16_t>(bytes, 2), host_order ? 0x1c00 : 0x001c) << rules.name;
        EXPECT_EQ(load_be<std::uint16_t>(bytes, 6), host_order ? 0x0140 : 0x4001) << rules.name;
        // Nothing else, the article's identification and addresses included.
        EXPECT_EQ(load_be<std::uint16_t>(bytes, 4), 11);
        EXPECT_EQ(load_be<std::uint16_t>(bytes, 10), 0x7cd4);
        EXPECT_EQ(load_be<std::uint32_t>(bytes, 12), 0x7f000001U);

        auto big_endian = bytes_of(on_the_wire);
        to_dialect(big_endian, rules, false);
        EXPECT_EQ(big_endian, bytes_of(on_the_wire)) << "host order is network order there";
    }
}

TEST(dialect, what_is_read) {
    // The article's receiver on macOS: `45 00 08 00`, 8 bytes less the header's 20, in little-endian order.
    auto macos = bytes_of(on_the_wire);
    macos[2] = std::byte{8};
    macos[3] = std::byte{0};
    from_dialect(macos, rules_of(dialect::macos));
    EXPECT_EQ(macos, bytes_of(on_the_wire));

    auto big_endian = bytes_of(on_the_wire);
    store_be<std::uint16_t>(big_endian, 2, 8);
    from_dialect(big_endian, rules_of(dialect::freebsd10), false);
    EXPECT_EQ(big_endian, bytes_of(on_the_wire));

    for (const auto same : {dialect::linux_, dialect::freebsd}) {
        auto bytes = bytes_of(on_the_wire);
        from_dialect(bytes, rules_of(same));
        EXPECT_EQ(bytes, bytes_of(on_the_wire));
    }
    // With options: 24 bytes of header are missing.
    std::vector<std::byte> options(40);
    options[0] = std::byte{0x46};
    options[2] = std::byte{16};
    from_dialect(options, rules_of(dialect::macos));
    EXPECT_EQ(load_be<std::uint16_t>(options, 2), 40);
}

TEST(dialect, fewer_bytes_than_a_header_stay_as_they_are) {
    for (const auto& rules : all_dialects()) {
        for (std::size_t size = 0; size < 20; ++size) {
            auto bytes = bytes_of(on_the_wire);
            bytes.resize(size);
            const auto before = bytes;
            to_dialect(bytes, rules);
            from_dialect(bytes, rules);
            EXPECT_EQ(bytes, before);
        }
    }
}

TEST(dialect, the_table) {
    EXPECT_EQ(all_dialects().size(), 4U);
    for (const auto& rules : all_dialects()) {
        EXPECT_EQ(&rules_of(rules.id), &rules);
        EXPECT_EQ(find_dialect(rules.name), rules.id);
        EXPECT_EQ(rules.checksum, kernel_fill::always) << "none leaves the header's checksum to the program";
    }
    EXPECT_FALSE(find_dialect("macOS").has_value());
    EXPECT_FALSE(find_dialect("").has_value());
    EXPECT_EQ(native_dialect(), dialect::linux_);

    const auto& linux_rules = rules_of(dialect::linux_);
    EXPECT_EQ(linux_rules.total_length, kernel_fill::always);
    EXPECT_TRUE(linux_rules.raw_sees_own_echo_request && linux_rules.raw_sees_tcp_and_udp);
    EXPECT_FALSE(linux_rules.needs_header_included);
    const auto& macos = rules_of(dialect::macos);
    EXPECT_EQ(macos.total_length, kernel_fill::never);
    EXPECT_TRUE(macos.needs_header_included && macos.datagram_delivers_ip_header && macos.datagram_keeps_identifier);
}

}  // namespace
}  // namespace sonde::socket
