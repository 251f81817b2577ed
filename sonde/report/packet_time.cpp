#include <chrono>

#include <sonde/report/packet_time.hpp>

namespace sonde::report {

namespace {

using namespace std::chrono;

constexpr std::int64_t quarter_hour = 15 * 60;

struct split_time {
    std::int64_t second;
    std::uint64_t microsecond;
};

// Also for moments at the ends of the range, which a capture file may claim, and where std::chrono would overflow.
split_time split(wall_time at) noexcept {
    constexpr std::int64_t whole = 1'000'000'000;
    const std::int64_t all = at.time_since_epoch().count();
    std::int64_t second = all / whole;
    std::int64_t rest = all % whole;
    if (rest < 0) {
        --second;
        rest += whole;
    }
    return {second, static_cast<std::uint64_t>(rest / 1000)};
}

void put_clock(line_writer& line, std::uint64_t second_of_day) noexcept {
    line.padded(second_of_day / 3600, 2)
        .put(':')
        .padded(second_of_day / 60 % 60, 2)
        .put(':')
        .padded(second_of_day % 60, 2);
}

}  // namespace

void packet_time::write_local(line_writer& line, std::int64_t second) {
    if (second == cached_second_) {
        line.put({cached_.data(), cached_size_});
        return;
    }
    if (const std::int64_t quarter = floor<minutes>(seconds{second}).count() / 15; quarter != quarter_) {
        quarter_ = quarter;
        quarter_offset_ = offset_(quarter_ * quarter_hour);
    }
    const sys_seconds local{seconds{second + quarter_offset_}};
    const auto day = floor<days>(local);
    const std::size_t begin = line.text().size();
    if (style_ == packet_time_style::date_and_time) {
        const year_month_day date{day};
        const int year = static_cast<int>(date.year());
        line.padded(static_cast<std::uint64_t>(year < 0 ? 0 : year), 4).put('-');
        line.padded(static_cast<unsigned>(date.month()), 2).put('-');
        line.padded(static_cast<unsigned>(date.day()), 2).put(' ');
    }
    put_clock(line, static_cast<std::uint64_t>((local - day).count()));
    line.put('.');
    const std::string_view written = line.text().substr(begin);
    if (written.size() > cached_.size()) return;
    cached_size_ = written.copy(cached_.data(), cached_.size());
    cached_second_ = second;
}

void packet_time::write_difference(line_writer& line, wall_time at, wall_time reference) {
    const bool back = at < reference;
    const auto nanoseconds_of = [](wall_time t) { return static_cast<std::uint64_t>(t.time_since_epoch().count()); };
    const std::uint64_t between =
        back ? nanoseconds_of(reference) - nanoseconds_of(at) : nanoseconds_of(at) - nanoseconds_of(reference);
    const std::uint64_t second = between / 1'000'000'000;
    line.put(back ? '-' : ' ');
    line.padded(second / 3600, second >= 100 * 3600 ? 7 : 2).put(':').padded(second / 60 % 60, 2);
    line.put(':').padded(second % 60, 2).put('.').padded(between / 1000 % 1'000'000, 6).put(' ');
}

void packet_time::write(line_writer& line, wall_time at) {
    if (style_ == packet_time_style::none) return;
    if (!first_seen_) {
        first_seen_ = true;
        first_ = previous_ = at;
    }
    if (style_ == packet_time_style::since_previous) {
        write_difference(line, at, previous_);
        previous_ = at;
        return;
    }
    if (style_ == packet_time_style::since_first) return write_difference(line, at, first_);
    const split_time t = split(at);
    if (style_ == packet_time_style::since_epoch) {
        if (t.second < 0) line.put('-');
        line.number(static_cast<std::uint64_t>(t.second < 0 ? -t.second : t.second)).put('.');
    } else {
        write_local(line, t.second);
    }
    line.padded(t.microsecond, 6).put(' ');
}

}  // namespace sonde::report
