#include <ctime>

#include <cli/local_time.hpp>

namespace sonde::cli {

std::int32_t local_utc_offset(std::int64_t second) noexcept {
    const std::time_t time = second;
    std::tm parts{};
    return ::localtime_r(&time, &parts) == nullptr ? 0 : static_cast<std::int32_t>(parts.tm_gmtoff);
}

}  // namespace sonde::cli
