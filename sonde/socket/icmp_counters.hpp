// What the kernel counted of ICMP in this network namespace.
#pragma once

#include <cstdint>
#include <string_view>

namespace sonde::socket {

/// ICMP and ICMPv6 messages that the kernel dropped for a wrong checksum (InCsumErrors of RFC 4293's kin), since the
/// namespace was made, whoever they were for. 0 when /proc does not say.
[[nodiscard]] std::uint64_t icmp_checksum_errors();

/// The same from the texts of /proc/net/snmp and /proc/net/snmp6.
[[nodiscard]] std::uint64_t parse_icmp_checksum_errors(std::string_view snmp, std::string_view snmp6);

}  // namespace sonde::socket
