// The first byte is the next header that announces the rest.
#include <sonde/wire/ipv6_extension.hpp>

#include "fuzz.hpp"

namespace {

using namespace sonde;
using namespace sonde::wire;
using fuzz::require;

void check_options(bytes_view header) {
    const auto view = ipv6_options_view::parse(header);
    if (!view) return;
    require(fuzz::walk(view->options(), next_ipv6_option, [](const option& o) { return o.data; }),
            "a view's options are well-formed");
    require(fuzz::same(fuzz::emitted(ipv6_options_message::from(*view)), view->bytes()), "emit(parse(x)) == x");
}

void check_fragment(bytes_view header) {
    const auto message = ipv6_fragment_message::from(ipv6_fragment_view::parse(header).value());
    std::vector<std::byte> out(ipv6_fragment_header_size);
    require(message.emit(out) == out.size(), "what was read can be written");
    require(ipv6_fragment_message::from(ipv6_fragment_view::parse(out).value()) == message, "parse(emit(m)) == m");
}

void check_header(const ipv6_extension_header& header) {
    switch (header.kind) {
        case ipv6_extension::hop_by_hop:
        case ipv6_extension::destination_options:
            check_options(header.bytes);
            return;
        case ipv6_extension::routing: {
            const auto view = ipv6_routing_view::parse(header.bytes);
            require(view.has_value(), "the walk's header is whole");
            require(fuzz::same(fuzz::emitted(ipv6_routing_message::from(*view)), header.bytes), "emit(parse(x)) == x");
            return;
        }
        case ipv6_extension::fragment:
            check_fragment(header.bytes);
            return;
    }
    require(false, "the walk knows four headers");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const bytes_view input = fuzz::input(data, size);
    if (input.empty()) return 0;
    auto next_header = load_be<std::uint8_t>(input, 0);
    bytes_view rest = input.subspan(1);
    for (;;) {
        const std::size_t before = rest.size();
        const auto header = next_ipv6_extension(next_header, rest);
        if (!header || !*header) return 0;
        require((*header)->bytes.size() + rest.size() == before && rest.size() < before, "the walk moves on");
        require((*header)->bytes.size() % ipv6_extension_unit == 0, "a header is a multiple of 8 bytes");
        check_header(**header);
        next_header = (*header)->next_header;
    }
}
