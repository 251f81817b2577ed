#include <bit>

#include <sonde/sim/random_stream.hpp>

namespace sonde::sim {

random_stream::random_stream(std::uint64_t seed, std::uint64_t purpose) noexcept : state_{} {
    std::uint64_t x = mixed(seed) ^ purpose;
    for (auto& word : state_) word = x = mixed(x);
}

std::uint64_t random_stream::number() noexcept {
    auto& s = state_;
    const std::uint64_t result = std::rotl(s[1] * 5, 7) * 9;
    const std::uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = std::rotl(s[3], 45);
    return result;
}

}  // namespace sonde::sim
