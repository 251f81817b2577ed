#include <sonde/wire/ospf.hpp>

#include "fuzz.hpp"

namespace {

using namespace sonde;
using namespace sonde::wire;
using fuzz::require;

void check_hello(const ospf_view& view) {
    const auto hello = ospf_hello::from(view);
    if (!hello) return;
    require(fuzz::inside(view.body(), hello->neighbors), "the neighbors lie inside");
    require(fuzz::same(fuzz::emitted(*hello), view.body()), "emit(parse(x)) == x");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const bytes_view input = fuzz::input(data, size);
    const auto view = ospf_view::parse(input, checksum_check::trust);
    require(view.has_value() || !ospf_view::parse(input, checksum_check::verify), "verify accepts no more than trust");
    if (!view) return 0;
    require(fuzz::inside(input, view->bytes()), "the view lies inside");
    require(view->bytes().size() == view->packet_length(), "a view is as long as it says");
    check_hello(*view);
    const auto message = ospf_message::from(*view);
    auto out = fuzz::emitted(message, checksum_fill::compute);
    const auto again = ospf_view::parse(out, checksum_check::verify);
    require(again.has_value() && ospf_message::from(*again) == message, "parse(emit(m)) == m");
    store_be(out, 12, view->checksum());
    require(fuzz::same(out, view->bytes()), "emit(parse(x)) == x");
    return 0;
}
