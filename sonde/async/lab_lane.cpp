#include <cerrno>
#include <utility>

#include <sonde/async/lab_lane.hpp>
#include <sonde/wire/icmp.hpp>
#include <sonde/wire/icmp_extension.hpp>
#include <sonde/wire/ipv4.hpp>
#include <sonde/wire/ipv6.hpp>
#include <sonde/wire/protocol.hpp>

namespace sonde::async {

namespace {

std::uint8_t icmp_protocol(family f) {
    return f == family::v4 ? wire::ip_protocol::icmp : wire::ip_protocol::icmpv6;
}

struct quoted_echo {
    ip_address destination;
    bytes_view message;  // from the ICMP header on
};

// The echo request that an error quotes; nothing when it quotes something else.
std::optional<quoted_echo> quoted_echo_of(family f, bytes_view quote) {
    if (f == family::v4) {
        const auto ip = wire::ipv4_view::parse_lax(quote);
        if (!ip || ip->protocol() != icmp_protocol(f)) return std::nullopt;
        return quoted_echo{ip->destination(), ip->payload()};
    }
    const auto ip = wire::ipv6_view::parse_lax(quote);
    if (!ip) return std::nullopt;
    const auto upper = ip->upper_layer();
    if (!upper || upper->protocol != icmp_protocol(f)) return std::nullopt;
    return quoted_echo{ip->destination(), upper->payload};
}

}  // namespace

result<std::unique_ptr<lane>> lab_lane::open(const std::shared_ptr<lab_core>& lab,
                                             const boost::asio::any_io_executor& executor, std::uint32_t number,
                                             const probe::lane_request& request) {
    if (const auto own = lab->address(request.family); !own) return own.error();
    return std::make_unique<lab_lane>(lab, executor, number, request.family);
}

lab_lane::lab_lane(std::shared_ptr<lab_core> lab, const boost::asio::any_io_executor& executor, std::uint32_t number,
                   family f)
    : lane(number, {.family = f,
                    .kind = socket::icmp_socket_kind::datagram,
                    .identifier = lab->take_identifier(),
                    .fill = f == family::v4 ? wire::checksum_fill::compute : wire::checksum_fill::leave}),
      lab_(std::move(lab)),
      inbox_(lab_, executor, [f](const lab_arrival& a) { return a.protocol == icmp_protocol(f); }) {}

void lab_lane::enqueue(const probe::transmit& message) {
    const probe::echo_profile& look = *message.profile;
    out_.push_back({message.where,
                    {.destination = message.destination,
                     .source = look.source,
                     .protocol = icmp_protocol(about().family),
                     .hop_limit = look.hop_limit.value_or(64),
                     .traffic_class = look.traffic_class.value_or(0),
                     .dont_fragment = look.mtu == path_mtu::require || look.mtu == path_mtu::probe,
                     .payload = message.datagram}});
}

bool lab_lane::flush(time_point now, probe::echo_prober& prober) {
    for (const outgoing& o : out_) {
        if (!lab_->send(o.packet)) prober.handle_send_failure(now, o.where, ENETUNREACH);
    }
    out_.clear();
    return true;
}

void lab_lane::drain(const wall_clock_bridge& /*clock*/, socket::receive_batch& /*batch*/, probe::echo_prober& prober) {
    for (const auto& in : inbox_.take()) tell(in, prober);
}

void lab_lane::tell(const lab_inbox::letter& in, probe::echo_prober& prober) const {
    const family f = about().family;
    const auto message = wire::icmp_view::parse(in.payload, wire::checksum_check::trust);
    if (!message) return;
    if (wire::is_icmp_error(f, message->type())) return tell_error(in, *message, prober);
    if (message->type() != wire::icmp_types_of(f).echo_reply) return;
    if (message->rest() >> 16 != about().identifier) return;
    prober.handle_datagram(in.at,
                           {.lane = number(),
                            .from = in.from,
                            .received_at = in.at,
                            .hop_limit = in.hop_limit,
                            .full_size = static_cast<std::uint32_t>(in.payload.size())},
                           in.payload);
}

void lab_lane::tell_error(const lab_inbox::letter& in, const wire::icmp_view& error, probe::echo_prober& prober) const {
    const family f = about().family;
    const auto quoted = quoted_echo_of(f, wire::split_icmp_error(f, in.payload).quote);
    if (!quoted || quoted->message.size() < wire::icmp_header_size) return;
    if (load_be<std::uint16_t>(quoted->message, 4) != about().identifier) return;
    prober.handle_error(in.at,
                        {.lane = number(),
                         .destination = quoted->destination,
                         .offender = in.from,
                         .type = error.type(),
                         .code = error.code(),
                         .info = wire::icmp_error_info(f, error),
                         .received_at = in.at},
                        quoted->message);
}

}  // namespace sonde::async
