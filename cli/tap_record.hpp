// What `sonde tap` remembers of a device that it has made. It stands in the device's own alias (IFLA_IFALIAS), where
// the kernel keeps it as long as the device, in the right network namespace, and ip(8) shows it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sonde/base/ip_address.hpp>

namespace sonde::cli {

/// A value type.
struct tap_record {
    bool masquerade = false;
    /// What forwarding was before the first of our devices turned it on; none: this one does not need it.
    std::optional<std::uint32_t> v4_forwarding = {};
    std::optional<std::uint32_t> v6_forwarding = {};

    [[nodiscard]] const std::optional<std::uint32_t>& forwarding(family f) const noexcept {
        return f == family::v4 ? v4_forwarding : v6_forwarding;
    }
    [[nodiscard]] std::optional<std::uint32_t>& forwarding(family f) noexcept {
        return f == family::v4 ? v4_forwarding : v6_forwarding;
    }

    /// `sonde tap: masquerade, ipv4 forwarding was 0`: at most 255 bytes.
    [[nodiscard]] std::string to_alias() const;
    /// Nothing for an alias that is not ours.
    [[nodiscard]] static std::optional<tap_record> from_alias(std::string_view alias);

    friend bool operator==(const tap_record&, const tap_record&) = default;
};

/// A family's forwarding: the file below /proc/sys and sysctl(8)'s name for it.
struct forwarding_switch {
    family of;
    const char* path;
    std::string_view name;
};
inline constexpr std::array<forwarding_switch, 2> forwarding_switches{{
    {family::v4, "/proc/sys/net/ipv4/ip_forward", "net.ipv4.ip_forward"},
    {family::v6, "/proc/sys/net/ipv6/conf/all/forwarding", "net.ipv6.conf.all.forwarding"},
}};

/// What a new device has to remember: of the others' memories the first, since forwarding is on because of them; else
/// what it is now.
[[nodiscard]] std::uint32_t forwarding_before(family f, const std::vector<tap_record>& others, std::uint32_t now);

/// What forwarding is to be set to when the device of `going` is deleted; nothing: it stays, because another of our
/// devices needs it, or it was on before, or somebody has turned it off meanwhile.
[[nodiscard]] std::optional<std::uint32_t> forwarding_after(family f, const tap_record& going,
                                                            const std::vector<tap_record>& others, std::uint32_t now);

}  // namespace sonde::cli
