#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include <sonde/report/milliseconds.hpp>
#include <sonde/report/rtt_plot.hpp>

namespace sonde::report {
namespace {

constexpr double logarithmic_from = 4;
constexpr duration finest_bucket = std::chrono::microseconds{1};  // what the labels can tell apart
constexpr std::size_t narrowest_bar = 8;

struct bucket {
    duration from{};
    duration to{};
    std::uint64_t count = 0;
};

std::vector<bucket> empty_buckets(duration min, duration max, std::size_t most) {
    const auto span = std::max(max - min, finest_bucket);
    const auto needed = static_cast<std::size_t>((span + finest_bucket - duration{1}) / finest_bucket);
    const std::size_t count = std::clamp<std::size_t>(needed, 1, std::max<std::size_t>(most, 1));
    const auto low = static_cast<double>(std::max(min, finest_bucket).count());
    const double ratio = static_cast<double>(max.count()) / low;
    const bool logarithmic = ratio > logarithmic_from;

    std::vector<bucket> buckets(count);
    duration edge = min;
    for (std::size_t i = 0; i < count; ++i) {
        const double part = static_cast<double>(i + 1) / static_cast<double>(count);
        const double end = logarithmic ? low * std::pow(ratio, part)
                                       : static_cast<double>(min.count()) + part * static_cast<double>(span.count());
        buckets[i].from = edge;
        edge = buckets[i].to = duration{std::llround(end)};
    }
    return buckets;
}

/// `count` of `most` as a bar of `width` columns; never nothing for what is there.
std::string bar(std::uint64_t count, std::uint64_t most, std::size_t width, bool ascii) {
    static constexpr std::array<std::string_view, 8> eighths{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    const std::size_t steps_per_column = ascii ? 1 : eighths.size();
    const double share = static_cast<double>(count) / static_cast<double>(most);
    auto steps = static_cast<std::size_t>(std::llround(share * static_cast<double>(width * steps_per_column)));
    if (count > 0) steps = std::max<std::size_t>(steps, 1);
    std::string drawn;
    for (std::size_t i = 0; i < steps / steps_per_column; ++i) drawn += ascii ? "#" : "█";
    if (!ascii) drawn += eighths[steps % steps_per_column];
    return drawn;
}

}  // namespace

void append_rtt_plot(std::string& out, const stats::rtt_series& series, const plot_options& options) {
    if (series.count() == 0) return;
    std::vector<bucket> buckets = empty_buckets(series.min(), series.max(), options.rows);
    series.visit([&](duration value, std::uint64_t count) {
        const duration inside = std::clamp(value, series.min(), series.max());
        const auto found =
            std::find_if(buckets.begin(), std::prev(buckets.end()), [&](const bucket& b) { return inside < b.to; });
        found->count += count;
    });

    std::uint64_t most = 0;
    std::size_t number_width = 0;
    std::size_t count_width = 0;
    for (const bucket& b : buckets) {
        most = std::max(most, b.count);
        number_width = std::max(number_width, milliseconds_text(b.to).size());
        count_width = std::max(count_width, fmt::formatted_size("{}", b.count));
    }
    const std::size_t beside = 2 * number_width + std::string_view{" -  ms   "}.size() + count_width;
    const std::size_t width = options.columns > beside + narrowest_bar ? options.columns - beside : narrowest_bar;
    for (const bucket& b : buckets) {
        const std::string drawn = bar(b.count, most, width, options.ascii);
        fmt::format_to(std::back_inserter(out), "{:>{}} - {:>{}} ms  {}{}{}\n", milliseconds_text(b.from), number_width,
                       milliseconds_text(b.to), number_width, drawn, drawn.empty() ? "" : " ", b.count);
    }
}

}  // namespace sonde::report
