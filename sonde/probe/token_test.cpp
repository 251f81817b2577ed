#include <array>
#include <vector>

#include <gtest/gtest.h>

#include <sonde/probe/token.hpp>

namespace sonde::probe {
namespace {

// The reference implementation's vectors: key 00 01 .. 0f, messages of 0, 1, 2, 8 and 15 bytes 00 01 02 ...
TEST(siphash, reference_vectors) {
    const std::array<std::uint64_t, 2> key{0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL};
    std::array<std::byte, 15> message;
    for (std::size_t i = 0; i < message.size(); ++i) message[i] = static_cast<std::byte>(i);
    const auto hash = [&](std::size_t n) { return siphash(key, bytes_view{message}.first(n)); };
    EXPECT_EQ(hash(0), 0x726fdb47dd0e0e31ULL);
    EXPECT_EQ(hash(1), 0x74f839c593dc67fdULL);
    EXPECT_EQ(hash(2), 0x0d6c8009d9a94f5aULL);
    EXPECT_EQ(hash(8), 0x93f5f5799a932462ULL);
    EXPECT_EQ(hash(15), 0xa129ca6149be45e5ULL);
}

TEST(token, proves_serial_and_lane_under_one_key_only) {
    const token_key key({1, 2});
    std::vector<std::byte> payload(56);
    key.write(payload, {77, 3});
    EXPECT_TRUE(key.verify(payload, 56, {77, 3}));
    EXPECT_EQ(token_key::claimed_serial(payload), 77U);
    EXPECT_FALSE(key.verify(payload, 56, {78, 3}));
    EXPECT_FALSE(key.verify(payload, 56, {77, 4}));
    EXPECT_FALSE(token_key({1, 3}).verify(payload, 56, {77, 3}));
    for (std::size_t i = 0; i < token_key::full_size; ++i) {
        auto changed = payload;
        changed[i] ^= std::byte{1};
        EXPECT_FALSE(key.verify(changed, 56, {77, 3})) << i;
    }
}

TEST(token, takes_what_room_there_is) {
    const token_key key({1, 2});
    for (std::size_t size = 0; size < 20; ++size) {
        std::vector<std::byte> payload(size, std::byte{0xee});
        key.write(payload, {5, 0});
        EXPECT_EQ(key.verify(payload, size, {5, 0}), size >= 8) << size;
        EXPECT_EQ(token_key::claimed_serial(payload).has_value(), size >= 16) << size;
    }
    // A short answer to a long ping proves nothing, whatever it carries.
    std::vector<std::byte> payload(56);
    key.write(payload, {5, 0});
    for (std::size_t cut = 0; cut < 16; ++cut) EXPECT_FALSE(key.verify(bytes_view{payload}.first(cut), 56, {5, 0}));
}

}  // namespace
}  // namespace sonde::probe
