// Text of bounded length put together at the rate at which packets come: no allocation, no format strings.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include <sonde/base/bytes.hpp>

namespace sonde::report {

/// What does not fit is left out, and `full` says so. One thread at a time.
class line_writer {
public:
    static constexpr std::size_t capacity = 4096;

    line_writer() noexcept : at_(buffer_.data()), end_(buffer_.data() + capacity) {}
    line_writer(const line_writer&) = delete;
    line_writer& operator=(const line_writer&) = delete;

    [[nodiscard]] std::string_view text() const noexcept {
        return {buffer_.data(), static_cast<std::size_t>(at_ - buffer_.data())};
    }
    [[nodiscard]] bool full() const noexcept { return full_; }
    void clear() noexcept {
        at_ = buffer_.data();
        full_ = false;
    }

    line_writer& put(std::string_view text) noexcept {
        if (!room(text.size())) return *this;
        std::memcpy(at_, text.data(), text.size());
        at_ += text.size();
        return *this;
    }
    /// A literal, whose size the compiler knows.
    template <std::size_t Size>
    line_writer& put(const char (&text)[Size]) noexcept {
        if (!room(Size - 1)) return *this;
        std::memcpy(at_, text, Size - 1);
        at_ += Size - 1;
        return *this;
    }
    line_writer& put(char c) noexcept {
        if (room(1)) *at_++ = c;
        return *this;
    }
    /// Decimal.
    line_writer& number(std::uint64_t value) noexcept;
    /// Decimal with leading zeros, `digits` of them at most; higher ones are left out.
    line_writer& padded(std::uint64_t value, unsigned digits) noexcept;
    /// Hexadecimal, lower case, at least `digits` digits.
    line_writer& hexadecimal(std::uint64_t value, unsigned digits = 1) noexcept;

    /// The addresses take the first 4, 16 or 6 bytes, which must be there. IPv6 as RFC 5952 has it.
    line_writer& ipv4(bytes_view address) noexcept;
    line_writer& ipv6(bytes_view address) noexcept;
    line_writer& mac(bytes_view address) noexcept;

private:
    [[nodiscard]] bool room(std::size_t size) noexcept {
        if (static_cast<std::size_t>(end_ - at_) >= size) return true;
        full_ = true;
        return false;
    }
    std::array<char, capacity> buffer_{};
    char* at_;
    char* end_;
    bool full_ = false;
};

}  // namespace sonde::report
