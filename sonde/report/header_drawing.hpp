// A header as the RFCs draw it: 32 bits a row, with the ruler above.
#pragma once

#include <string>
#include <string_view>

#include <sonde/wire/dissect.hpp>

namespace sonde::report {

struct drawing_options {
    std::string_view indent = "  ";
    bool values = true;  ///< each field's value below its name, where there is room
};

/// Appends the ruler and the boxes of the layer's fields, options included, each line ended by a newline:
///
///      0                   1                   2                   3
///      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
///     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
///     |      Type     |      Code     |            Checksum           |
///
/// A field of one bit has its name from top to bottom. A field of more than six rows is drawn shorter, with its size.
/// Nothing is appended for a layer without fields. Pure; any thread.
void draw_header(std::string& out, const wire::layer& layer, const drawing_options& options = {});

}  // namespace sonde::report
