#include <array>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include <sonde/base/time.hpp>

namespace sonde {

std::string_view to_string(clock_source clock) noexcept {
    switch (clock) {
        case clock_source::kernel:
            return "kernel";
        case clock_source::kernel_rx:
            return "kernel-rx";
        case clock_source::user:
            return "user";
    }
    return "user";
}

result<duration> parse_duration(std::string_view text, duration bare_unit) {
    using namespace std::chrono_literals;
    struct unit {
        std::string_view name;
        duration length;
    };
    static constexpr std::array<unit, 6> units{
        {{"ns", 1ns}, {"us", 1us}, {"ms", 1ms}, {"s", 1s}, {"m", 1min}, {"h", 1h}}};

    const auto bad = [&](std::string_view why) {
        return failure{fmt::format("'{}' is not a duration: {}", text, why),
                       {},
                       std::make_error_code(std::errc::invalid_argument)};
    };
    double number = 0;
    const auto [rest, error] =
        std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
    if (error != std::errc{} || !std::isfinite(number))
        return bad("write a number with a unit, such as 200ms, 2s or 50us");
    if (std::signbit(number)) return bad("it is negative");

    const std::string_view suffix = text.substr(static_cast<std::size_t>(rest - text.data()));
    duration length = bare_unit;
    if (!suffix.empty()) {
        length = duration::zero();
        for (const auto& u : units) {
            if (suffix == u.name) length = u.length;
        }
        if (length == duration::zero())
            return bad(fmt::format("the unit '{}' is not one of ns, us, ms, s, m, h", suffix));
    }
    const double nanoseconds = number * static_cast<double>(length.count());
    if (nanoseconds > static_cast<double>(longest_duration.count())) return bad("longer than a year");
    return duration{std::llround(nanoseconds)};
}

std::string to_rfc3339(wall_time time) {
    using namespace std::chrono;
    const auto day = floor<days>(time);
    const year_month_day date{day};
    const hh_mm_ss<duration> clock{time - day};
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:09}Z", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                       clock.minutes().count(), clock.seconds().count(), clock.subseconds().count());
}

}  // namespace sonde
