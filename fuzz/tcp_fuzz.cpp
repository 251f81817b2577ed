#include <sonde/wire/tcp.hpp>
#include <sonde/wire/tcp_options.hpp>

#include "fuzz.hpp"

namespace {

using namespace sonde;
using namespace sonde::wire;
using fuzz::require;

bool walk_options(bytes_view options) {
    return fuzz::walk(options, next_tcp_option, [](const option& o) { return o.data; });
}

void check_options(bytes_view options) {
    const auto read = tcp_options::from(options);
    if (!read) return;
    require(walk_options(options), "options that were read are well-formed");
    require(tcp_options::from(fuzz::emitted(*read)).value() == *read, "parse(emit(o)) == o");
}

void check_strict(const tcp_view& view) {
    require(walk_options(view.options()), "a strict view's options are well-formed");
    const auto message = tcp_message::from(view);
    const pseudo_header addresses{ip_address::v4(0xc0000201), ip_address::v4(0xc0000202)};
    auto out = fuzz::emitted(message, checksum_fill::compute, addresses);
    const auto again = tcp_view::parse(out, checksum_check::verify, addresses);
    require(again.has_value() && tcp_message::from(*again) == message, "parse(emit(m)) == m");
    store_be(out, 16, view.checksum());
    require(fuzz::same(out, view.bytes()), "emit(parse(x)) == x");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const bytes_view input = fuzz::input(data, size);
    const auto lax = tcp_view::parse_lax(input);
    const auto strict = tcp_view::parse(input, checksum_check::trust);
    require(lax.has_value() || !strict, "what strict reads, lax reads");
    if (lax) {
        require(tcp_header_size + lax->options().size() + lax->payload().size() == input.size(),
                "header, options and payload are all there is");
        (void)walk_options(lax->options());
        check_options(lax->options());
    }
    if (strict) check_strict(*strict);
    return 0;
}
