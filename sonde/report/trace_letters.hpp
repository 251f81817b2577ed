// What traceroute writes beside an address and a time: `!H`, `!X`, `!F-1400`, and the extensions of an ICMP error.
#pragma once

#include <string>

#include <sonde/base/ip_address.hpp>
#include <sonde/probe/trace_event.hpp>

namespace sonde::report {

/// `!N !H !P !X !F-1400 !S !V !C`, `!<13>` for another code of destination unreachable, `!<4-1>` for another type;
/// empty for what is usual: a hop's time exceeded, the destination's port unreachable, and what is no ICMP error.
/// `f` is the family of the probe.
[[nodiscard]] std::string trace_mark(family f, const probe::hop_answer& answer);

/// As traceroute -e writes them between `<` and `>`, objects divided by `;`: `MPLS:L=16001,E=0,S=1,T=1/L=...` (RFC
/// 4950), `INC:3,192.0.2.1,"eth0",mtu=1500` (RFC 5837; what is missing stays empty), `CLASS/TYPE:` and the bytes in
/// hexadecimal, a comma after each four, for the rest. Escaped. Empty when there is none.
[[nodiscard]] std::string extension_text(const probe::hop_extensions& extensions);

}  // namespace sonde::report
