#include <algorithm>
#include <array>
#include <chrono>
#include <poll.h>

#include <cli/send_neighbour.hpp>
#include <fmt/format.h>

#include <sonde/base/time.hpp>
#include <sonde/craft/builder.hpp>
#include <sonde/socket/packet_socket.hpp>
#include <sonde/socket/route.hpp>
#include <sonde/wire/arp.hpp>
#include <sonde/wire/dissect.hpp>
#include <sonde/wire/nd.hpp>

namespace sonde::cli {

namespace {

using namespace std::chrono_literals;
using wire::protocol;

constexpr int tries = 3;
constexpr duration between_tries = 300ms;
constexpr duration answered_within = 1s;
constexpr int frames_per_turn = 256;
constexpr std::size_t largest_answer = 2048;
constexpr std::size_t tag_at = 14;  // behind two link addresses and the ethertype
constexpr std::uint16_t vlan_mask = 0x0fff;
constexpr std::string_view answers_only = "arp or (icmp6 and ip6[40] == 136)";

time_point now() {
    return std::chrono::time_point_cast<duration>(std::chrono::steady_clock::now());
}

/// Of this machine, as it would ask itself.
ip_address own_address(const socket::network_interface& interface, const ip_address& neighbour) {
    if (const auto chosen = socket::local_address_for(neighbour, interface.index, {})) return *chosen;
    for (const auto& own : interface.addresses) {
        if (own.address.family() == neighbour.family()) return own.address;
    }
    return {};
}

std::optional<mac_address> advertised(const wire::dissection& received, bytes_view frame, const ip_address& neighbour) {
    const wire::layer* ip = received.find(protocol::ipv6);
    const wire::layer* icmp = received.find(protocol::icmpv6);
    if (ip == nullptr || icmp == nullptr || icmp->checksum == wire::checksum_status::wrong) return std::nullopt;
    constexpr std::size_t hop_limit_at = 7;
    if (load_be<std::uint8_t>(ip->bytes, hop_limit_at) != wire::nd_hop_limit) return std::nullopt;
    const bytes_view rest = frame.subspan(icmp->offset);
    const std::size_t size = std::min(rest.size(), icmp->bytes.size() + icmp->payload_size);
    const auto message = wire::nd_view::parse(rest.first(size), wire::checksum_check::trust);
    if (!message) return std::nullopt;
    const auto meant = wire::nd_message::from(*message);
    const auto* advertisement = std::get_if<wire::neighbor_advertisement>(&meant.body);
    if (advertisement == nullptr || !advertisement->target.same_octets(neighbour)) return std::nullopt;
    const auto told = wire::find_link_layer_address(message->options(), wire::nd_option::target_link_layer_address);
    // RFC 4861 section 4.4: it may be left out of what goes to a single asker, who knows then whence it came.
    return told ? told : mac_address::from_bytes(frame.subspan(mac_address::size, mac_address::size));
}

/// Of the tag that the frame was sent with, and of what came in; nothing without one.
std::optional<std::uint16_t> vlan_of(bytes_view question, bool tagged) {
    if (!tagged) return std::nullopt;
    return static_cast<std::uint16_t>(load_be<std::uint16_t>(question, tag_at) & vlan_mask);
}

std::optional<std::uint16_t> vlan_of(const socket::frame_meta& meta) {
    // A tag of VLAN 0 carries a priority alone.
    if (!meta.tag || (meta.tag->tci & vlan_mask) == 0) return std::nullopt;
    return static_cast<std::uint16_t>(meta.tag->tci & vlan_mask);
}

}  // namespace

std::vector<std::byte> neighbour_question(const socket::network_interface& interface, const ip_address& neighbour,
                                          const ip_address& source, const std::vector<craft::described_layer>& tags) {
    const std::string target = neighbour.with_scope(0).to_string();
    const std::string from = source.with_scope(0).to_string();
    std::string text = "eth/";
    if (neighbour.is_v4()) {
        // Without an address it is a probe (RFC 5227), which is answered too.
        text += fmt::format("arp(psrc={}, pdst={})", source.is_unspecified() ? "0.0.0.0" : from, target);
    } else if (source.is_unspecified()) {
        text += fmt::format("ip6(src=::)/icmp6(ns, target={})", target);
    } else {
        text += fmt::format("ip6(src={})/icmp6(ns, target={}, slla={})", from, target, interface.mac.to_string());
    }
    auto words = craft::description::parse(text);
    if (!words) return {};
    words->layers.insert(words->layers.begin() + 1, tags.begin(), tags.end());
    for (auto& layer : words->layers) {
        std::erase_if(layer.fields, [&](const craft::given_field& given) {
            return layer.is(protocol::vlan) && given.field->name == "type";
        });
    }
    auto built = craft::build(*words, {.source = source, .destination = neighbour, .link_source = interface.mac});
    return built ? std::move(built->bytes) : std::vector<std::byte>{};
}

std::optional<mac_address> neighbour_answer(bytes_view frame, const ip_address& neighbour) noexcept {
    const auto received = wire::dissect(link_type::ethernet, frame);
    if (!neighbour.is_v4()) return advertised(received, frame, neighbour);
    const wire::layer* layer = received.find(protocol::arp);
    if (layer == nullptr) return std::nullopt;
    const auto arp = wire::arp_view::parse(layer->bytes);
    const bool answers =
        arp && arp->operation() == wire::arp_operation::reply && arp->sender_ip().same_octets(neighbour);
    return answers ? std::optional(arp->sender_mac()) : std::nullopt;
}

result<std::optional<mac_address>> ask_for_neighbour(const socket::network_interface& interface,
                                                     const ip_address& neighbour,
                                                     const std::vector<craft::described_layer>& tags) {
    const ip_address target = neighbour.needs_scope() ? neighbour.with_scope(interface.index) : neighbour;
    const auto question = neighbour_question(interface, neighbour, own_address(interface, target), tags);
    auto opened = socket::packet_socket::open({.interface = interface.index});
    if (!opened) return opened.error();
    const auto filter = socket::bpf_filter::compile(answers_only, link_type::ethernet);
    if (auto started = opened->start(filter ? *filter : socket::bpf_filter{}); !started) return started.error();
    const auto wanted_vlan = vlan_of(question, !tags.empty());
    const bytes_view whole{question};
    std::vector<std::byte> buffer(largest_answer);
    const time_point begin = now();
    int asked = 0;
    for (time_point at = begin; at < begin + answered_within; at = now()) {
        if (asked < tries && at >= begin + asked * between_tries) {
            if (auto sent = opened->send_pieces(std::span{&whole, 1}); !sent) return sent.error();
            ++asked;
        }
        for (int i = 0; i < frames_per_turn; ++i) {
            const auto in = opened->receive(buffer);
            if (!in) break;
            if (in->meta.type == socket::packet_type::outgoing || vlan_of(in->meta) != wanted_vlan) continue;
            if (const auto found = neighbour_answer(in->bytes, neighbour)) return found;
        }
        const time_point until = asked < tries ? begin + asked * between_tries : begin + answered_within;
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(std::max(duration::zero(), until - now()));
        pollfd what{.fd = opened->fd(), .events = POLLIN, .revents = 0};
        (void)::poll(&what, 1, static_cast<int>(left.count()));
    }
    return std::optional<mac_address>{};
}

}  // namespace sonde::cli
