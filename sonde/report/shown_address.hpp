// An address with what is known of it, on one line.
#pragma once

#include <string>

#include <sonde/base/ip_address.hpp>
#include <sonde/report/address_note.hpp>

namespace sonde::report {

/// `192.0.2.1`; `r1.example (192.0.2.1) [AS64500 DE]` as far as it is known; `*` for the unspecified address, which
/// stands for silence. Escaped.
[[nodiscard]] std::string shown_address(const ip_address& address, const address_notes& notes);

}  // namespace sonde::report
