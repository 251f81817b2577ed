// What `sonde tap` does, as the commands that somebody would type: for --dry-run, and for nftables, which takes them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <cli/tap_record.hpp>
#include <cli/tap_settings.hpp>

namespace sonde::cli {

/// The nftables table of a device's own, so that to delete it undoes exactly what came with the device.
[[nodiscard]] std::string masquerade_table(std::string_view device);

/// In nft(8)'s language, one command each; for one transaction. Sources are the addresses' own prefixes, but link-local
/// ones, which nobody forwards.
[[nodiscard]] std::vector<std::string> masquerade_commands(const tap_creation& c);

/// The families that `c` masquerades.
[[nodiscard]] std::vector<family> masqueraded_families(const tap_creation& c);

/// A shell script that does the same.
[[nodiscard]] std::string creation_script(const tap_creation& c);

/// The same of a deletion; `after` are the values that forwarding gets.
struct forwarding_value {
    const forwarding_switch* which = nullptr;
    std::uint32_t value = 0;
};
[[nodiscard]] std::string deletion_script(std::string_view device, bool masquerade,
                                          const std::vector<forwarding_value>& after);

}  // namespace sonde::cli
