#include <bit>

#include <sonde/report/line_writer.hpp>

namespace sonde::report {

namespace {

constexpr std::size_t longest_number = 20;
constexpr std::string_view digits_of_16 = "0123456789abcdef";

// `00` to `99`.
constexpr auto pairs = [] {
    std::array<char, 200> table{};
    for (std::size_t i = 0; i < 100; ++i) {
        table[2 * i] = static_cast<char>('0' + i / 10);
        table[2 * i + 1] = static_cast<char>('0' + i % 10);
    }
    return table;
}();

struct octet_text {
    char text[3];
    std::uint8_t size;
};

// `0` to `255`: most numbers of an address are looked up, not divided.
constexpr auto octets = [] {
    std::array<octet_text, 256> table{};
    for (std::size_t i = 0; i < table.size(); ++i) {
        octet_text& o = table[i];
        if (i >= 100) o.text[o.size++] = static_cast<char>('0' + i / 100);
        if (i >= 10) o.text[o.size++] = static_cast<char>('0' + i / 10 % 10);
        o.text[o.size++] = static_cast<char>('0' + i % 10);
    }
    return table;
}();

char* put_octet(char* at, std::byte value) noexcept {
    const octet_text& o = octets[std::to_integer<std::size_t>(value)];
    std::memcpy(at, o.text, sizeof o.text);
    return at + o.size;
}

char* put_group(char* at, unsigned value) noexcept {
    const int digits = value == 0 ? 1 : (static_cast<int>(std::bit_width(value)) + 3) / 4;
    for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) *at++ = digits_of_16[(value >> shift) & 0xfU];
    return at;
}

char* put_ipv4(char* at, bytes_view address) noexcept {
    for (std::size_t i = 0; i < 3; ++i) {
        at = put_octet(at, address[i]);
        *at++ = '.';
    }
    return put_octet(at, address[3]);
}

// The longest run of at least two zero groups, the first of equals: RFC 5952 section 4.2.
struct zero_run {
    std::size_t begin = 8;
    std::size_t size = 0;
};

zero_run longest_zeros(const std::array<unsigned, 8>& groups) noexcept {
    zero_run best;
    for (std::size_t i = 0; i < groups.size(); ++i) {
        std::size_t size = 0;
        while (i + size < groups.size() && groups[i + size] == 0) ++size;
        if (size > 1 && size > best.size) best = {i, size};
        i += size;
    }
    return best;
}

}  // namespace

line_writer& line_writer::number(std::uint64_t value) noexcept {
    unsigned digits = 1;
    // The largest power of ten that fits has twenty digits, and ten times that would wrap.
    for (std::uint64_t bound = 10; value >= bound && digits < longest_number; bound *= 10) ++digits;
    if (!room(digits)) return *this;
    char* at = at_ + digits;
    at_ = at;
    while (value >= 100) {
        at -= 2;
        std::memcpy(at, &pairs[value % 100 * 2], 2);
        value /= 100;
    }
    if (value >= 10) {
        std::memcpy(at - 2, &pairs[value * 2], 2);
    } else {
        at[-1] = static_cast<char>('0' + value);
    }
    return *this;
}

line_writer& line_writer::padded(std::uint64_t value, unsigned digits) noexcept {
    if (!room(digits)) return *this;
    for (unsigned i = digits; i > 0; --i) {
        at_[i - 1] = static_cast<char>('0' + value % 10);
        value /= 10;
    }
    at_ += digits;
    return *this;
}

line_writer& line_writer::hexadecimal(std::uint64_t value, unsigned digits) noexcept {
    if (!room(16)) return *this;
    unsigned needed = digits;
    while (needed < 16 && value >> (4 * needed) != 0) ++needed;
    for (unsigned i = needed; i > 0; --i) *at_++ = digits_of_16[(value >> (4 * (i - 1))) & 0xfU];
    return *this;
}

line_writer& line_writer::ipv4(bytes_view address) noexcept {
    // More than the longest: three characters are written for every octet, and the surplus overwritten.
    if (room(18)) at_ = put_ipv4(at_, address);
    return *this;
}

line_writer& line_writer::ipv6(bytes_view address) noexcept {
    if (!room(48)) return *this;
    std::array<unsigned, 8> groups;
    for (std::size_t i = 0; i < groups.size(); ++i) groups[i] = load_be<std::uint16_t>(address, 2 * i);
    const zero_run zeros = longest_zeros(groups);
    // IPv4-mapped and IPv4-compatible, as inet_ntop writes them.
    const bool mixed = zeros.begin == 0 && (zeros.size == 6 || (zeros.size == 5 && groups[5] == 0xffff));
    for (std::size_t i = 0; i < groups.size(); ++i) {
        if (i == zeros.begin) {
            *at_++ = ':';
            i += zeros.size - 1;
            if (i + 1 == groups.size()) *at_++ = ':';
            continue;
        }
        if (i > 0) *at_++ = ':';
        if (mixed && i == 6) {
            at_ = put_ipv4(at_, address.subspan(12));
            break;
        }
        at_ = put_group(at_, groups[i]);
    }
    return *this;
}

line_writer& line_writer::mac(bytes_view address) noexcept {
    if (!room(18)) return *this;
    for (std::size_t i = 0; i < 6; ++i) {
        const auto octet = std::to_integer<unsigned>(address[i]);
        *at_++ = digits_of_16[octet >> 4];
        *at_++ = digits_of_16[octet & 0xfU];
        *at_++ = ':';
    }
    --at_;
    return *this;
}

}  // namespace sonde::report
