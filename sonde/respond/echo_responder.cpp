#include <algorithm>
#include <numeric>
#include <random>
#include <utility>

#include <sonde/respond/address_book.hpp>
#include <sonde/respond/delayed_replies.hpp>
#include <sonde/respond/echo_responder.hpp>
#include <sonde/respond/frame_request.hpp>
#include <sonde/respond/ipv4_route_options.hpp>
#include <sonde/respond/neighbour_answers.hpp>
#include <sonde/wire/checksum.hpp>
#include <sonde/wire/icmp.hpp>
#include <sonde/wire/protocol.hpp>

namespace sonde::respond {

namespace {

constexpr std::size_t icmp_header = wire::icmp_header_size;
constexpr std::size_t ethernet_header = 14;
constexpr std::uint8_t neighbour_solicitation = 135;
constexpr std::uint8_t reply_hop_limit = 64;
constexpr std::uint32_t not_utc = 0x8000'0000;  // RFC 791 page 22

std::uint8_t echo_request(family f) noexcept {
    return static_cast<std::uint8_t>(wire::icmp_types_of(f).echo_request);
}
std::uint8_t echo_reply(family f) noexcept {
    return static_cast<std::uint8_t>(wire::icmp_types_of(f).echo_reply);
}

std::uint32_t option_time(const heard& h, time_point now) noexcept {
    using std::chrono::milliseconds;
    constexpr auto day = std::chrono::duration_cast<milliseconds>(std::chrono::hours{24});
    if (!h.at) {
        const auto since = std::chrono::duration_cast<milliseconds>(now.time_since_epoch()) % day;
        return static_cast<std::uint32_t>(since.count()) | not_utc;
    }
    const auto since = std::chrono::floor<milliseconds>(h.at->time_since_epoch()) % day;
    return static_cast<std::uint32_t>((since + day).count() % day.count());
}

bool any_fault(const echo_faults& f) noexcept {
    return f.truncate || f.zero_payload || f.corrupt > 0 || f.drop > 0 || f.duplicate > 0 ||
           f.delay > duration::zero() || f.jitter > duration::zero() || f.wrong_source;
}

}  // namespace

std::string_view to_string(disposition d) noexcept {
    constexpr std::array<std::string_view, disposition_count> names{
        "answered",     "answered_arp", "answered_neighbour", "fault_dropped", "delayed_overflow",
        "kernel_reply", "outgoing",     "not_asked",          "not_ours",      "group_destination",
        "group_source", "own_source",   "address_detection",  "source_route",  "fragment",
        "truncated",    "malformed",    "bad_checksum",       "too_large"};
    return names[static_cast<std::size_t>(d)];
}

bool echo_counts::adds_up() const noexcept {
    const echo_counts& c = *this;
    return frames == std::accumulate(by.begin(), by.end(), std::uint64_t{0}) &&
           replies_made == c[disposition::answered] + c[disposition::answered_arp] +
                               c[disposition::answered_neighbour] + duplicated &&
           replies_made == handed_over + delayed && v4 + v6 == c[disposition::answered] &&
           corrupted <= c[disposition::answered];
}

struct echo_responder::state {
    explicit state(echo_responder_options o)
        : options(std::move(o)),
          faulty(any_fault(options.faults)),
          random(options.faults.seed),
          waiting(options.delayed_limit) {
        book.set_prefixes(options.prefixes);
        apply_own();
    }

    void apply_own() {
        book.set_own(options.own, options.answer_own);
        book.set_broadcasts(options.broadcasts);
    }

    answer judge(time_point now, const heard& h, bytes_view frame, bytes_span out);
    [[nodiscard]] std::optional<disposition> refuse_link(const link_part& link) const noexcept;
    [[nodiscard]] std::optional<disposition> refuse_echo(const icmp_datagram& d, bool group) const noexcept;
    [[nodiscard]] bool is_kernel_reply(const link_part& link, bool cut) const noexcept;
    answer answer_echo(time_point now, const heard& h, const link_part& link, const icmp_datagram& d, bytes_span out);
    [[nodiscard]] bool write_ip(time_point now, const heard& h, const icmp_datagram& d, std::size_t message_size,
                                bytes_span out);
    void spoil(const icmp_datagram& d, bytes_span ip);
    answer send_or_keep(time_point now, bytes_view reply);
    [[nodiscard]] bool happens(double probability);
    [[nodiscard]] time_point drawn_due(time_point now);

    echo_responder_options options;
    address_book book;
    bool faulty;
    std::mt19937_64 random;
    delayed_replies waiting;
    echo_counts counts;
    std::uint16_t identification = 0;
    bool corrupted_now = false;  // the reply that is being made
};

std::optional<disposition> echo_responder::state::refuse_link(const link_part& link) const noexcept {
    if (link.destination.empty()) return std::nullopt;
    const auto source = mac_address::from_bytes(link.source);
    const auto destination = mac_address::from_bytes(link.destination);
    if (source.is_group()) return disposition::group_source;
    if (source == options.mac) return disposition::own_source;
    if (!destination.is_group() && destination != options.mac) return disposition::not_ours;
    return std::nullopt;
}

std::optional<disposition> echo_responder::state::refuse_echo(const icmp_datagram& d, bool group) const noexcept {
    const auto source = address_key::from_wire(d.source);
    const auto destination = address_key::from_wire(d.destination);
    if (group || destination.is_group() || book.is_broadcast(destination)) return disposition::group_destination;
    // An IPv4-mapped address on the wire is no address of an IPv6 host.
    const bool mapped = d.family == family::v6 && (source.is_v4() || destination.is_v4());
    if (mapped || !book.answers(destination)) return disposition::not_ours;
    if (source == destination || book.is_own(source)) return disposition::own_source;
    if (source.is_group() || source.is_unspecified() || source.is_loopback() || book.is_broadcast(source)) {
        return disposition::group_source;
    }
    if (d.fragment) return disposition::fragment;
    if (d.source_route) return disposition::source_route;
    return std::nullopt;
}

bool echo_responder::state::is_kernel_reply(const link_part& link, bool cut) const noexcept {
    const auto reading = icmp_reading::read(link, options.link, cut);
    const auto* d = reading.get();
    return d != nullptr && !d->fragment && std::to_integer<std::uint8_t>(d->message[0]) == echo_reply(d->family) &&
           book.answers(address_key::from_wire(d->source));
}

echo_responder::answer echo_responder::state::judge(time_point now, const heard& h, bytes_view frame, bytes_span out) {
    const bool cut = h.full_size > frame.size();
    const auto link = link_part::read(options.link, frame);
    if (!link) return {h.outgoing ? disposition::outgoing : disposition::truncated};
    if (h.outgoing) return {is_kernel_reply(*link, cut) ? disposition::kernel_reply : disposition::outgoing};
    if (const auto refused = refuse_link(*link)) return {*refused};

    const neighbour_policy policy{book, options.mac, options.defend_prefixes};
    if (link->ethertype == wire::ethertype::arp) return answer_arp(policy, *link, h, out);
    const auto reading = icmp_reading::read(*link, options.link, cut);
    if (reading.get() == nullptr) return {reading.why()};
    const icmp_datagram& d = *reading.get();
    if (!d.fragment) {
        const auto type = std::to_integer<std::uint8_t>(d.message[0]);
        if (d.family == family::v6 && type == neighbour_solicitation) {
            return answer_solicitation(policy, *link, d, h, out);
        }
        if (type != echo_request(d.family)) return {disposition::not_asked};
    }
    const bool group = h.group || (!link->destination.empty() && mac_address::from_bytes(link->destination).is_group());
    if (const auto refused = refuse_echo(d, group)) return {*refused};
    if (!h.checksum_unfinished && !d.checksum_right()) return {disposition::bad_checksum};
    return answer_echo(now, h, *link, d, out);
}

/// The IP header of a reply with a message of that size; false when an IPv4 option is in error.
bool echo_responder::state::write_ip(time_point now, const heard& h, const icmp_datagram& d, std::size_t message_size,
                                     bytes_span out) {
    const auto& wrong = options.faults.wrong_source;
    const bytes_view source = wrong && wrong->family() == d.family ? wrong->bytes() : d.destination;
    if (d.family == family::v6) {
        std::ranges::copy(d.header.first(4), out.begin());  // traffic class and flow label are the asker's
        store_be(out, 4, static_cast<std::uint16_t>(message_size));
        store_be(out, 6, wire::ip_protocol::icmpv6);
        store_be(out, 7, reply_hop_limit);
        std::ranges::copy(source, out.subspan(8).begin());
        std::ranges::copy(d.source, out.subspan(24).begin());
        return true;
    }
    const auto header = out.first(d.header.size());
    std::ranges::copy(d.header.first(2), header.begin());  // so is the type of service
    store_be(header, 2, static_cast<std::uint16_t>(d.header.size() + message_size));
    // RFC 6864: without DF, as Linux replies, each datagram has an identification of its own.
    store_be(header, 4, ++identification);
    store_be(header, 6, std::uint16_t{0});
    store_be(header, 8, reply_hop_limit);
    store_be(header, 9, wire::ip_protocol::icmp);
    store_be(header, 10, std::uint16_t{0});
    std::ranges::copy(source, header.subspan(12).begin());
    std::ranges::copy(d.source, header.subspan(16).begin());
    if (header.size() > 20) {
        std::ranges::copy(d.options(), header.subspan(20).begin());
        if (!record_host(header.subspan(20), d.destination, option_time(h, now))) return false;
    }
    store_be(header, 10, wire::internet_checksum(header));
    return true;
}

echo_responder::answer echo_responder::state::answer_echo(time_point now, const heard& h, const link_part& link,
                                                          const icmp_datagram& d, bytes_span out) {
    if (faulty && happens(options.faults.drop)) return {disposition::fault_dropped};
    const std::size_t at = link.reply_size(h.tag.has_value());
    std::size_t payload = d.message.size() - icmp_header;
    if (options.faults.truncate) payload = std::min<std::size_t>(payload, *options.faults.truncate);
    const std::size_t message_size = icmp_header + payload;
    const std::size_t untagged = (at > 0 ? ethernet_header : 0) + d.header.size() + message_size;
    if (untagged > options.largest_frame) return {disposition::too_large};
    if (!write_ip(now, h, d, message_size, out.subspan(at))) return {disposition::malformed};
    link.write_reply(out, link.source, options.mac, h.tag);

    const auto ip = out.subspan(at, d.header.size() + message_size);
    const auto message = ip.subspan(d.header.size());
    std::ranges::copy(d.message.first(message_size), message.begin());
    store_be(message, 0, echo_reply(d.family));
    const auto request = load_be<std::uint16_t>(d.message, 0);
    const auto checksum =
        wire::updated_checksum(load_be<std::uint16_t>(d.message, 2), request, load_be<std::uint16_t>(message, 0));
    store_be(message, 2, checksum);
    if (faulty) spoil(d, ip);
    // A sum of all zeros has two forms, between which equation 3 cannot choose.
    if (faulty || h.checksum_unfinished || checksum == 0) {
        icmp_datagram reply = d;
        reply.header = ip.first(d.header.size());
        store_be(message, 2, std::uint16_t{0});
        store_be(message, 2, wire::internet_checksum(message, reply.pseudo_sum(message_size)));
    }
    const answer done =
        faulty ? send_or_keep(now, out.first(at + ip.size())) : answer{disposition::answered, at + ip.size()};
    if (done.what == disposition::answered) ++(d.family == family::v4 ? counts.v4 : counts.v6);
    return done;
}

/// What is done wrong with the payload; the checksum comes after it.
void echo_responder::state::spoil(const icmp_datagram& d, bytes_span ip) {
    const auto payload = ip.subspan(d.header.size() + icmp_header);
    if (options.faults.zero_payload) std::ranges::fill(payload, std::byte{0});
    corrupted_now = !payload.empty() && happens(options.faults.corrupt);
    if (!corrupted_now) return;
    payload[random() % payload.size()] ^= static_cast<std::byte>(1 + random() % 255);
}

/// A reply leaves at once, or waits; so does its double, which never goes out with it.
echo_responder::answer echo_responder::state::send_or_keep(time_point now, bytes_view reply) {
    const bool late = options.faults.delay > duration::zero() || options.faults.jitter > duration::zero();
    if (late && !waiting.push(drawn_due(now), reply)) return {disposition::delayed_overflow};
    if (corrupted_now) ++counts.corrupted;
    if (happens(options.faults.duplicate) && waiting.push(late ? drawn_due(now) : now, reply)) {
        ++counts.duplicated;
        ++counts.replies_made;
    }
    return {disposition::answered, late ? 0 : reply.size()};
}

bool echo_responder::state::happens(double probability) {
    if (probability <= 0) return false;
    return static_cast<double>(random() >> 11) * 0x1p-53 < probability;
}

time_point echo_responder::state::drawn_due(time_point now) {
    const auto& f = options.faults;
    if (f.jitter <= duration::zero()) return now + f.delay;
    const auto width = 2 * static_cast<std::uint64_t>(f.jitter.count()) + 1;
    const duration offset{static_cast<duration::rep>(random() % width) - f.jitter.count()};
    return now + std::max(duration::zero(), f.delay + offset);
}

echo_responder::echo_responder(echo_responder_options options) : state_(std::make_unique<state>(std::move(options))) {}
echo_responder::echo_responder(echo_responder&&) noexcept = default;
echo_responder& echo_responder::operator=(echo_responder&&) noexcept = default;
echo_responder::~echo_responder() = default;

echo_responder::answer echo_responder::handle_frame(time_point now, const heard& h, bytes_view frame, bytes_span out) {
    const answer a = state_->judge(now, h, frame, out);
    echo_counts& c = state_->counts;
    ++c.frames;
    ++c.by[static_cast<std::size_t>(a.what)];
    c.delayed = state_->waiting.size();
    if (a.size > 0) ++c.handed_over;
    if (a.what <= disposition::answered_neighbour) ++c.replies_made;
    return a;
}

std::size_t echo_responder::poll_transmit(time_point now, bytes_span out) {
    const std::size_t size = state_->waiting.pop(now, out);
    echo_counts& c = state_->counts;
    if (size > 0) ++c.handed_over;
    c.delayed = state_->waiting.size();
    return size;
}

std::optional<time_point> echo_responder::next_deadline() const noexcept {
    return state_->waiting.next();
}

void echo_responder::set_own(std::vector<ip_address> own, std::vector<ip_address> broadcasts, const mac_address& mac) {
    state_->options.own = std::move(own);
    state_->options.broadcasts = std::move(broadcasts);
    state_->options.mac = mac;
    state_->apply_own();
}

const echo_counts& echo_responder::counts() const noexcept {
    return state_->counts;
}

}  // namespace sonde::respond
