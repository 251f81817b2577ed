#include <sonde/async/ping_result.hpp>
#include <sonde/wire/icmp_names.hpp>

namespace sonde {

probe::echo_profile ping_options::profile() const {
    return {.payload_size = payload_size,
            .mtu = mtu,
            .broadcast = broadcast,
            .hop_limit = hop_limit,
            .traffic_class = traffic_class,
            .interface = interface,
            .source = source,
            .pattern = pattern,
            .linger = linger};
}

ping_result ping_result::from(probe::event&& e) {
    ping_result result{.target = e.target, .sequence = e.sequence, .outcome = closed{}};
    switch (e.kind) {
        case probe::event_kind::reply: {
            ping_reply reply{.rtt = e.rtt,
                             .clock = e.clock,
                             .from = e.from,
                             .hop_limit = {},
                             .size = e.size,
                             .answer = e.answer,
                             .truncated = e.truncated,
                             .unverified = e.unverified,
                             .duplicates = 0,
                             .corrupt = {}};
            if (e.has_hop_limit) reply.hop_limit = e.hop_limit;
            if (e.corrupt) reply.corrupt = std::move(*e.corrupt);
            result.outcome = std::move(reply);
            break;
        }
        case probe::event_kind::icmp_error:
            result.outcome = icmp_error{.type = e.icmp_type,
                                        .code = e.icmp_code,
                                        .info = e.info,
                                        .from = e.from,
                                        .name = wire::icmp_error_name(e.target.family(), e.icmp_type, e.icmp_code),
                                        .rtt = e.rtt};
            break;
        case probe::event_kind::timed_out:
            result.outcome = timed_out{e.uncertain};
            break;
        case probe::event_kind::send_failed:
            result.outcome = send_failed{{e.error_number, std::generic_category()}};
            break;
        case probe::event_kind::local_drop:
            result.outcome = local_drop{};
            break;
        case probe::event_kind::cancelled:
            result.outcome = cancelled{};
            break;
        default:
            break;
    }
    return result;
}

}  // namespace sonde
