// What `sonde trace` was told to do.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <cli/target_list.hpp>

#include <sonde/base/ip_address.hpp>
#include <sonde/base/time.hpp>
#include <sonde/probe/trace_options.hpp>
#include <sonde/sim/scenario.hpp>

namespace sonde::cli {

struct trace_settings {
    std::vector<listed_target> targets;
    probe::trace_options options;  ///< of every target; `destination` is filled in for each
    std::optional<std::uint32_t> count;
    std::optional<double> rate;
    std::optional<family> only;  ///< -4, -6, or the family of --source
    std::vector<std::string> databases;
    std::optional<sim::scenario> lab;  ///< where to ask, instead of this machine's network
    bool numeric = false;
    bool extensions = false;
    bool systems = false;
    bool quiet = false;
    bool json = false;

    [[nodiscard]] bool many() const noexcept { return targets.size() > 1; }
    /// mtr's report in place of traceroute's lines.
    [[nodiscard]] bool rounds() const noexcept { return count.has_value(); }
    /// Bytes of the IP packet that a probe is, as traceroute counts them.
    [[nodiscard]] std::size_t shown_size(family f) const noexcept;
};

/// The settings; or, when all has been said already (help, a complaint), the exit code.
[[nodiscard]] std::variant<trace_settings, int> read_trace_settings(int argc, char** argv);

}  // namespace sonde::cli
