// Conditions such as `loss>1%` and `p95 > 50ms`, under which a measurement counts as failed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <sonde/base/error.hpp>
#include <sonde/stats/tally.hpp>

namespace sonde::stats {

/// METRIC OPERATOR VALUE, blanks allowed between them.
/// - `loss`: percent of the settled pings (`tally::loss_percent`), `%` may be left out;
/// - `min mean avg p50 median p90 p95 p99 max stddev mdev jitter`: a duration with unit, a bare number is milliseconds;
/// - `lost` (never sent included) `errors` (ICMP errors and failed sends) `duplicates late corrupt`: a whole number.
/// Operators: `> >= < <= == !=`. A value type.
class fail_condition {
public:
    /// The error is one line that says what is wrong and, where it helps, names the metrics or operators.
    [[nodiscard]] static result<fail_condition> parse(std::string_view text);

    /// Whether the condition holds, so that the measurement failed. A metric that is unknown (a round-trip time
    /// without a reply, loss without a settled ping) meets `>` and `>=` only: a dead target cannot keep to a bound.
    [[nodiscard]] bool violated(const tally& measured) const;

    /// As it was given, without blanks around it.
    [[nodiscard]] const std::string& text() const noexcept { return text_; }

    enum class metric : std::uint8_t {
        loss,
        min,
        mean,
        p50,
        p90,
        p95,
        p99,
        max,
        stddev,
        jitter,
        lost,
        errors,
        duplicates,
        late,
        corrupt,
    };
    enum class comparison : std::uint8_t { greater, greater_equal, less, less_equal, equal, not_equal };

private:
    fail_condition() = default;
    [[nodiscard]] std::optional<double> value_of(const tally& measured) const;

    std::string text_;
    double bound_ = 0;  // percent, nanoseconds or a count, as the metric says
    metric metric_ = metric::loss;
    comparison comparison_ = comparison::greater;
};

}  // namespace sonde::stats
