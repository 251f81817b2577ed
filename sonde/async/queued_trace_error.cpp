#include <sonde/async/queued_trace_error.hpp>
#include <sonde/wire/icmp_extension.hpp>

namespace sonde::async {

namespace {

constexpr std::size_t old_extension_at = 128;

bool may_have_extension(family f, std::uint8_t type) noexcept {
    return f == family::v4 ? type == 3 || type == 11 || type == 12 : type == 1 || type == 3;
}

bool is_extension(bytes_view bytes) noexcept {
    const auto view = wire::icmp_extension_view::parse(bytes, wire::checksum_check::verify);
    return view.has_value() && view->checksum() != 0;
}

}  // namespace

queued_trace_error read_queued_trace_error(const socket::queued_error& entry, std::uint32_t lane, family f,
                                           std::size_t headers, const wall_clock_bridge& clock) {
    queued_trace_error out{.meta = {.lane = lane,
                                    .destination = entry.destination,
                                    .port = entry.destination_port,
                                    .offender = entry.offender,
                                    .type = entry.type,
                                    .code = entry.code,
                                    .info = entry.info,
                                    .hop_limit = entry.hop_limit,
                                    .received_at = {},
                                    .extension = entry.extension},
                           .quoted = entry.quoted};
    if (entry.at) out.meta.received_at = clock.to_monotonic(*entry.at);
    const std::size_t at = old_extension_at - headers;
    if (entry.extension.empty() && entry.quoted.size() > at && may_have_extension(f, entry.type) &&
        is_extension(entry.quoted.subspan(at))) {
        out.meta.extension = entry.quoted.subspan(at);
        out.quoted = entry.quoted.first(at);
    }
    return out;
}

}  // namespace sonde::async
