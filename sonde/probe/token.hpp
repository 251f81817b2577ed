// The keyed token in a ping's payload: what proves that an answer belongs to a ping of this process, and to which one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include <sonde/base/bytes.hpp>

namespace sonde::probe {

/// SipHash-2-4 (Aumasson and Bernstein, 2012) of `message` under a 128-bit key.
[[nodiscard]] std::uint64_t siphash(const std::array<std::uint64_t, 2>& key, bytes_view message) noexcept;

/// Makes and verifies tokens under one key, which is secret and drawn per process. Immutable, any thread.
class token_key {
public:
    /// A token fills the first 16 bytes of a payload: the ping's serial number, then the code over serial and
    /// lane. A payload of 8 to 15 bytes carries the code alone, a shorter one nothing.
    static constexpr std::size_t full_size = 16;
    static constexpr std::size_t code_size = 8;

    struct subject {
        std::uint64_t serial = 0;  ///< never repeats on one lane; its low 16 bits are the sequence number
        std::uint32_t lane = 0;
    };

    explicit token_key(std::array<std::uint64_t, 2> key) noexcept : key_(key) {}

    /// Writes as much of the token as `payload` has room for.
    void write(bytes_span payload, const subject& s) const noexcept;

    /// The serial number that a payload of at least 16 bytes claims; to be believed only after `verify`.
    [[nodiscard]] static std::optional<std::uint64_t> claimed_serial(bytes_view payload) noexcept;

    /// Whether `payload`, which was `sent_size` bytes when it left, carries the token of `s`.
    [[nodiscard]] bool verify(bytes_view payload, std::size_t sent_size, const subject& s) const noexcept;

private:
    [[nodiscard]] std::uint64_t code(const subject& s) const noexcept;

    std::array<std::uint64_t, 2> key_;
};

}  // namespace sonde::probe
