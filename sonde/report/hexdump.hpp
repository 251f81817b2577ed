// Bytes as hexadecimal digits: alone as tcpdump -x and -X print them, or two rows of them compared.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <sonde/base/bytes.hpp>

namespace sonde::report {

struct hexdump_options {
    bool offsets = true;             ///< `0x0000:` before each row
    bool ascii = false;              ///< what is printable, behind each row; all else is a full stop
    std::string_view indent = "\t";  ///< before each row
    std::size_t first_offset = 0;    ///< what the first row's offset column says
    std::size_t bytes_per_row = 16;  ///< even; 0 counts as 16
    bool pairs = true;               ///< `4500 0054`, or `45 00 00 54`
};

/// Appends `INDENT0x0000:  4500 0054 0000 4000 4001 3ca7 7f00 0001`, a row for every 16 bytes, each ended by a newline.
/// Nothing is appended for no bytes. Pure; any thread.
void hexdump(std::string& out, bytes_view bytes, const hexdump_options& options = {});

/// `45 00 00 1c`: two digits a byte, blanks between, no newline.
void append_hex_bytes(std::string& out, bytes_view bytes);

/// `4500001c`: two digits a byte and nothing else.
void append_hex_digits(std::string& out, bytes_view bytes);

/// One of two rows to be compared.
struct compared_bytes {
    std::string_view label;
    bytes_view bytes;
    std::size_t at = 0;  ///< where the first of them stands among the other row's; what lies before is left blank
};

struct compare_options {
    std::string_view indent = "  ";
    bool colour = false;  ///< what differs in bold as well as marked
};

/// Appends both rows under each other, 16 bytes at a time, and below them `^^` under every byte that differs or that
/// one row alone has. Returns how many those are.
std::size_t hex_compare(std::string& out, const compared_bytes& upper, const compared_bytes& lower,
                        const compare_options& options = {});

}  // namespace sonde::report
