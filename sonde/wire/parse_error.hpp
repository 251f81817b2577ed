// Why bytes are not a packet.
#pragma once

#include <cstdint>
#include <string_view>

#include <boost/system/result.hpp>

namespace sonde::wire {

/// Which field failed. One value per cause, so that what was rejected can be counted by reason.
enum class parse_error : std::uint8_t {
    truncated,          ///< fewer bytes than the fixed header, or than a length field promises
    bad_version,        ///< the IP version field
    bad_header_length,  ///< ihl below 5, or past the end; an extension header past the end
    bad_total_length,   ///< total or payload length below the header's, or above the datagram's
    bad_option,         ///< an option or extension of length 0, or past the end
    bad_checksum,
    bad_address,  ///< an address that may not stand there: a multicast target of a neighbor solicitation
    wrong_type,   ///< a valid packet, of another type than the one asked for
};

[[nodiscard]] std::string_view to_string(parse_error error) noexcept;

[[noreturn]] void throw_exception_from_error(parse_error error, const boost::source_location& where);

/// A view that is valid, or why there is none.
template <class T>
using parsed = boost::system::result<T, parse_error>;

}  // namespace sonde::wire
