// What `sonde ping` was told to do.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <cli/target_list.hpp>

#include <sonde/base/ip_address.hpp>
#include <sonde/base/time.hpp>
#include <sonde/probe/echo_profile.hpp>
#include <sonde/sim/scenario.hpp>
#include <sonde/stats/condition.hpp>

namespace sonde::cli {

enum class stop_when : std::uint8_t { never, up, down };

struct ping_settings {
    std::vector<listed_target> targets;
    probe::echo_profile profile;
    std::uint32_t count = 0;  ///< 0: no end
    duration interval = std::chrono::seconds{1};
    std::optional<duration> timeout;
    std::optional<duration> deadline;
    std::optional<double> rate;
    std::optional<std::uint32_t> mark;
    std::optional<family> only;        ///< -4, -6, or the family of -I ADDRESS
    std::string interface;             ///< as given to -I, when it names one
    std::optional<sim::scenario> lab;  ///< where to ask, instead of this machine's network
    std::vector<stats::fail_condition> fail_if;
    stop_when until = stop_when::never;
    bool quiet = false;
    bool numeric = false;
    bool timestamps = false;
    bool outstanding = false;
    bool flood = false;
    bool adaptive = false;
    bool audible = false;
    bool verbose = false;
    bool json = false;
    bool plot = false;

    [[nodiscard]] bool many() const noexcept { return targets.size() > 1; }
    /// -W, or twice the interval within 1 s and 10 s.
    [[nodiscard]] duration reply_timeout() const;
    [[nodiscard]] duration send_interval() const;
    /// An outcome brings the next ping forward: -f, -A and an interval of 0.
    [[nodiscard]] std::optional<duration> eager_gap() const;
};

/// The settings; or, when all has been said already (help, a complaint), the exit code.
[[nodiscard]] std::variant<ping_settings, int> read_ping_settings(int argc, char** argv);

}  // namespace sonde::cli
