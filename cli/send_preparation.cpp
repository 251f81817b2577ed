#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <cli/send_neighbour.hpp>
#include <cli/send_preparation.hpp>
#include <fmt/format.h>

#include <sonde/report/escape.hpp>
#include <sonde/report/utf8.hpp>
#include <sonde/socket/neighbour.hpp>
#include <sonde/socket/route.hpp>
#include <sonde/wire/dissect.hpp>

namespace sonde::cli {

namespace {

using craft::described_layer;
using wire::protocol;

failure wrong(std::string what, std::string remedy = {}) {
    return {std::move(what), std::move(remedy), std::make_error_code(std::errc::invalid_argument)};
}

/// The column, the description, and a caret below the place.
failure at_place(std::string_view words, const craft::description_error& error) {
    const std::size_t before = std::min(error.column - 1, words.size());
    const std::string shown = report::escape_text(words.substr(0, before));
    return wrong(fmt::format("column {}: {}", error.column, report::escape_text(error.what)),
                 fmt::format("  {}{}\n  {}^", shown, report::escape_text(words.substr(before)),
                             std::string(report::display_width(shown), ' ')));
}

bool is_ip(const described_layer& layer) noexcept {
    return layer.is(protocol::ipv4) || layer.is(protocol::ipv6);
}

bool is_link(const described_layer& layer) noexcept {
    return layer.is(protocol::ethernet) || layer.is(protocol::vlan) || layer.is(protocol::arp) ||
           layer.is(protocol::null_loopback) || layer.is(protocol::linux_cooked) || layer.is(protocol::linux_cooked_v2);
}

std::string_view name_of(const described_layer& layer) noexcept {
    return layer.layout == nullptr ? "bytes" : layer.layout->name;
}

described_layer plain_layer(protocol id) {
    described_layer out;
    out.layout = wire::layout_of(id);
    return out;
}

void give_destination(described_layer& ip, const ip_address& destination) {
    const wire::header_field* field = wire::find_field(*ip.layout, nullptr, "dst");
    craft::field_value value;
    const bytes_view bytes = destination.bytes();
    if (field->bits > 64) {
        value.bytes.assign(bytes.begin(), bytes.end());
    } else {
        value.number = load_be<std::uint32_t>(bytes, 0);
    }
    ip.fields.push_back({field, std::move(value), 1});
}

ip_address destination_in(bytes_view ip_header, bool v4) {
    return ip_address::from_bytes(ip_header.subspan(v4 ? 16 : 24, v4 ? 4 : 16));
}

/// What this system's kernel writes of an IPv4 header that comes with the packet.
craft::kernel_share native_share() {
    const auto& rules = socket::rules_of(socket::native_dialect());
    const auto left = [](socket::kernel_fill fill) { return fill != socket::kernel_fill::never; };
    return {left(rules.total_length), left(rules.identification), left(rules.checksum), left(rules.source)};
}

ip_address first_address(const socket::network_interface& interface, family wanted) {
    for (const auto& own : interface.addresses) {
        if (own.address.family() == wanted) return own.address;
    }
    return {};
}

std::vector<described_layer> vlan_tags(const craft::description& words) {
    std::vector<described_layer> tags;
    for (const auto& layer : words.layers) {
        if (is_ip(layer)) break;
        if (layer.is(protocol::vlan)) tags.push_back(layer);
    }
    return tags;
}

struct network_part {
    std::size_t at = 0;
    std::size_t size = 0;
    bool v4 = true;
    std::size_t header = 0;  // of the IP header alone
    std::uint8_t number = 0;
};

/// The outermost IP packet of a frame, without what pads it.
std::optional<network_part> network_part_of(link_type link, bytes_view frame) {
    const auto dissection = wire::dissect(link, frame, {.checksums = false});
    for (const auto& layer : dissection.layers()) {
        if (layer.id != protocol::ipv4 && layer.id != protocol::ipv6) continue;
        const bool v4 = layer.id == protocol::ipv4;
        if (layer.bytes.size() < (v4 ? 20U : 40U)) return std::nullopt;
        const std::size_t whole = layer.bytes.size() + layer.payload_size;
        const std::size_t captured = frame.size() - layer.offset;
        return network_part{layer.offset, layer.problem ? captured : std::min(whole, captured), v4, layer.bytes.size(),
                            load_be<std::uint8_t>(layer.bytes, v4 ? 9 : 6)};
    }
    return std::nullopt;
}

}  // namespace

result<door> packet_preparer::choose_door(const craft::description& words) const {
    const described_layer& first = words.layers.front();
    const door natural = is_link(first) ? door::link : is_ip(first) ? door::network : door::transport;
    const door chosen = settings_.through.value_or(natural);
    if (chosen == door::network && natural != door::network) {
        return wrong(fmt::format(
            "the network door takes packets that begin with ip or ip6, and this one begins with {}", name_of(first)));
    }
    if (chosen == door::transport && natural == door::link) {
        return wrong(
            fmt::format("the transport door takes what IP carries, and this packet begins with {}", name_of(first)));
    }
    if (chosen == door::transport && natural == door::transport && !settings_.destination) {
        return wrong(fmt::format("{} alone {} not say where to: begin with ip(dst=...) or give --dst ADDRESS",
                                 name_of(first), first.layout == nullptr ? "do" : "does"));
    }
    if (settings_.protocol && (chosen != door::transport || natural != door::transport)) {
        return wrong(fmt::format("--protocol would have no effect: {}",
                                 chosen == door::transport
                                     ? fmt::format("the packet has its own {} layer", name_of(first))
                                     : fmt::format("the packet goes through the {} door", to_string(chosen))));
    }
    return chosen;
}

// What the description leaves to be understood: Ethernet below ARP, IP below the transport door's message.
result<void> packet_preparer::add_outer_layers(craft::description& words, prepared_packet& p) {
    auto& layers = words.layers;
    if (p.through == door::link) {
        const bool bare =
            !is_link(layers.front()) || layers.front().is(protocol::arp) || layers.front().is(protocol::vlan);
        if (bare && p.link == link_type::ethernet) layers.insert(layers.begin(), plain_layer(protocol::ethernet));
        return {};
    }
    if (is_ip(layers.front())) return {};
    const ip_address destination = *settings_.destination;
    described_layer ip = plain_layer(destination.is_v4() ? protocol::ipv4 : protocol::ipv6);
    give_destination(ip, destination);
    if (settings_.protocol) {
        const auto* number = wire::find_field(*ip.layout, nullptr, destination.is_v4() ? "proto" : "nh");
        ip.fields.push_back({number, {*settings_.protocol, {}}, 1});
    } else if (layers.front().layout == nullptr) {
        return wrong("these are bytes of no known protocol: give --protocol NUMBER");
    }
    layers.insert(layers.begin(), std::move(ip));
    return {};
}

result<ip_address> packet_preparer::source_towards(const ip_address& destination) {
    const std::uint32_t interface = settings_.interface ? settings_.interface->index : 0;
    auto source = socket::local_address_for(destination, interface, {});
    if (source) return *source;
    if (settings_.interface) return first_address(*settings_.interface, destination.family());
    if (const auto hop = socket::next_hop_towards(destination, 0); hop && !hop->source.is_unspecified()) {
        return hop->source;  // a broadcast address, to which no socket is connected without being asked
    }
    if (settings_.dry_run) {
        notes_.push_back(fmt::format("no route to {}: the source address is left zero", destination.to_string()));
        return ip_address{};
    }
    return failure{fmt::format("no route to {}: {}", destination.to_string(), source.error().what),
                   "say by which interface with -i", source.error().code};
}

result<socket::network_interface> packet_preparer::link_interface(const ip_address& source,
                                                                  const ip_address& destination) {
    if (settings_.interface) return *settings_.interface;
    const auto all = socket::interfaces();
    if (!all) return all.error();
    std::uint32_t index = destination.scope_id();
    if (index == 0 && !destination.is_unspecified()) {
        if (const auto hop = socket::next_hop_towards(destination, 0)) index = hop->interface;
    }
    std::string names;
    for (const auto& one : *all) {
        const bool has_source =
            std::ranges::any_of(one.addresses, [&](const auto& own) { return own.address.same_octets(source); });
        if (one.index == index || (index == 0 && !source.is_unspecified() && has_source)) return one;
        names += fmt::format("{}{}", names.empty() ? "" : ", ", report::escape_text(one.name));
    }
    return wrong(fmt::format("the link door must know the interface: give -i, one of {}", names));
}

// The link address of the next hop, unless the packet goes to a group or says itself.
result<void> packet_preparer::find_next_hop(const craft::description& words, const ip_address& destination,
                                            const socket::network_interface& interface, craft::surroundings& around) {
    const described_layer& first = words.layers.front();
    const bool wanted = first.is(protocol::ethernet) && first.find("dst") == nullptr && !interface.loopback;
    const bool over_ip = std::ranges::any_of(words.layers, is_ip);
    if (!wanted || !over_ip || destination.is_unspecified() || craft::group_address(destination)) return {};
    auto hop = socket::next_hop_towards(destination, interface.index);
    if (hop && hop->broadcast) {
        around.link_destination = mac_address::broadcast();
        return {};
    }
    const ip_address next = hop ? hop->address : destination;
    around.link_destination = socket::link_address_of(next, interface.index);
    if (around.link_destination) return {};
    if (settings_.dry_run) {
        notes_.push_back(fmt::format("the link address of {} on {} is not known: left zero", next.to_string(),
                                     report::escape_text(interface.name)));
        return {};
    }
    const bool own = hop && hop->local;
    auto asked =
        own ? result<std::optional<mac_address>>{std::nullopt} : ask_for_neighbour(interface, next, vlan_tags(words));
    if (!asked) return asked.error();
    if (!*asked) {
        return wrong(fmt::format("the link address of {} on {} is not known: {}", next.to_string(),
                                 report::escape_text(interface.name),
                                 own ? "it is this machine's own" : "nobody there answers for it"),
                     "give it with eth(dst=...)");
    }
    around.link_destination = **asked;
    return {};
}

result<void> packet_preparer::check_destination(const std::optional<ip_address>& named) const {
    const auto& wanted = settings_.destination;
    if (!wanted || !named) return {};
    const bool other_link =
        wanted->scope_id() != 0 && named->scope_id() != 0 && wanted->scope_id() != named->scope_id();
    if (wanted->same_octets(*named) && !other_link) return {};
    return wrong(fmt::format("--dst would have no effect: it is {}, and the packet goes to {}", wanted->to_string(),
                             named->to_string()));
}

result<craft::surroundings> packet_preparer::look_around(const craft::description& words, prepared_packet& p) {
    craft::surroundings around;
    const auto first_ip = std::ranges::find_if(words.layers, is_ip);
    const bool v6 = first_ip != words.layers.end() && first_ip->is(protocol::ipv6);
    const bool has_address =
        first_ip != words.layers.end() ||
        std::ranges::any_of(words.layers, [](const described_layer& l) { return l.is(protocol::arp); });
    std::array<std::byte, 16> loopback6{};
    loopback6.back() = std::byte{1};
    if (settings_.destination && !has_address) {
        return wrong("--dst would have no effect: no layer of this packet says where to");
    }
    if (has_address) {
        const auto named = craft::destination_of(words);
        if (auto agreed = check_destination(named); !agreed) return agreed.error();
        around.destination = named                   ? *named
                             : settings_.destination ? *settings_.destination
                             : v6                    ? ip_address::from_bytes(loopback6)
                                                     : ip_address::v4(0x7f000001);
        if (around.destination.needs_scope() && settings_.interface) {
            if (const auto scope = around.destination.scope_id(); scope != 0 && scope != settings_.interface->index) {
                return wrong(fmt::format("the packet goes to {}, and -i says {}", around.destination.to_string(),
                                         report::escape_text(settings_.interface->name)));
            }
            around.destination = around.destination.with_scope(settings_.interface->index);
        } else if (around.destination.needs_scope() && settings_.destination && around.destination.scope_id() == 0) {
            around.destination = around.destination.with_scope(settings_.destination->scope_id());
        }
        if (around.destination.needs_scope() && around.destination.scope_id() == 0) {
            return wrong(fmt::format("{} is another address on each link: give -i", around.destination.to_string()));
        }
        auto source = source_towards(around.destination);
        if (!source) return source.error();
        around.source = *source;
    }
    p.destination = around.destination;
    p.interface = settings_.interface ? settings_.interface->index : around.destination.scope_id();
    if (!around.destination.is_unspecified()) {
        const auto hop = socket::next_hop_towards(around.destination, p.interface);
        p.any_source = hop && hop->broadcast;
    }
    if (p.through != door::link) return around;
    auto interface = link_interface(around.source, around.destination);
    if (!interface) return interface.error();
    p.interface = interface->index;
    p.link = interface->link();
    around.link_source = interface->mac;
    if (interface->loopback) around.link_destination = mac_address{};
    return around;
}

// The transport door: what of the IP header can be asked of the kernel.
result<void> packet_preparer::take_wishes(const craft::description& words, prepared_packet& p) {
    const described_layer& ip = words.layers.front();
    const bool v4 = ip.is(protocol::ipv4);
    const auto refuse = [&](std::string_view field) {
        return wrong(fmt::format("{}'s {} is the kernel's in the transport door", ip.layout->name, field),
                     "without --layer transport it is yours");
    };
    if (!ip.options.empty()) return refuse("options are nobody's but");
    for (const auto& given : ip.fields) {
        const std::string_view name = given.field->name;
        const auto octet = static_cast<std::uint8_t>(given.value.number);
        if (name == (v4 ? "ttl" : "hlim")) {
            p.wishes.hop_limit = octet;
        } else if (name == (v4 ? "tos" : "tc")) {
            p.wishes.traffic_class = octet;
        } else if (name == "src") {
            p.wishes.source = v4 ? ip_address::v4(static_cast<std::uint32_t>(given.value.number))
                                 : ip_address::from_bytes(given.value.bytes);
        } else if (name == "flags") {
            if (given.value.number != 2) return refuse("flags but DF");
            p.wishes.dont_fragment = true;
        } else if (name != "dst" && name != (v4 ? "proto" : "nh")) {
            return refuse(name);
        }
    }
    return {};
}

void packet_preparer::note_overwritten(const craft::description& words) {
    const auto& rules = socket::rules_of(socket::native_dialect());
    const described_layer& ip = words.layers.front();
    if (!ip.is(protocol::ipv4)) return;
    const auto note = [&](std::string_view field, socket::kernel_fill fill) {
        if (fill != socket::kernel_fill::always || ip.find(field) == nullptr) return;
        notes_.push_back(
            fmt::format("the kernel writes ip's {} itself in the network door; --layer link leaves yours", field));
    };
    note("len", rules.total_length);
    note("chksum", rules.checksum);
}

result<prepared_packet> packet_preparer::from_words(std::string_view text) {
    auto words = craft::description::parse(text);
    if (!words) return at_place(text, words.error());
    prepared_packet p;
    auto through = choose_door(*words);
    if (!through) return through.error();
    p.through = *through;
    // An interface decides whether there is Ethernet, a source address which interface.
    if (p.through != door::link) {
        if (auto added = add_outer_layers(*words, p); !added) return added.error();
    }
    auto around = look_around(*words, p);
    if (!around) return around.error();
    if (p.through == door::link) {
        if (auto added = add_outer_layers(*words, p); !added) return added.error();
        const auto interface = socket::find_interface(fmt::format("{}", p.interface));
        if (!interface) return interface.error();
        if (auto found = find_next_hop(*words, p.destination, *interface, *around); !found) return found.error();
    }
    auto complete = craft::build(*words, *around);
    if (!complete) return at_place(text, complete.error());
    p.complete = complete->bytes;
    if (p.through == door::network && words->layers.front().is(protocol::ipv4)) {
        auto shape = craft::build(*words, *around, native_share());
        if (!shape) return at_place(text, shape.error());
        note_overwritten(*words);
        p.shape = *std::move(shape);
        p.written = p.shape.bytes;
    } else {
        p.shape = *std::move(complete);
        p.written = p.complete;
    }
    if (p.through == door::transport) {
        if (auto taken = take_wishes(*words, p); !taken) return taken.error();
        auto& ip = p.shape.layers.front();
        p.written_at = ip.size;
        p.written.erase(p.written.begin(), p.written.begin() + static_cast<std::ptrdiff_t>(ip.size));
        p.protocol = load_be<std::uint8_t>(p.complete, ip.is(protocol::ipv4) ? 9 : 6);
        for (auto& field : ip.fields) {
            if (field.by != craft::author::user) field.by = craft::author::kernel;
        }
    }
    if (auto done = finish(p); !done) return done.error();
    return p;
}

result<void> packet_preparer::finish(prepared_packet& p) {
    if (p.through != door::link) p.link = link_type::raw_ip;
    if (needs_.asked) p.asked = craft::question::of(p.link, p.complete);
    return {};
}

result<std::optional<prepared_packet>> packet_preparer::from_bytes(link_type link, bytes_view bytes) {
    prepared_packet p;
    const bool has_link = link != link_type::raw_ip && link != link_type::raw_ipv4 && link != link_type::raw_ipv6;
    p.through = settings_.through.value_or(link == link_type::ethernet ? door::link : door::network);
    p.interface = settings_.interface ? settings_.interface->index : 0;
    const auto given = [&](bytes_view whole) { p.complete.assign(whole.begin(), whole.end()); };
    if (p.through == door::transport && settings_.protocol && settings_.destination) {
        p.destination = *settings_.destination;
        p.protocol = *settings_.protocol;
        given(bytes);
        p.written = p.complete;
        return std::optional(std::move(p));
    }
    if (p.through == door::link) {
        const auto interface = link_interface({}, {});
        if (!interface) return interface.error();
        if (interface->link() != link && !(interface->link() == link_type::raw_ip && !has_link)) {
            return wrong(fmt::format("these packets do not begin with what {}'s frames begin with",
                                     report::escape_text(interface->name)),
                         "send them with --layer network");
        }
        p.interface = interface->index;
        p.link = link;
        given(bytes);
        p.written = p.complete;
        if (needs_.shape) p.shape = craft::packet_of_bytes(p.link, p.complete);
        if (auto done = finish(p); !done) return done.error();
        return std::optional(std::move(p));
    }
    const auto part = network_part_of(link, bytes);
    if (!part) return std::optional<prepared_packet>{};
    const bytes_view packet = bytes.subspan(part->at, part->size);
    given(packet);
    p.destination = destination_in(packet, part->v4);
    if (p.destination.needs_scope()) p.destination = p.destination.with_scope(p.interface);
    p.written = p.complete;
    if (p.through == door::transport) {
        p.protocol = part->number;
        p.written_at = part->header;
        p.written.erase(p.written.begin(), p.written.begin() + static_cast<std::ptrdiff_t>(part->header));
    }
    if (needs_.shape) {
        p.shape = craft::packet_of_bytes(link_type::raw_ip, p.complete);
        if (p.through == door::transport) {
            for (auto& field : p.shape.layers.front().fields) field.by = craft::author::kernel;
        }
    }
    if (auto done = finish(p); !done) return done.error();
    return std::optional(std::move(p));
}

}  // namespace sonde::cli
