#include <algorithm>
#include <array>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include <sonde/wire/checksum.hpp>

namespace sonde::wire {
namespace {

template <class... Octets>
std::array<std::byte, sizeof...(Octets)> octets(Octets... values) {
    return {static_cast<std::byte>(values)...};
}

// RFC 1071 section 4.1, word by word: what the fast one is checked against.
std::uint16_t slow_sum(bytes_view bytes, std::uint16_t initial = 0) {
    std::uint32_t sum = initial;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        sum += std::to_integer<std::uint32_t>(bytes[i]) << (i % 2 == 0 ? 8 : 0);
        sum = (sum & 0xffffU) + (sum >> 16);
    }
    return static_cast<std::uint16_t>(sum);
}

TEST(checksum, rfc_1071_example) {
    const auto data = octets(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7);
    EXPECT_EQ(ones_complement_sum(data), 0xddf2);
    EXPECT_EQ(internet_checksum(data), 0x220d);
}

TEST(checksum, article_vectors) {
    const auto host_order_length =
        octets(0x45, 0, 0x1c, 0, 0, 0x0b, 0, 0, 0x40, 0x01, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1);
    EXPECT_EQ(internet_checksum(host_order_length), 0x60f0);
    const auto network_order_length =
        octets(0x45, 0, 0, 0x1c, 0, 0x0b, 0, 0, 0x40, 0x01, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1);
    EXPECT_EQ(internet_checksum(network_order_length), 0x7cd4);
}

TEST(checksum, nothing_and_the_two_zeros) {
    EXPECT_EQ(ones_complement_sum({}), 0);
    EXPECT_EQ(internet_checksum({}), 0xffff);
    EXPECT_EQ(ones_complement_sum({}, 0x1234), 0x1234);
    EXPECT_EQ(ones_complement_sum(octets(0, 0, 0, 0)), 0);
    EXPECT_EQ(ones_complement_sum(octets(0xff, 0xff, 0xff, 0xff)), 0xffff);
    EXPECT_EQ(ones_complement_sum(octets(0x12, 0x34), 0xffff), 0x1234);
}

TEST(checksum, odd_last_byte_is_padded_with_zero) {
    EXPECT_EQ(ones_complement_sum(octets(0xab)), 0xab00);
    EXPECT_EQ(ones_complement_sum(octets(0x01, 0x02, 0x03)), 0x0402);
}

TEST(checksum, agrees_with_the_plain_sum_at_every_length_and_alignment) {
    std::mt19937 random{1071};
    std::vector<std::byte> data(300);
    for (auto& b : data) b = static_cast<std::byte>(random());
    for (std::size_t start = 0; start < 9; ++start) {
        for (std::size_t size = 0; start + size <= data.size(); ++size) {
            const bytes_view piece = bytes_view{data}.subspan(start, size);
            const auto initial = static_cast<std::uint16_t>(random());
            ASSERT_EQ(ones_complement_sum(piece, initial), slow_sum(piece, initial)) << start << '+' << size;
        }
    }
}

TEST(checksum, carries_of_the_longest_datagram) {
    const std::vector<std::byte> ones(65535, std::byte{0xff});
    EXPECT_EQ(ones_complement_sum(ones, 0xffff), slow_sum(ones, 0xffff));
}

TEST(checksum, sums_in_pieces) {
    const auto data = octets(0x12, 0x34, 0xff, 0xff, 0x80, 0x01, 0xfe, 0xdc, 0xba, 0x98, 0x77);
    for (std::size_t cut = 0; cut <= data.size(); cut += 2) {
        const bytes_view all{data};
        EXPECT_EQ(ones_complement_sum(all.subspan(cut), ones_complement_sum(all.first(cut))), ones_complement_sum(all));
    }
}

TEST(checksum, the_vector_of_rfc_1624) {
    EXPECT_EQ(updated_checksum(0xdd2f, 0x5555, 0x3285), 0x0000);  // section 4
}

TEST(checksum, an_update_is_what_computing_it_anew_gives) {
    std::mt19937 random(1624);  // NOLINT(cert-msc51-cpp): the same run each time
    for (int i = 0; i < 1000; ++i) {
        std::array<std::byte, 8> bytes{};
        for (auto& b : bytes) b = static_cast<std::byte>(random());
        bytes[7] |= std::byte{1};  // all zeros have two sums
        const std::uint16_t before = internet_checksum(bytes);
        const auto from = load_be<std::uint16_t>(bytes, 2);
        const auto to = static_cast<std::uint16_t>(random());
        store_be(bytes, 2, to);
        EXPECT_EQ(updated_checksum(before, from, to), internet_checksum(bytes)) << i;
        const auto old_address = ip_address::from_bytes(bytes_view{bytes}.subspan(0, 4));
        const auto new_address = ip_address::v4(static_cast<std::uint32_t>(random()));
        const std::uint16_t whole = internet_checksum(bytes);
        std::ranges::copy(new_address.bytes(), bytes.begin());
        EXPECT_EQ(updated_checksum(whole, old_address, new_address), internet_checksum(bytes)) << i;
    }
}

TEST(checksum, pseudo_header_of_ipv4) {
    const auto pseudo = octets(192, 0, 2, 1, 198, 51, 100, 7, 0, 17, 0x12, 0x34);
    EXPECT_EQ(pseudo_header_sum(ip_address::v4(0xc0000201), ip_address::v4(0xc6336407), 0x1234, 17), slow_sum(pseudo));
}

TEST(checksum, pseudo_header_of_ipv6) {
    const auto source = ip_address::parse("2001:db8::1").value();
    const auto destination = ip_address::parse("ff02::1:ff00:2").value();
    std::vector<std::byte> pseudo(source.bytes().begin(), source.bytes().end());
    pseudo.insert(pseudo.end(), destination.bytes().begin(), destination.bytes().end());
    for (const auto b : octets(0, 1, 0x12, 0x34, 0, 0, 0, 58)) pseudo.push_back(b);
    EXPECT_EQ(pseudo_header_sum(source, destination, 0x11234, 58), slow_sum(pseudo));
    EXPECT_EQ(pseudo_header_sum(source.with_scope(3), destination.with_scope(3), 0x11234, 58), slow_sum(pseudo));
}

}  // namespace
}  // namespace sonde::wire
