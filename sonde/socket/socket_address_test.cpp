#include <cstring>

#include <gtest/gtest.h>

#include <sonde/socket/socket_address.hpp>

namespace sonde::socket {
namespace {

TEST(socket_address, there_and_back) {
    for (const char* text : {"192.0.2.1", "2001:db8::1", "fe80::1%7", "::", "0.0.0.0"}) {
        const auto address = ip_address::parse(text).value();
        const socket_address sa(address, 4711);
        EXPECT_EQ(address_of(sa.data(), sa.size), address) << text;
        EXPECT_EQ(port_of(sa), 4711);
    }
}

TEST(socket_address, golden_bytes) {
    const socket_address sa(ip_address::parse("192.0.2.1").value(), 0x0102);
    std::array<std::byte, 8> bytes;
    std::memcpy(bytes.data(), sa.data(), bytes.size());
    EXPECT_EQ(load_be<std::uint32_t>(bytes_view{bytes}, 4), 0xc0000201U);
    EXPECT_EQ(load_be<std::uint16_t>(bytes_view{bytes}, 2), 0x0102);
}

TEST(socket_address, too_few_bytes_or_another_family_are_no_address) {
    const socket_address sa(ip_address::parse("2001:db8::1").value());
    for (std::size_t size = 0; size < sizeof(sockaddr_in6); ++size)
        EXPECT_EQ(address_of(sa.data(), size), ip_address{});
    socket_address other = sa;
    const sa_family_t unix_domain = AF_UNIX;
    std::memcpy(other.storage.data(), &unix_domain, sizeof unix_domain);
    EXPECT_EQ(address_of(other.data(), other.size), ip_address{});
}

}  // namespace
}  // namespace sonde::socket
