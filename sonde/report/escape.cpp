#include <cstdint>
#include <iterator>

#include <fmt/format.h>

#include <sonde/report/escape.hpp>
#include <sonde/report/utf8.hpp>

namespace sonde::report {

std::string escape_text(std::string_view text) {
    std::string escaped;
    escaped.reserve(text.size());
    for (std::size_t i = 0; i < text.size();) {
        const code_point next = decode_utf8(text.substr(i));
        const auto value = static_cast<std::uint32_t>(next.value);
        if (next.valid && !is_unprintable(next.value)) {
            escaped += text.substr(i, next.length);
        } else if (!next.valid || next.length == 1) {
            fmt::format_to(std::back_inserter(escaped), "\\x{:02x}", value);
        } else {
            fmt::format_to(std::back_inserter(escaped), "\\u{{{:04x}}}", value);
        }
        i += next.length;
    }
    return escaped;
}

}  // namespace sonde::report
