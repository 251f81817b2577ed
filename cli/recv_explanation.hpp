// What a raw socket on a system sees and does not see, in words.
#pragma once

#include <string>

#include <cli/recv_settings.hpp>

#include <sonde/socket/dialect.hpp>

namespace sonde::cli {

/// One paragraph, without a newline at its end. The rules decide what it says: on BSD it is another one.
[[nodiscard]] std::string explain_raw_socket(const recv_settings& settings, const socket::raw_ip_rules& rules);

}  // namespace sonde::cli
