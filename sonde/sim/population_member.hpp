// Hosts of a population, which are drawn and not stored.
#pragma once

#include <cstdint>

#include <sonde/base/ip_address.hpp>
#include <sonde/base/time.hpp>
#include <sonde/sim/scenario.hpp>

namespace sonde::sim {

/// A number from the seed and an address, the same whenever it is asked.
[[nodiscard]] std::uint64_t drawn_for(std::uint64_t seed, const ip_address& address, std::uint64_t purpose) noexcept;

/// Whether an address of the population's prefix is one of its hosts.
[[nodiscard]] bool population_has(const scenario& s, const population& of, const ip_address& address) noexcept;

/// How late that host answers.
[[nodiscard]] duration population_delay(const scenario& s, const population& of, const ip_address& address) noexcept;

}  // namespace sonde::sim
