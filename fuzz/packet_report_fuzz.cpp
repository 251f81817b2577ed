// The first byte chooses the link type and the options, the rest is the frame: shown as a line, as a tree and as JSON.
#include <algorithm>
#include <array>
#include <string>

#include <nlohmann/json.hpp>

#include <sonde/report/packet_json.hpp>
#include <sonde/report/packet_line.hpp>
#include <sonde/report/packet_tree.hpp>

#include "fuzz.hpp"

namespace {

using namespace sonde;

constexpr std::array links{link_type::ethernet,        link_type::raw_ip,          link_type::linux_cooked,
                           link_type::linux_cooked_v2, link_type::null_loopback,   link_type::raw_ipv4,
                           link_type::raw_ipv6,        static_cast<link_type>(147)};

bool steers_no_terminal(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c == '\n' || (c >= ' ' && c <= '~'); });
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const bytes_view input = fuzz::input(data, size);
    if (input.empty()) return 0;
    const auto first = std::to_integer<std::size_t>(input.front());
    const link_type link = links[first % links.size()];
    const bytes_view frame = input.subspan(1);
    const wire::dissection dissection = wire::dissect(link, frame);
    const report::packet_view view{.link = link,
                                   .frame = frame,
                                   .full_size = static_cast<std::uint32_t>(frame.size() + (first >> 6)),
                                   .dissection = dissection};
    // Twice: the second segment of a connection is shown in relation to the first.
    report::packet_line lines({.link_header = (first & 0x08U) != 0, .quick = (first & 0x10U) != 0});
    for (int i = 0; i < 2; ++i) {
        report::line_writer line;
        (void)lines.write(line, view);
        fuzz::require(!line.text().empty(), "every packet has a line");
        fuzz::require(line.text().find('\n') == std::string_view::npos, "a line is one line");
        fuzz::require(steers_no_terminal(line.text()), "a line is printable");
        fuzz::require(fuzz::inside(frame, lines.unknown()), "what is unknown is of the frame");
    }
    std::string tree;
    report::append_packet_tree(tree, view);
    fuzz::require(tree.empty() || tree.back() == '\n', "a tree ends its last line");
    std::string json;
    report::append_packet_json(json, view, {.frame = true});
    fuzz::require(std::ranges::count(json, '\n') == 1 && json.ends_with("}\n"), "an event is one line");
    fuzz::require(nlohmann::json::accept(json), "an event is JSON");
    return 0;
}
