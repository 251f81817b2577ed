#include <sonde/wire/dhcp.hpp>

#include "fuzz.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sonde;
    using namespace sonde::wire;
    using fuzz::require;

    const bytes_view input = fuzz::input(data, size);
    const auto view = dhcp_view::parse(input);
    if (!view) return 0;
    require(fuzz::inside(input, view->hardware_address()), "the hardware address lies inside");
    require(dhcp_header_size + view->options().size() == input.size(), "header and options are all there is");
    require(fuzz::walk(view->options(), next_dhcp_option, [](const option& o) { return o.data; }),
            "a view's options are well-formed");
    // An overload's options may be malformed.
    for (const bytes_view area : {view->server_name(), view->file()}) {
        (void)fuzz::walk(area, next_dhcp_option, [](const option& o) { return o.data; });
    }
    (void)view->message_type();
    const auto message = dhcp_message::from(*view);
    const auto out = fuzz::emitted(message);
    const auto again = dhcp_view::parse(out);
    require(again.has_value() && dhcp_message::from(*again) == message, "parse(emit(m)) == m");
    return 0;
}
