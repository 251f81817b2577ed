#include <sonde/wire/nd.hpp>

#include "fuzz.hpp"

namespace {

using namespace sonde;
using namespace sonde::wire;
using fuzz::require;

void check_options(const nd_view& view) {
    const auto check = [](const option& o) {
        require((o.data.size() + 2) % 8 == 0, "an option is a multiple of 8 bytes");
        if (const auto prefix = nd_prefix_information::from(o)) {
            std::vector<std::byte> out(nd_prefix_information::size);
            require(prefix->emit(out) == out.size(), "what was read can be written");
            const option again{nd_option::prefix_information, bytes_view{out}.subspan(2)};
            require(nd_prefix_information::from(again).value() == *prefix, "parse(emit(p)) == p");
        }
        return o.data;
    };
    require(fuzz::walk(view.options(), next_nd_option, check), "a view's options are well-formed");
    (void)find_link_layer_address(view.options(), nd_option::source_link_layer_address);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const bytes_view input = fuzz::input(data, size);
    const auto view = nd_view::parse(input, checksum_check::trust);
    require(view.has_value() || !nd_view::parse(input, checksum_check::verify), "verify accepts no more than trust");
    if (!view) return 0;
    require(is_nd_type(load_be<std::uint8_t>(input, 0)), "the type is one of five");
    require(fuzz::inside(input, view->options()), "the options lie inside");
    check_options(*view);
    const auto message = nd_message::from(*view);
    require(message.type() == view->type(), "the message is of the view's type");
    const icmp_checksum sum{0x1234};
    const auto out = fuzz::emitted(message, checksum_fill::compute, sum);
    const auto again = nd_view::parse(out, checksum_check::verify, sum);
    require(again.has_value() && nd_message::from(*again) == message, "parse(emit(m)) == m");
    return 0;
}
