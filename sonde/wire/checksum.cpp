#include <array>
#include <bit>
#include <cstring>

#include <sonde/wire/checksum.hpp>

namespace sonde::wire {

namespace {

template <class Word>
Word take(bytes_view& bytes) noexcept {
    Word word;
    std::memcpy(&word, bytes.data(), sizeof word);
    bytes = bytes.subspan(sizeof word);
    return word;
}

std::uint64_t add_with_carry(std::uint64_t sum, std::uint64_t word) noexcept {
    sum += word;
    return sum + static_cast<std::uint64_t>(sum < word);
}

std::uint16_t fold(std::uint64_t sum) noexcept {
    sum = (sum >> 32) + (sum & 0xffff'ffffU);
    sum = (sum >> 32) + (sum & 0xffff'ffffU);
    sum = (sum >> 16) + (sum & 0xffffU);
    sum = (sum >> 16) + (sum & 0xffffU);
    return static_cast<std::uint16_t>((sum >> 16) + (sum & 0xffffU));
}

}  // namespace

// RFC 1071 section 2(B): the sum does not depend on the byte order it is done in, as long as it goes in and comes out
// in the same order. So the words are added as the machine loads them, from any alignment, and only the ends pass
// through `load_be` and `store_be`.
std::uint16_t ones_complement_sum(bytes_view bytes, std::uint16_t initial) noexcept {
    std::array<std::byte, 2> ends{};
    store_be(ends, 0, initial);
    std::uint64_t sum = std::bit_cast<std::uint16_t>(ends);

    while (bytes.size() >= 8) sum = add_with_carry(sum, take<std::uint64_t>(bytes));
    if (bytes.size() >= 4) sum = add_with_carry(sum, take<std::uint32_t>(bytes));
    if (bytes.size() >= 2) sum = add_with_carry(sum, take<std::uint16_t>(bytes));
    if (!bytes.empty()) {
        ends = {bytes.front(), std::byte{0}};
        sum = add_with_carry(sum, std::bit_cast<std::uint16_t>(ends));
    }
    ends = std::bit_cast<std::array<std::byte, 2>>(fold(sum));
    return load_be<std::uint16_t>(ends, 0);
}

std::uint16_t internet_checksum(bytes_view bytes, std::uint16_t initial) noexcept {
    return static_cast<std::uint16_t>(~ones_complement_sum(bytes, initial));
}

// One path for both families: the 0xffff word of an IPv4-mapped address is the other zero of one's complement, so the
// 16 mapped bytes sum to the same as the 4 bytes that RFC 768's pseudo-header has.
std::uint16_t updated_checksum(std::uint16_t checksum, std::uint16_t from, std::uint16_t to) noexcept {
    std::uint32_t sum = static_cast<std::uint16_t>(~checksum);
    sum += static_cast<std::uint16_t>(~from);
    sum += to;
    sum = (sum & 0xffffU) + (sum >> 16);
    sum = (sum & 0xffffU) + (sum >> 16);
    return static_cast<std::uint16_t>(~sum);
}

std::uint16_t updated_checksum(std::uint16_t checksum, const ip_address& from, const ip_address& to) noexcept {
    return updated_checksum(checksum, ones_complement_sum(from.bytes()), ones_complement_sum(to.bytes()));
}

std::uint16_t pseudo_header_sum(const ip_address& source, const ip_address& destination,
                                std::uint32_t upper_layer_length, std::uint8_t protocol) noexcept {
    std::array<std::byte, 8> tail{};
    store_be(tail, 0, upper_layer_length);
    store_be(tail, 7, protocol);
    std::uint16_t sum = ones_complement_sum(source.mapped_bytes());
    sum = ones_complement_sum(destination.mapped_bytes(), sum);
    return ones_complement_sum(tail, sum);
}

}  // namespace sonde::wire
