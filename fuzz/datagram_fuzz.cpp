// What a raw socket delivers, shown: the first byte chooses the family and whether it came by loopback, the second is
// the protocol, the third says how much longer the datagram was than what is here.
#include <algorithm>
#include <string>

#include <sonde/report/datagram_json.hpp>
#include <sonde/report/datagram_text.hpp>
#include <sonde/report/escape.hpp>

#include "fuzz.hpp"

namespace {

using namespace sonde;
using namespace sonde::report;
using fuzz::require;

constexpr std::size_t choices = 3;

std::int32_t utc(std::int64_t) {
    return 0;
}

void one_safe_line(const std::string& out) {
    require(!out.empty() && out.back() == '\n', "it ends with a newline");
    const std::string line = out.substr(0, out.size() - 1);
    require(escape_text(line) == line, "one line that steers no terminal");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const bytes_view input = fuzz::input(data, size);
    if (input.size() < choices) return 0;
    const auto choice = load_be<std::uint8_t>(input, 0);
    const bytes_view bytes = input.subspan(choices);
    const auto view = datagram_view::read({.family = (choice & 1U) != 0 ? family::v6 : family::v4,
                                           .protocol = load_be<std::uint8_t>(input, 1),
                                           .bytes = bytes,
                                           .full_size = bytes.size() + load_be<std::uint8_t>(input, 2),
                                           .loopback = (choice & 2U) != 0});
    require(fuzz::inside(bytes, view.message) || view.message.empty(), "the message lies inside");
    require(!view.is_looped_request() || view.type().has_value(), "a request has a type");

    datagram_text text(utc);
    std::string out;
    text.line(out, view);
    one_safe_line(out);
    out.clear();
    datagram_text::row(out, view);
    require(out.size() == std::max<std::size_t>(3 * bytes.size(), 1), "two digits a byte");
    out.clear();
    datagram_json(out, view, true);
    one_safe_line(out);
    return 0;
}
