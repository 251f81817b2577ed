// The names of ICMP and ICMPv6 errors, for people and for programs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <sonde/base/ip_address.hpp>

namespace sonde::wire {

/// The name for programs: `host_unreachable`, `time_exceeded_in_transit`, `packet_too_big`,
/// `communication_administratively_prohibited`, ... from the RFC's words (792, 1122, 1812, 4443); `type_44_code_2` for
/// what no RFC names.
[[nodiscard]] std::string icmp_error_name(family f, std::uint8_t type, std::uint8_t code);

/// The words that iputils' ping prints: `Destination Host Unreachable`, `Time to live exceeded`, ...
/// `info` is the next-hop MTU, the pointer or the gateway, where the type has one; 0 when unknown.
[[nodiscard]] std::string icmp_error_text(family f, std::uint8_t type, std::uint8_t code, std::uint32_t info);

}  // namespace sonde::wire
