#include <array>
#include <charconv>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include <sonde/base/time.hpp>
#include <sonde/stats/condition.hpp>

namespace sonde::stats {
namespace {

using metric = fail_condition::metric;
using comparison = fail_condition::comparison;

constexpr std::array<std::pair<std::string_view, metric>, 18> metric_names{{
    {"loss", metric::loss},
    {"min", metric::min},
    {"mean", metric::mean},
    {"avg", metric::mean},
    {"p50", metric::p50},
    {"median", metric::p50},
    {"p90", metric::p90},
    {"p95", metric::p95},
    {"p99", metric::p99},
    {"max", metric::max},
    {"stddev", metric::stddev},
    {"mdev", metric::stddev},
    {"jitter", metric::jitter},
    {"lost", metric::lost},
    {"errors", metric::errors},
    {"duplicates", metric::duplicates},
    {"late", metric::late},
    {"corrupt", metric::corrupt},
}};

// The longer operators first: `>=` begins with `>`.
constexpr std::array<std::pair<std::string_view, comparison>, 6> operator_names{{
    {">=", comparison::greater_equal},
    {"<=", comparison::less_equal},
    {"==", comparison::equal},
    {"!=", comparison::not_equal},
    {">", comparison::greater},
    {"<", comparison::less},
}};

std::string_view trimmed(std::string_view text) noexcept {
    constexpr std::string_view blanks = " \t\r\n";
    const std::size_t first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

template <class Value, std::size_t N>
std::optional<Value> value_named(const std::array<std::pair<std::string_view, Value>, N>& names,
                                 std::string_view name) {
    for (const auto& [known, value] : names) {
        if (known == name) return value;
    }
    return std::nullopt;
}

template <class Number>
std::optional<Number> whole_number(std::string_view text) {
    Number number{};
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc{} || rest != end) return std::nullopt;
    return number;
}

/// The bound in the metric's own unit, or what is wrong with it.
boost::system::result<double, std::string> parse_bound(metric of, std::string_view text) {
    if (of == metric::loss) {
        if (text.ends_with('%')) text = trimmed(text.substr(0, text.size() - 1));
        const auto percent = whole_number<double>(text);
        if (!percent || !(*percent >= 0 && *percent <= 100)) return std::string{"loss is a percentage from 0 to 100"};
        return *percent;
    }
    if (of >= metric::lost) {
        const auto count = whole_number<std::uint64_t>(text);
        if (!count) return fmt::format("'{}' is not a whole number", text);
        return static_cast<double>(*count);
    }
    const auto bound = parse_duration(text, std::chrono::milliseconds{1});
    if (!bound) return bound.error().what;
    return static_cast<double>(bound->count());
}

}  // namespace

result<fail_condition> fail_condition::parse(std::string_view text) {
    const auto bad = [&](std::string_view why) {
        return failure{fmt::format("'{}' is not a condition: {}", text, why),
                       {},
                       std::make_error_code(std::errc::invalid_argument)};
    };
    fail_condition condition;
    condition.text_ = trimmed(text);
    const std::string_view all = condition.text_;
    const std::size_t name_end = all.find_first_of(" \t\r\n<>=!");
    const std::string_view name = all.substr(0, name_end);
    const auto named = value_named(metric_names, name);
    if (!named) {
        std::string known;
        for (const auto& [metric_name, value] : metric_names) (known += known.empty() ? "" : " ") += metric_name;
        return bad(fmt::format("{} (write METRIC OPERATOR VALUE, such as loss>1% or p95>50ms; METRIC is one of {})",
                               name.empty() ? "no metric" : fmt::format("no metric is called '{}'", name), known));
    }

    const std::string_view rest = trimmed(all.substr(name.size()));
    for (const auto& [spelling, meaning] : operator_names) {
        if (!rest.starts_with(spelling)) continue;
        const std::string_view value = trimmed(rest.substr(spelling.size()));
        if (value.empty()) return bad(fmt::format("no value after '{}'", spelling));
        const auto bound = parse_bound(*named, value);
        if (!bound) return bad(bound.error());
        condition.metric_ = *named;
        condition.comparison_ = meaning;
        condition.bound_ = *bound;
        return condition;
    }
    return bad(fmt::format("after '{}' comes one of > >= < <= == !=", name));
}

std::optional<double> fail_condition::value_of(const tally& measured) const {
    const auto when_answered = [&](duration value) {
        return measured.rtt.count() == 0 ? std::nullopt : std::optional{static_cast<double>(value.count())};
    };
    const auto always = [](std::uint64_t value) { return std::optional{static_cast<double>(value)}; };
    switch (metric_) {
        case metric::loss:
            return measured.settled() == 0 ? std::nullopt : std::optional{measured.loss_percent()};
        case metric::min:
            return when_answered(measured.rtt.min());
        case metric::mean:
            return when_answered(measured.rtt.mean());
        case metric::p50:
            return when_answered(measured.rtt.percentile(50));
        case metric::p90:
            return when_answered(measured.rtt.percentile(90));
        case metric::p95:
            return when_answered(measured.rtt.percentile(95));
        case metric::p99:
            return when_answered(measured.rtt.percentile(99));
        case metric::max:
            return when_answered(measured.rtt.max());
        case metric::stddev:
            return when_answered(measured.rtt.stddev());
        case metric::jitter:
            return when_answered(measured.rtt.jitter());
        case metric::lost:
            return always(measured.unanswered());
        case metric::errors:
            return always(std::uint64_t{measured.errors} + measured.send_failed);
        case metric::duplicates:
            return always(measured.duplicates);
        case metric::late:
            return always(measured.late);
        case metric::corrupt:
            return always(measured.corrupt);
    }
    return std::nullopt;
}

bool fail_condition::violated(const tally& measured) const {
    const auto value = value_of(measured);
    if (!value) return comparison_ == comparison::greater || comparison_ == comparison::greater_equal;
    switch (comparison_) {
        case comparison::greater:
            return *value > bound_;
        case comparison::greater_equal:
            return *value >= bound_;
        case comparison::less:
            return *value < bound_;
        case comparison::less_equal:
            return *value <= bound_;
        case comparison::equal:
            return *value == bound_;
        case comparison::not_equal:
            return *value != bound_;
    }
    return false;
}

}  // namespace sonde::stats
