#include <array>
#include <limits>

#include <gtest/gtest.h>

#include <sonde/base/bytes.hpp>

namespace sonde {
namespace {

constexpr std::array<std::byte, 9> ramp{std::byte{0x80}, std::byte{0x91}, std::byte{0xa2},
                                        std::byte{0xb3}, std::byte{0xc4}, std::byte{0xd5},
                                        std::byte{0xe6}, std::byte{0xf7}, std::byte{0x08}};

TEST(bytes, load_is_big_endian_at_any_alignment) {
    EXPECT_EQ(load_be<std::uint8_t>(ramp, 0), 0x80);
    EXPECT_EQ(load_be<std::uint16_t>(ramp, 0), 0x8091);
    EXPECT_EQ(load_be<std::uint16_t>(ramp, 7), 0xf708);
    EXPECT_EQ(load_be<std::uint32_t>(ramp, 1), 0x91a2b3c4U);
    EXPECT_EQ(load_be<std::uint64_t>(ramp, 0), 0x8091a2b3c4d5e6f7U);
    EXPECT_EQ(load_be<std::uint64_t>(ramp, 1), 0x91a2b3c4d5e6f708U);
}

static_assert(load_be<std::uint16_t>(ramp, 0) == 0x8091, "usable in constant expressions");

template <class T>
void round_trip() {
    for (const T value :
         {T{0}, T{1}, static_cast<T>(std::numeric_limits<T>::max() / 3), std::numeric_limits<T>::max()}) {
        std::array<std::byte, sizeof(T) + 2> buffer{};
        buffer.front() = buffer.back() = std::byte{0xee};
        store_be(buffer, 1, value);
        EXPECT_EQ(load_be<T>(buffer, 1), value);
        EXPECT_EQ(buffer.front(), std::byte{0xee});
        EXPECT_EQ(buffer.back(), std::byte{0xee});
    }
}

TEST(bytes, store_then_load) {
    round_trip<std::uint8_t>();
    round_trip<std::uint16_t>();
    round_trip<std::uint32_t>();
    round_trip<std::uint64_t>();
}

TEST(bytes, store_is_big_endian) {
    std::array<std::byte, 4> buffer{};
    store_be(buffer, 0, 0x01020304U);
    EXPECT_EQ(buffer, (std::array{std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}}));
}

}  // namespace
}  // namespace sonde
