#include <sonde/sim/population_member.hpp>
#include <sonde/sim/random_stream.hpp>

namespace sonde::sim {

namespace {

constexpr std::uint64_t whether_it_exists = 1;
constexpr std::uint64_t how_late = 2;

}  // namespace

std::uint64_t drawn_for(std::uint64_t seed, const ip_address& address, std::uint64_t purpose) noexcept {
    std::uint64_t hash = mixed(seed) ^ purpose;
    for (const std::size_t at : {0U, 8U}) hash = mixed(hash ^ load_be<std::uint64_t>(address.mapped_bytes(), at));
    return hash;
}

bool population_has(const scenario& s, const population& of, const ip_address& address) noexcept {
    return unit_of(drawn_for(s.seed, address, whether_it_exists)) < of.answering;
}

duration population_delay(const scenario& s, const population& of, const ip_address& address) noexcept {
    const double share = unit_of(drawn_for(s.seed, address, how_late));
    return of.host.delay + duration{static_cast<duration::rep>(share * static_cast<double>(of.host.jitter.count()))};
}

}  // namespace sonde::sim
