// What the tests of the wire room share: packets as hex, seeded randomness, and what every parser has to survive.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <stdexcept>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include <sonde/base/bytes.hpp>
#include <sonde/base/ip_address.hpp>
#include <sonde/base/mac_address.hpp>

namespace sonde::wire::rig {

/// `4500 0016`: digits, with spaces wherever they help the eye.
inline std::vector<std::byte> hex(std::string_view digits) {
    std::vector<std::byte> bytes;
    unsigned value = 1;
    for (const char c : digits) {
        if (c == ' ') continue;
        const auto at = std::string_view("0123456789abcdef").find(c);
        if (at == std::string_view::npos) throw std::invalid_argument("no hex digit");
        value = value * 16 + static_cast<unsigned>(at);
        if (value < 256) continue;
        bytes.push_back(static_cast<std::byte>(value & 0xffU));
        value = 1;
    }
    if (value != 1) throw std::invalid_argument("half a byte");
    return bytes;
}

inline ip_address ip(std::string_view text) {
    return ip_address::parse(text).value();
}

inline mac_address mac(std::string_view text) {
    return mac_address::parse(text).value();
}

/// The same numbers on every machine and in every run.
class seeded {
public:
    explicit seeded(std::uint64_t seed) : engine_(seed) {}

    template <class T>
    T number() {
        return static_cast<T>(engine_());
    }
    bool coin() { return (engine_() & 1U) != 0; }
    std::size_t below(std::size_t bound) { return static_cast<std::size_t>(engine_() % bound); }
    std::vector<std::byte> bytes(std::size_t size) {
        std::vector<std::byte> out(size);
        std::ranges::generate(out, [this] { return number<std::byte>(); });
        return out;
    }
    ip_address v4() { return ip_address::v4(number<std::uint32_t>()); }
    /// Neither multicast nor IPv4-mapped.
    ip_address v6() {
        auto octets = bytes(16);
        octets.front() = std::byte{0x20};
        return ip_address::from_bytes(octets);
    }
    mac_address mac() { return mac_address::from_bytes(bytes(6)); }

private:
    std::mt19937_64 engine_;
};

/// Calls `read` with every truncation of `sample` and with every value of every byte, each in memory of exactly its
/// size, where the sanitizers see a byte read too many.
template <class Read>
void survive(const std::vector<std::byte>& sample, Read read) {
    for (std::size_t size = 0; size <= sample.size(); ++size) {
        const std::vector<std::byte> cut(sample.begin(), sample.begin() + static_cast<std::ptrdiff_t>(size));
        read(bytes_view{cut});
    }
    std::vector<std::byte> mutated = sample;
    for (std::size_t at = 0; at < sample.size(); ++at) {
        for (unsigned value = 0; value < 256; ++value) {
            mutated[at] = static_cast<std::byte>(value);
            read(bytes_view{mutated});
        }
        mutated[at] = sample[at];
    }
}

/// Emits into exactly `size()` bytes and one more, which must stay as it is.
template <class Message, class... Arguments>
std::vector<std::byte> emitted(const Message& message, Arguments... arguments) {
    std::vector<std::byte> out(message.size() + 1, std::byte{0xee});
    EXPECT_EQ(message.emit(out, arguments...), message.size());
    EXPECT_EQ(out.back(), std::byte{0xee});
    out.pop_back();
    return out;
}

/// With one byte less nothing is written.
template <class Message, class... Arguments>
void expect_needs_its_room(const Message& message, Arguments... arguments) {
    std::vector<std::byte> out(message.size() - 1, std::byte{0xee});
    EXPECT_EQ(message.emit(out, arguments...), 0U);
    EXPECT_TRUE(std::ranges::all_of(out, [](std::byte b) { return b == std::byte{0xee}; }));
}

}  // namespace sonde::wire::rig
