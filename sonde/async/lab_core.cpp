#include <algorithm>
#include <cerrno>
#include <chrono>
#include <optional>
#include <utility>

#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include <sonde/async/lab_core.hpp>
#include <sonde/wire/checksum.hpp>
#include <sonde/wire/ipv4.hpp>
#include <sonde/wire/ipv6.hpp>
#include <sonde/wire/protocol.hpp>
#include <sonde/wire/pseudo_header.hpp>
#include <sonde/wire/udp.hpp>

namespace sonde::async {

namespace asio = boost::asio;

namespace {

// What was told of an event is posted, and so is what that causes: so many turns of the executor later everybody has
// said what is to happen now, and time may pass.
constexpr int patience = 4;
// Events of the network in one turn: signals and the user's own work wait no longer than these take.
constexpr int events_per_turn = 4096;

// Where the checksum covers the addresses, whoever made the rest did not know all of them.
void fill_checksum(bytes_span payload, std::uint8_t protocol, const wire::pseudo_header& addresses) {
    const bool icmpv6 = protocol == wire::ip_protocol::icmpv6;
    const std::size_t at = icmpv6 ? 2 : 16;
    if ((!icmpv6 && protocol != wire::ip_protocol::tcp) || payload.size() < at + 2) return;
    store_be<std::uint16_t>(payload, at, 0);
    const std::uint16_t sum = addresses.sum(payload.size(), protocol);
    store_be<std::uint16_t>(payload, at, wire::internet_checksum(payload, sum));
}

bool checksum_right(bytes_view payload, std::uint8_t protocol, const wire::pseudo_header& addresses) {
    if (protocol == wire::ip_protocol::udp) {
        return wire::udp_view::parse(payload, wire::checksum_check::verify, addresses).has_value();
    }
    const bool plain = protocol == wire::ip_protocol::icmp;
    return wire::internet_checksum(payload, plain ? std::uint16_t{0} : addresses.sum(payload.size(), protocol)) == 0;
}

}  // namespace

// What it set and did not ring yet is the lab's, for as long as it lives: what rings may own the lab.
class lab_alarm final : public alarm {
public:
    lab_alarm(std::shared_ptr<lab_core> core, asio::any_io_executor executor)
        : core_(std::move(core)), executor_(std::move(executor)) {}
    lab_alarm(const lab_alarm&) = delete;
    lab_alarm& operator=(const lab_alarm&) = delete;
    ~lab_alarm() override { cancel(); }

    void set(time_point at, std::function<void()> ring) override {
        cancel();
        wanted_ = std::make_shared<bool>(true);
        waiting_ = core_->alarms_.emplace(at, lab_core::setting{executor_, std::move(ring), wanted_, this});
        core_->turn_soon();
    }
    void cancel() override {
        if (wanted_) *wanted_ = false;
        const auto core = core_;  // what was to ring may be the last that holds this alarm, and this the lab
        if (const auto waiting = std::exchange(waiting_, std::nullopt)) core->alarms_.extract(*waiting);
    }
    void rings() noexcept { waiting_.reset(); }

private:
    std::shared_ptr<lab_core> core_;
    asio::any_io_executor executor_;
    std::shared_ptr<bool> wanted_;
    std::optional<lab_core::settings::iterator> waiting_;
};

// Wall-clock times of events are those of the machine at the start, and virtual from there on.
lab_core::lab_core(asio::any_io_executor executor, sim::scenario scenario, sim::node_index vantage)
    : executor_(std::move(executor)),
      vantage_(vantage),
      now_(std::chrono::steady_clock::now()),
      network_(std::move(scenario), now_) {
    network_.scenario().each_address([this](sim::node_index n, const ip_address& a) {
        auto& source = sources_[a.is_v4() ? 0 : 1];
        if (n == vantage_ && !source) source = a;
        const auto [holder, fresh] = holders_.try_emplace(a, n);
        if (!fresh) holder->second = std::min(holder->second, n);
    });
}

std::unique_ptr<alarm> lab_core::make_alarm(const asio::any_io_executor& executor) {
    return std::make_unique<lab_alarm>(shared_from_this(), executor);
}

result<ip_address> lab_core::address(family f) const {
    if (const auto& own = source_of(f)) return *own;
    return failure{.what = fmt::format("the scenario's node '{}' has no IPv{} address",
                                       network_.scenario().nodes[vantage_].name, static_cast<int>(f)),
                   .remedy = {},
                   .code = std::error_code(EAFNOSUPPORT, std::system_category())};
}

std::string lab_core::name_of(const ip_address& address) const {
    const auto found = holders_.find(address);
    return found == holders_.end() ? std::string{} : network_.scenario().nodes[found->second].name;
}

bool lab_core::send(const lab_packet& p) {
    const family f = p.destination.family();
    ip_address source = p.source;
    if (source.is_unspecified()) {
        const auto& own = source_of(f);
        if (!own) return false;
        source = *own;
    }
    const std::size_t header = f == family::v4 ? wire::ipv4_header_size : wire::ipv6_header_size;
    packet_.resize(header + p.payload.size());
    const bytes_span payload = bytes_span{packet_}.subspan(header);
    std::ranges::copy(p.payload, payload.begin());
    fill_checksum(payload, p.protocol, {.source = source, .destination = p.destination});
    if (f == family::v4) {
        const wire::ipv4_message message{.tos = p.traffic_class,
                                         .identification = ++last_identification_,
                                         .dont_fragment = p.dont_fragment,
                                         .ttl = p.hop_limit,
                                         .protocol = p.protocol,
                                         .source = source,
                                         .destination = p.destination,
                                         .payload = payload};
        message.emit(packet_, wire::checksum_fill::compute);
    } else {
        const wire::ipv6_message message{.traffic_class = p.traffic_class,
                                         .next_header = p.protocol,
                                         .hop_limit = p.hop_limit,
                                         .source = source,
                                         .destination = p.destination,
                                         .payload = payload};
        message.emit(packet_);
    }
    network_.send(now_, vantage_, packet_);
    turn_soon();
    return true;
}

void lab_core::turn_soon() {
    patience_ = patience;
    post_turn();
}

void lab_core::post_turn() {
    if (turn_posted_) return;
    turn_posted_ = true;
    asio::post(executor_, [self = shared_from_this()] {
        self->turn_posted_ = false;
        self->turn();
    });
}

void lab_core::turn() {
    if (patience_ > 0) {
        --patience_;
        return post_turn();
    }
    const time_point next_alarm = alarms_.empty() ? time_point::max() : alarms_.begin()->first;
    const time_point next_event = network_.next_deadline();
    if (next_alarm == time_point::max() && next_event == time_point::max()) return;
    if (next_event <= next_alarm) {
        carry(next_alarm);
    } else {
        ring();
    }
    post_turn();
}

// What arrives is heard at once; time stops for it.
void lab_core::carry(time_point until) {
    for (int i = 0; i < events_per_turn && network_.next_deadline() <= until; ++i) {
        now_ = std::max(now_, network_.next_deadline());
        if (now_ == time_point::max()) return;
        network_.advance(now_);
        bool heard = false;
        while (const auto arrived = network_.poll_delivery()) {
            heard = true;
            deliver(arrived->at, arrived->packet);
        }
        if (heard) {
            patience_ = patience;
            return;
        }
    }
}

void lab_core::deliver(time_point at, bytes_view packet) {
    lab_arrival arrived{.at = at};
    wire::pseudo_header addresses;
    if (const auto ip = wire::ipv4_view::parse(packet, wire::checksum_check::verify)) {
        if (ip->is_fragment()) return;
        addresses = {.source = ip->source(), .destination = ip->destination()};
        arrived.protocol = ip->protocol();
        arrived.hop_limit = ip->ttl();
        arrived.payload = ip->payload();
    } else if (const auto ip6 = wire::ipv6_view::parse(packet)) {
        const auto upper = ip6->upper_layer();
        if (!upper || upper->is_fragment) return;
        addresses = {.source = ip6->source(), .destination = ip6->destination()};
        arrived.protocol = upper->protocol;
        arrived.hop_limit = ip6->hop_limit();
        arrived.payload = upper->payload;
    } else {
        return;
    }
    arrived.from = addresses.source;
    arrived.to = addresses.destination;
    if (!checksum_right(arrived.payload, arrived.protocol, addresses)) return;
    for (lab_station* station : stations_) station->hear(arrived);
}

void lab_core::ring() {
    auto first = alarms_.extract(alarms_.begin());
    first.mapped().owner->rings();
    now_ = std::max(now_, first.key());
    patience_ = patience;
    const asio::any_io_executor executor = first.mapped().executor;
    asio::post(executor, [s = std::move(first.mapped())] {
        if (*s.wanted) s.ring();
    });
}

}  // namespace sonde::async
