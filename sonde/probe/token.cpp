#include <bit>

#include <sonde/probe/token.hpp>

namespace sonde::probe {

namespace {

// SipHash reads its words in little-endian order, whatever the machine.
std::uint64_t load_le(bytes_view bytes, std::size_t offset, std::size_t size) noexcept {
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < size; ++i) word |= std::to_integer<std::uint64_t>(bytes[offset + i]) << (8 * i);
    return word;
}

struct sip_state {
    std::uint64_t v0, v1, v2, v3;

    void rounds(int count) noexcept {
        for (; count > 0; --count) {
            v0 += v1;
            v2 += v3;
            v1 = std::rotl(v1, 13) ^ v0;
            v3 = std::rotl(v3, 16) ^ v2;
            v0 = std::rotl(v0, 32);
            v2 += v1;
            v0 += v3;
            v1 = std::rotl(v1, 17) ^ v2;
            v3 = std::rotl(v3, 21) ^ v0;
            v2 = std::rotl(v2, 32);
        }
    }
    void absorb(std::uint64_t word) noexcept {
        v3 ^= word;
        rounds(2);
        v0 ^= word;
    }
};

}  // namespace

std::uint64_t siphash(const std::array<std::uint64_t, 2>& key, bytes_view message) noexcept {
    sip_state state{key[0] ^ 0x736f6d6570736575ULL, key[1] ^ 0x646f72616e646f6dULL, key[0] ^ 0x6c7967656e657261ULL,
                    key[1] ^ 0x7465646279746573ULL};
    const std::size_t whole = message.size() / 8 * 8;
    for (std::size_t i = 0; i < whole; i += 8) state.absorb(load_le(message, i, 8));
    state.absorb(load_le(message, whole, message.size() - whole) | (std::uint64_t{message.size()} << 56));
    state.v2 ^= 0xff;
    state.rounds(4);
    return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

std::uint64_t token_key::code(const subject& s) const noexcept {
    std::array<std::byte, 12> message;
    store_be(message, 0, s.serial);
    store_be(message, 8, s.lane);
    return siphash(key_, message);
}

void token_key::write(bytes_span payload, const subject& s) const noexcept {
    if (payload.size() >= full_size) {
        store_be(payload, 0, s.serial);
        store_be(payload, 8, code(s));
    } else if (payload.size() >= code_size) {
        store_be(payload, 0, code(s));
    }
}

std::optional<std::uint64_t> token_key::claimed_serial(bytes_view payload) noexcept {
    if (payload.size() < full_size) return std::nullopt;
    return load_be<std::uint64_t>(payload, 0);
}

bool token_key::verify(bytes_view payload, std::size_t sent_size, const subject& s) const noexcept {
    if (sent_size >= full_size) {
        return claimed_serial(payload) == s.serial && load_be<std::uint64_t>(payload, 8) == code(s);
    }
    return sent_size >= code_size && payload.size() >= code_size && load_be<std::uint64_t>(payload, 0) == code(s);
}

}  // namespace sonde::probe
