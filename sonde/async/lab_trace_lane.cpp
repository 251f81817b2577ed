#include <array>
#include <cerrno>
#include <utility>
#include <vector>

#include <sonde/async/lab_inbox.hpp>
#include <sonde/async/lab_trace_lane.hpp>
#include <sonde/wire/icmp.hpp>
#include <sonde/wire/protocol.hpp>
#include <sonde/wire/udp.hpp>

namespace sonde::async {

namespace {

std::uint8_t protocol_of(const probe::lane_wish& wish) {
    switch (wish.kind) {
        case probe::lane_kind::udp:
            return wire::ip_protocol::udp;
        case probe::lane_kind::icmp:
            return wish.family == family::v4 ? wire::ip_protocol::icmp : wire::ip_protocol::icmpv6;
        case probe::lane_kind::tcp_raw:
        case probe::lane_kind::tcp_connect:
            break;
    }
    return wire::ip_protocol::tcp;
}

bool is_error(family f, const lab_arrival& arrived) {
    const std::uint8_t icmp = protocol_of({.kind = probe::lane_kind::icmp, .family = f});
    return arrived.protocol == icmp && !arrived.payload.empty() &&
           wire::is_icmp_error(f, load_be<std::uint8_t>(arrived.payload, 0));
}

void tell(lab_inbox& inbox, std::uint32_t lane, probe::tracer& tracer) {
    for (const auto& in : inbox.take()) {
        tracer.handle_packet(
            in.at, lane,
            {.from = in.from, .protocol = in.protocol, .hop_limit = in.hop_limit, .received_at = in.at, .to = in.to},
            in.payload);
    }
}

// Hears the errors for all lanes of a family.
class lab_error_source final : public trace_source {
public:
    lab_error_source(std::shared_ptr<lab_core> lab, const boost::asio::any_io_executor& executor, std::uint32_t lane,
                     family f)
        : lane_(lane), inbox_(std::move(lab), executor, [f](const lab_arrival& a) { return is_error(f, a); }) {}

    void drain(const wall_clock_bridge& /*clock*/, socket::receive_batch& /*batch*/, probe::tracer& tracer) override {
        tell(inbox_, lane_, tracer);
    }
    void report_drops(time_point /*now*/, probe::tracer& /*tracer*/) override {}
    void wait_readable(std::function<void(std::uint64_t)> on_wake) override {
        inbox_.wait_readable(std::move(on_wake));
    }
    bool woken(std::uint64_t wait) noexcept override { return inbox_.woken(wait); }
    void cancel_waits() override { inbox_.cancel(); }

private:
    std::uint32_t lane_;
    lab_inbox inbox_;
};

class lab_trace_lane final : public trace_lane {
public:
    lab_trace_lane(std::shared_ptr<lab_core> lab, const boost::asio::any_io_executor& executor, std::uint32_t number,
                   const facts& about, const ip_address& source)
        : trace_lane(number, about),
          lab_(std::move(lab)),
          source_(source),
          inbox_(lab_, executor, [this](const lab_arrival& a) { return wants(a); }) {}

    void enqueue(const probe::probe_transmit& probe) override {
        probe::probe_transmit kept = probe;
        kept.datagram = {};
        out_.push_back({kept, {probe.datagram.begin(), probe.datagram.end()}});
    }
    bool flush(time_point now, probe::tracer& tracer) override {
        for (const auto& [probe, bytes] : std::exchange(out_, {})) {
            if (!send(probe, bytes)) tracer.handle_send_failure(now, probe.where, ENETUNREACH);
        }
        return true;
    }
    void give_up(time_point /*now*/, probe::tracer& /*tracer*/) override {}
    void wait_writable(std::function<void()> /*on_wake*/) override {}
    void drain(const wall_clock_bridge& /*clock*/, socket::receive_batch& /*batch*/, probe::tracer& tracer) override {
        tell(inbox_, number(), tracer);
    }
    void report_drops(time_point /*now*/, probe::tracer& /*tracer*/) override {}
    void wait_readable(std::function<void(std::uint64_t)> on_wake) override {
        inbox_.wait_readable(std::move(on_wake));
    }
    bool woken(std::uint64_t wait) noexcept override { return inbox_.woken(wait); }
    void cancel_waits() override { inbox_.cancel(); }

private:
    [[nodiscard]] bool wants(const lab_arrival& a) const {
        const auto& wish = about().wish;
        if (a.protocol != protocol_of(wish)) return false;
        if (wish.kind == probe::lane_kind::icmp) return !is_error(wish.family, a);
        // Flows of `paths` have ports of their own: whose a segment is, its number tells.
        if (wish.kind == probe::lane_kind::tcp_raw) return a.from.family() == wish.family;
        return a.payload.size() >= 4 && load_be<std::uint16_t>(a.payload, 2) == about().machine.identifier;
    }

    bool send(const probe::probe_transmit& probe, bytes_view bytes) {
        lab_packet packet{.destination = probe.destination,
                          .source = probe.source.is_unspecified() ? source_ : probe.source,
                          .protocol = protocol_of(about().wish),
                          .hop_limit = probe.hop_limit,
                          .traffic_class = probe.traffic_class.value_or(0),
                          .dont_fragment = probe.dont_fragment,
                          .payload = bytes};
        if (about().wish.kind == probe::lane_kind::udp) {
            datagram_.resize(wire::udp_header_size + bytes.size());
            const wire::udp_message message{
                .source_port = about().machine.identifier, .destination_port = probe.port, .payload = bytes};
            message.emit(datagram_, wire::checksum_fill::compute,
                         {.source = packet.source, .destination = packet.destination});
            packet.payload = datagram_;
        }
        return lab_->send(packet);
    }

    std::shared_ptr<lab_core> lab_;
    ip_address source_;
    lab_inbox inbox_;
    std::vector<std::pair<probe::probe_transmit, std::vector<std::byte>>> out_;
    std::vector<std::byte> datagram_;
};

trace_mechanism mechanism_of(probe::lane_kind kind) {
    switch (kind) {
        case probe::lane_kind::udp:
            return trace_mechanism::udp;
        case probe::lane_kind::icmp:
            return trace_mechanism::icmp_raw;
        case probe::lane_kind::tcp_raw:
        case probe::lane_kind::tcp_connect:
            break;
    }
    return trace_mechanism::tcp_raw;
}

}  // namespace

trace_lane_opener lab_trace_lanes(std::shared_ptr<lab_core> lab) {
    return [lab = std::move(lab), hears = std::array{false, false}](
               const boost::asio::any_io_executor& strand, std::uint32_t number,
               const probe::lane_wish& wish) mutable -> result<opened_trace_lane> {
        if (wish.kind == probe::lane_kind::tcp_connect) {
            return system_failure("a connecting socket in a simulated network", EOPNOTSUPP);
        }
        const auto source = lab->address(wish.family);
        if (!source) return source.error();
        const bool v4 = wish.family == family::v4;
        const trace_lane::facts about{.wish = wish,
                                      .machine = {.identifier = lab->take_identifier(),
                                                  .computes_checksum = wish.kind == probe::lane_kind::icmp && v4,
                                                  .hears_packets = true},
                                      .mechanism = mechanism_of(wish.kind)};
        opened_trace_lane opened;
        opened.lane = std::make_unique<lab_trace_lane>(lab, strand, number, about,
                                                       wish.source.is_unspecified() ? *source : wish.source);
        if (!std::exchange(hears[v4 ? 0 : 1], true)) {
            opened.beside = std::make_unique<lab_error_source>(lab, strand, number, wish.family);
        }
        return opened;
    };
}

}  // namespace sonde::async
