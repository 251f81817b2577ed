#include <stdexcept>
#include <string>

#include <sonde/wire/parse_error.hpp>

namespace sonde::wire {

std::string_view to_string(parse_error error) noexcept {
    switch (error) {
        case parse_error::truncated:
            return "truncated";
        case parse_error::bad_version:
            return "bad version";
        case parse_error::bad_header_length:
            return "bad header length";
        case parse_error::bad_total_length:
            return "bad total length";
        case parse_error::bad_option:
            return "bad option";
        case parse_error::bad_checksum:
            return "bad checksum";
        case parse_error::bad_address:
            return "bad address";
        case parse_error::wrong_type:
            return "wrong type";
    }
    return "unknown parse error";
}

void throw_exception_from_error(parse_error error, const boost::source_location&) {
    throw std::runtime_error("not a packet: " + std::string(to_string(error)));
}

}  // namespace sonde::wire
