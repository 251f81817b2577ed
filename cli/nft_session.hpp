// nftables through its own library (libnftables), in nft(8)'s language.
#pragma once

#include <string>
#include <string_view>

#include <sonde/base/error.hpp>

namespace sonde::cli {

/// Runs the commands, one a line, as one transaction: all or nothing. What they print is returned. Needs CAP_NET_ADMIN,
/// raised around the call alone. The failure has nftables' own first line, and says so where the kernel has no nftables
/// at all.
[[nodiscard]] result<std::string> run_nft(const std::string& commands);

/// Whether the table (`inet NAME`) is there. The failure is that of `run_nft`.
[[nodiscard]] result<bool> has_nft_table(std::string_view table);

}  // namespace sonde::cli
