#include <chrono>
#include <ctime>

#include <cli/local_time.hpp>

namespace sonde::cli {

wall_time wall_now() noexcept {
    return std::chrono::time_point_cast<duration>(std::chrono::system_clock::now());
}

std::int32_t local_utc_offset(std::int64_t second) noexcept {
    const std::time_t time = second;
    std::tm parts{};
    return ::localtime_r(&time, &parts) == nullptr ? 0 : static_cast<std::int32_t>(parts.tm_gmtoff);
}

}  // namespace sonde::cli
