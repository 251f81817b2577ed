// What a user wrote for a field or an option, read as that field's kind says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <sonde/base/bytes.hpp>
#include <sonde/craft/scanner.hpp>
#include <sonde/wire/header_layout.hpp>

namespace sonde::craft {

/// A value that fits its field.
struct field_value {
    std::uint64_t number = 0;           ///< of fields of at most 64 bits
    std::vector<std::byte> bytes = {};  ///< of longer ones: exactly as many as the field has
    std::uint32_t scope = 0;            ///< of `fe80::1%eth0`: the interface's index, which no byte of the packet says
};

/// The error names the field, what it takes, and where the value stands.
[[nodiscard]] described<field_value> read_value(const wire::header_field& field, const written_value& value);

/// Writes the value into a header that has room for the field.
void write_value(bytes_span header, const wire::header_field& field, const field_value& value);

/// The data of an option, without its kind and length: `mss=1460`, `sack_ok`, `sack=[1:2, 3:4]`,
/// `prefix_info(length=64, value=...)`. Bytes (`hex(...)`) are taken for any option as they are.
[[nodiscard]] described<std::vector<std::byte>> read_option(const wire::option_layout& option,
                                                            const written_argument& argument);

/// `a, b, c`, at most so many that it can be read.
[[nodiscard]] std::string listing(const std::vector<std::string>& names);

/// `; did you mean 'ttl'?` or nothing.
[[nodiscard]] std::string suggestion(const std::string& word, const std::vector<std::string>& known);

}  // namespace sonde::craft
