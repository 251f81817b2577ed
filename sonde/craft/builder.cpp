#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include <sonde/craft/builder.hpp>
#include <sonde/craft/option_bytes.hpp>
#include <sonde/wire/checksum.hpp>
#include <sonde/wire/dissect.hpp>

namespace sonde::craft {

namespace {

using wire::field_fill;
using wire::field_kind;
using wire::header_field;
using wire::protocol;

constexpr std::uint16_t loopback_test_type = 0x9000;  // what an unknown payload is called on Ethernet
constexpr std::uint32_t bsd_inet = 2;
constexpr std::uint32_t bsd_inet6 = 30;
constexpr std::uint16_t dhcp_server_port = 67;
constexpr std::uint16_t dhcp_client_port = 68;
constexpr std::uint8_t link_hop_limit = 255;  // RFC 4861: what a router would have lowered is not believed
constexpr std::uint8_t routing_hop_limit = 1;

struct next_number {
    protocol id;
    std::uint8_t ip;         // 0xff: none
    std::uint16_t ethernet;  // 0: none
};
constexpr std::uint8_t no_ip_number = 0xff;
constexpr std::array<next_number, 14> next_numbers{{
    {protocol::vlan, no_ip_number, wire::ethertype::vlan},
    {protocol::arp, no_ip_number, wire::ethertype::arp},
    {protocol::ipv4, wire::ip_protocol::ipv4, wire::ethertype::ipv4},
    {protocol::ipv6, wire::ip_protocol::ipv6, wire::ethertype::ipv6},
    {protocol::ipv6_hop_by_hop, 0, 0},
    {protocol::ipv6_routing, 43, 0},
    {protocol::ipv6_fragment, 44, 0},
    {protocol::ipv6_destination, 60, 0},
    {protocol::icmp, wire::ip_protocol::icmp, 0},
    {protocol::icmpv6, wire::ip_protocol::icmpv6, 0},
    {protocol::igmp, wire::ip_protocol::igmp, 0},
    {protocol::ospf, wire::ip_protocol::ospf, 0},
    {protocol::udp, wire::ip_protocol::udp, 0},
    {protocol::tcp, wire::ip_protocol::tcp, 0},
}};

const next_number* numbers_of(const described_layer& layer) noexcept {
    if (layer.layout == nullptr) return nullptr;
    const auto* found = std::ranges::find(next_numbers, layer.layout->id, &next_number::id);
    return found == next_numbers.end() ? nullptr : found;
}

bool is_ip(const described_layer& layer) noexcept {
    return layer.is(protocol::ipv4) || layer.is(protocol::ipv6);
}

std::optional<std::uint64_t> given_number(const described_layer& layer, std::string_view field) noexcept {
    const given_field* given = layer.find(field);
    return given == nullptr ? std::nullopt : std::optional(given->value.number);
}

ip_address address_at(bytes_view header, const described_layer& ip, bool source) {
    if (ip.is(protocol::ipv4)) return ip_address::from_bytes(header.subspan(source ? 12 : 16, 4));
    return ip_address::from_bytes(header.subspan(source ? 8 : 24, 16));
}

field_value value_of(const header_field& field, bytes_view address) {
    field_value out;
    if (field.bits > 64) {
        out.bytes.assign(address.begin(), address.end());
        out.bytes.resize(field.bits / 8U);
        return out;
    }
    for (const std::byte b : address) out.number = out.number << 8U | std::to_integer<std::uint64_t>(b);
    return out;
}

/// An address for a field of one family; what is of the other leaves it zero.
std::optional<field_value> address_value(const header_field& field, const ip_address& address) {
    const family wanted = field.kind == field_kind::ipv4 ? family::v4 : family::v6;
    if (address.family() != wanted) return std::nullopt;
    return value_of(field, address.bytes());
}

/// One packet in the making.
class builder {
public:
    builder(const description& words, const surroundings& around, kernel_share kernel)
        : words_(words), around_(around), kernel_(kernel) {}

    described<packet> build();

private:
    described<void> lay_out();
    void write_given();
    described<void> fill(field_fill pass);
    described<void> fill_field(std::size_t at, built_field& field);
    described<void> fill_length(std::size_t at, const header_field& field);
    void fill_next(std::size_t at, built_field& field);
    void fill_source(std::size_t at, built_field& field);
    void fill_destination(std::size_t at, built_field& field);
    void fill_preset(std::size_t at, built_field& field);
    void fill_checksum(std::size_t at, const header_field& field);
    [[nodiscard]] std::optional<std::uint64_t> usual_value(std::size_t at, const header_field& field) const;
    [[nodiscard]] std::optional<mac_address> link_destination(std::size_t at) const;
    [[nodiscard]] std::uint16_t pseudo_sum(std::size_t at) const;
    [[nodiscard]] bool left_to_kernel(std::size_t at, const header_field& field) const;
    [[nodiscard]] bool covered_by_checksum() const;
    [[nodiscard]] std::optional<std::size_t> ip_above(std::size_t at) const;
    /// The IP header that a quoted or tunnelled one lies in, when an ICMP message lies between the two.
    [[nodiscard]] std::optional<std::size_t> quoting_ip(std::size_t at) const;
    [[nodiscard]] bytes_span header(std::size_t at) noexcept {
        return bytes_span{out_.bytes}.subspan(out_.layers[at].offset, out_.layers[at].size);
    }
    [[nodiscard]] bytes_view header(std::size_t at) const noexcept { return out_.header(out_.layers[at]); }
    [[nodiscard]] std::size_t from_here_on(std::size_t at) const noexcept {
        return out_.bytes.size() - out_.layers[at].offset;
    }
    [[nodiscard]] const described_layer* after(std::size_t at) const noexcept {
        const std::size_t next = at + (routing_data(at) == 0 ? 1 : 2);
        return next < words_.layers.size() ? &words_.layers[next] : nullptr;
    }
    [[nodiscard]] std::size_t routing_data(std::size_t at) const noexcept;
    void take_extensions(std::size_t from, std::size_t to, ip_address& source, ip_address& destination) const;
    void write(std::size_t at, const header_field& field, const field_value& value) {
        write_value(header(at), field, value);
    }

    const description& words_;
    const surroundings& around_;
    kernel_share kernel_;
    packet out_;
};

described<packet> builder::build() {
    if (auto laid = lay_out(); !laid) return laid.error();
    write_given();
    // Checksums cover all else, and an outer one covers the inner.
    for (const field_fill pass : {field_fill::preset, field_fill::length, field_fill::next, field_fill::source,
                                  field_fill::destination, field_fill::checksum}) {
        if (auto filled = fill(pass); !filled) return filled.error();
    }
    return std::move(out_);
}

described<void> builder::lay_out() {
    for (const auto& layer : words_.layers) {
        built_layer built;
        built.layout = layer.layout;
        built.variant = layer.variant;
        built.offset = out_.bytes.size();
        built.has_given_options = !layer.options.empty();
        auto options = option_bytes(layer);
        if (!options) return options.error();
        if (layer.layout == nullptr) {
            out_.bytes.insert(out_.bytes.end(), layer.bytes.begin(), layer.bytes.end());
        } else {
            for (const auto& f : layer.layout->fields) built.fields.push_back({&f, author::preset});
            if (layer.variant != nullptr) {
                for (const auto& f : layer.variant->fields) built.fields.push_back({&f, author::preset});
            }
            out_.bytes.resize(out_.bytes.size() + wire::fixed_size(*layer.layout, layer.variant));
            out_.bytes.insert(out_.bytes.end(), options->begin(), options->end());
        }
        built.size = out_.bytes.size() - built.offset;
        if (out_.bytes.size() > most_bytes) {
            return description_error{layer.column, fmt::format("the packet has more than {} bytes", most_bytes)};
        }
        out_.layers.push_back(std::move(built));
    }
    return {};
}

void builder::write_given() {
    for (std::size_t at = 0; at < words_.layers.size(); ++at) {
        for (const auto& given : words_.layers[at].fields) {
            write(at, *given.field, given.value);
            const auto field = std::ranges::find(out_.layers[at].fields, given.field, &built_field::field);
            if (field != out_.layers[at].fields.end()) field->by = author::user;
        }
    }
}

described<void> builder::fill(field_fill pass) {
    for (std::size_t at = words_.layers.size(); at-- > 0;) {
        // What encloses comes first where the inner one takes after it.
        const bool outermost_first = pass == field_fill::source || pass == field_fill::destination;
        const std::size_t place = outermost_first ? words_.layers.size() - 1 - at : at;
        for (auto& field : out_.layers[place].fields) {
            if (field.by == author::user || field.field->fill != pass) continue;
            if (auto filled = fill_field(place, field); !filled) return filled;
        }
    }
    return {};
}

described<void> builder::fill_field(std::size_t at, built_field& field) {
    if (left_to_kernel(at, *field.field)) {
        field.by = author::kernel;
        return {};
    }
    switch (field.field->fill) {
        case field_fill::preset:
            fill_preset(at, field);
            break;
        case field_fill::length:
            field.by = author::computed;
            return fill_length(at, *field.field);
        case field_fill::next:
            fill_next(at, field);
            break;
        case field_fill::source:
            fill_source(at, field);
            break;
        case field_fill::destination:
            fill_destination(at, field);
            break;
        case field_fill::checksum:
            field.by = author::computed;
            fill_checksum(at, *field.field);
            break;
    }
    return {};
}

// What a field is by convention when it is followed by that protocol.
std::optional<std::uint64_t> builder::usual_value(std::size_t at, const header_field& field) const {
    const described_layer& layer = words_.layers[at];
    const described_layer* next = after(at);
    if (next == nullptr) return std::nullopt;
    if (layer.is(protocol::udp) && next->is(protocol::dhcp)) {
        const bool from_client = given_number(*next, "op").value_or(1) == 1;
        if (field.name == "sport") return from_client ? dhcp_client_port : dhcp_server_port;
        if (field.name == "dport") return from_client ? dhcp_server_port : dhcp_client_port;
    }
    if (layer.is(protocol::ipv6) && field.name == "hlim" && next->is(protocol::icmpv6) && next->variant != nullptr) {
        const std::uint32_t type = next->variant->value;
        if (type >= 133 && type <= 137) return link_hop_limit;
        if ((type >= 130 && type <= 132) || type == 143) return routing_hop_limit;
    }
    if (layer.is(protocol::ipv4) && field.name == "ttl" && (next->is(protocol::igmp) || next->is(protocol::ospf))) {
        const given_field* destination = layer.find("dst");
        const bool group = destination != nullptr && (destination->value.number >> 28U) == 0xe;
        if (group) return routing_hop_limit;
    }
    return std::nullopt;
}

void builder::fill_preset(std::size_t at, built_field& field) {
    const auto usual = usual_value(at, *field.field);
    field.by = usual ? author::computed : author::preset;
    if (field.field->bits <= 64) write(at, *field.field, {usual.value_or(field.field->preset), {}});
}

described<void> builder::fill_length(std::size_t at, const header_field& field) {
    const built_layer& layer = out_.layers[at];
    std::size_t value = from_here_on(at);
    switch (layer.layout->id) {
        case protocol::ipv4:
            if (field.name == "ihl") value = layer.size / 4;
            break;
        case protocol::tcp:
            value = layer.size / 4;
            break;
        case protocol::ipv6:
            value -= layer.size;
            break;
        case protocol::ipv6_hop_by_hop:
        case protocol::ipv6_destination:
        case protocol::ipv6_routing:
            value = (layer.size + routing_data(at) + 7) / 8 - 1;
            break;
        default:
            break;
    }
    if (field.bits < 64 && (value >> field.bits) != 0) {
        return description_error{
            words_.layers[at].column,
            fmt::format("{}: {} has {} bits and cannot say {}", layer.layout->name, field.name, field.bits, value)};
    }
    write(at, field, {value, {}});
    return {};
}

void builder::fill_next(std::size_t at, built_field& field) {
    const described_layer* next = after(at);
    const next_number* numbers = next == nullptr ? nullptr : numbers_of(*next);
    std::optional<std::uint64_t> value;
    if (field.field->bits == 8) {
        if (numbers != nullptr && numbers->ip != no_ip_number) value = numbers->ip;
    } else if (out_.layers[at].is(protocol::null_loopback)) {
        if (next != nullptr && is_ip(*next)) value = next->is(protocol::ipv4) ? bsd_inet : bsd_inet6;
    } else if (numbers != nullptr && numbers->ethernet != 0) {
        value = numbers->ethernet;
    } else if (field.field->preset == 0) {
        value = loopback_test_type;
    }
    field.by = value ? author::computed : author::preset;
    write(at, *field.field, {value.value_or(field.field->preset), {}});
}

void builder::fill_source(std::size_t at, built_field& field) {
    field.by = author::computed;
    if (field.field->kind == field_kind::mac) {
        write(at, *field.field, value_of(*field.field, around_.link_source.bytes()));
        return;
    }
    ip_address source = around_.source;
    if (const auto quoting = quoting_ip(at)) {
        // The datagram that an error quotes was sent by him to whom the error goes.
        source = address_at(header(*quoting), words_.layers[*quoting], false);
    } else if (const auto above = ip_above(at)) {
        // Zero where it is left to the kernel.
        const ip_address outer = address_at(header(*above), words_.layers[*above], true);
        if (!outer.is_unspecified()) source = outer;
    }
    if (const auto value = address_value(*field.field, source)) write(at, *field.field, *value);
}

void builder::fill_destination(std::size_t at, built_field& field) {
    field.by = author::computed;
    if (field.field->kind == field_kind::mac) {
        if (const auto address = link_destination(at)) {
            write(at, *field.field, value_of(*field.field, address->bytes()));
        }
        return;
    }
    ip_address destination = destination_of(words_).value_or(around_.destination);
    if (const auto quoting = quoting_ip(at)) {
        const ip_address outer = address_at(header(*quoting), words_.layers[*quoting], true);
        destination = outer.is_unspecified() ? around_.source : outer;
    } else if (const auto above = ip_above(at)) {
        destination = address_at(header(*above), words_.layers[*above], false);
    }
    auto value = destination.is_unspecified() ? std::nullopt : address_value(*field.field, destination);
    if (!value) {
        // Nobody said where to: nowhere but to this machine.
        field.by = author::preset;
        const bool v4 = field.field->kind == field_kind::ipv4;
        std::array<std::byte, 16> loopback{};
        loopback.back() = std::byte{1};
        value = v4 ? value_of(*field.field, ip_address::v4(0x7f000001).bytes()) : value_of(*field.field, loopback);
    }
    write(at, *field.field, *value);
}

std::optional<mac_address> builder::link_destination(std::size_t at) const {
    for (std::size_t inner = at + 1; inner < words_.layers.size(); ++inner) {
        const described_layer& layer = words_.layers[inner];
        if (layer.is(protocol::arp)) {
            const given_field* known = layer.find("hwdst");
            if (known == nullptr) return mac_address::broadcast();
            std::array<std::byte, mac_address::size> octets{};
            for (std::size_t i = 0; i < octets.size(); ++i) {
                octets[i] = static_cast<std::byte>(known->value.number >> (8 * (octets.size() - 1 - i)));
            }
            return mac_address(octets);
        }
        if (!is_ip(layer)) continue;
        const auto destination = destination_of(words_);
        const auto group = destination ? group_address(*destination) : std::nullopt;
        return group ? group : around_.link_destination;
    }
    return around_.link_destination;
}

bool builder::covered_by_checksum() const {
    const described_layer* next = after(0);
    if (next == nullptr) return false;
    const bool covers = next->is(protocol::udp) || next->is(protocol::tcp) || next->is(protocol::icmpv6);
    return covers && next->find("chksum") == nullptr;
}

bool builder::left_to_kernel(std::size_t at, const header_field& field) const {
    if (at != 0 || !out_.layers[0].is(protocol::ipv4)) return false;
    if (field.name == "len") return kernel_.total_length;
    if (field.name == "id") return kernel_.identification;
    if (field.name == "chksum") return kernel_.checksum;
    return field.name == "src" && kernel_.source && !covered_by_checksum();
}

std::optional<std::size_t> builder::ip_above(std::size_t at) const {
    for (std::size_t above = at; above-- > 0;) {
        if (is_ip(words_.layers[above])) return above;
    }
    return std::nullopt;
}

std::optional<std::size_t> builder::quoting_ip(std::size_t at) const {
    if (!is_ip(words_.layers[at]) || at == 0) return std::nullopt;
    const described_layer& before = words_.layers[at - 1];
    if (!before.is(protocol::icmp) && !before.is(protocol::icmpv6)) return std::nullopt;
    return ip_above(at);
}

// A routing header's addresses are described as bytes behind it: `routing(source_route, segleft=1)/hex(...)/udp`. Bytes
// that nothing follows are what the packet carries, and those of a form with an address of its own too.
std::size_t builder::routing_data(std::size_t at) const noexcept {
    const described_layer& layer = words_.layers[at];
    const bool takes =
        layer.is(protocol::ipv6_routing) && (layer.variant == nullptr || layer.variant->name != "mobility");
    if (!takes || at + 2 >= words_.layers.size() || words_.layers[at + 1].layout != nullptr) return 0;
    return words_.layers[at + 1].bytes.size();
}

// RFC 8200 section 8.1: the pseudo-header has the final destination, which on the way is in the routing header: the
// last address of type 0, the home address of type 2 (RFC 6275), the first segment of type 4 (RFC 8754). RFC 6275
// section 6.3: a home address in the destination options is the source.
void builder::take_extensions(std::size_t from, std::size_t to, ip_address& source, ip_address& destination) const {
    constexpr std::size_t fixed = 8;
    constexpr std::size_t type_at = 2;
    constexpr std::size_t segments_left_at = 3;
    constexpr std::uint8_t home_address = 0xc9;
    constexpr std::size_t address = 16;
    for (std::size_t i = from; i < to; ++i) {
        const described_layer& layer = words_.layers[i];
        if (layer.is(protocol::ipv6_routing) && load_be<std::uint8_t>(header(i), segments_left_at) != 0) {
            const bytes_view whole = bytes_view{out_.bytes}.subspan(out_.layers[i].offset);
            const bytes_view all = whole.first(out_.layers[i].size + routing_data(i));
            const auto type = load_be<std::uint8_t>(all, type_at);
            if (all.size() < fixed + address) continue;
            const bytes_view addresses = all.subspan(fixed);
            if (type == 0)
                destination =
                    ip_address::from_bytes(addresses.first(addresses.size() / address * address).last(address));
            if (type == 2 || type == 4) destination = ip_address::from_bytes(addresses.first(address));
        }
        if (!layer.is(protocol::ipv6_destination)) continue;
        for (const auto& option : layer.options) {
            if (option.code == home_address && option.data.size() == address && !option.raw) {
                source = ip_address::from_bytes(option.data);
            }
        }
    }
}

std::uint16_t builder::pseudo_sum(std::size_t at) const {
    const next_number* numbers = numbers_of(words_.layers[at]);
    ip_address source = around_.source;
    ip_address destination = around_.destination;
    if (const auto above = ip_above(at)) {
        source = address_at(header(*above), words_.layers[*above], true);
        destination = address_at(header(*above), words_.layers[*above], false);
        take_extensions(*above + 1, at, source, destination);
    }
    return wire::pseudo_header_sum(source, destination, static_cast<std::uint32_t>(from_here_on(at)), numbers->ip);
}

void builder::fill_checksum(std::size_t at, const header_field& field) {
    const built_layer& layer = out_.layers[at];
    const bytes_view all = bytes_view{out_.bytes}.subspan(layer.offset);
    std::uint16_t sum = 0;
    switch (layer.layout->id) {
        case protocol::ipv4:
            sum = wire::internet_checksum(header(at));
            break;
        case protocol::ospf: {
            // RFC 2328 appendix D.4: the authentication is left out.
            constexpr std::size_t before = 16;
            constexpr std::size_t behind = 24;
            sum = wire::internet_checksum(all.subspan(behind), wire::ones_complement_sum(all.first(before)));
            break;
        }
        case protocol::udp:
            sum = wire::internet_checksum(all, pseudo_sum(at));
            if (sum == 0) sum = 0xffff;  // RFC 768: zero says that there is none
            break;
        case protocol::tcp:
        case protocol::icmpv6:
            sum = wire::internet_checksum(all, pseudo_sum(at));
            break;
        default:
            sum = wire::internet_checksum(all);
            break;
    }
    write(at, field, {sum, {}});
}

}  // namespace

std::optional<author> built_layer::author_of(std::string_view field) const noexcept {
    const auto found = std::ranges::find_if(fields, [&](const built_field& f) { return f.field->name == field; });
    return found == fields.end() ? std::nullopt : std::optional(found->by);
}

const built_layer* packet::find(wire::protocol id) const noexcept {
    const auto found = std::ranges::find_if(layers, [&](const built_layer& layer) { return layer.is(id); });
    return found == layers.end() ? nullptr : &*found;
}

described<packet> build(const description& words, const surroundings& around, kernel_share kernel) {
    return builder(words, around, kernel).build();
}

packet packet_of_bytes(link_type link, bytes_view bytes) {
    packet out;
    out.bytes.assign(bytes.begin(), bytes.end());
    const auto dissection = wire::dissect(link, out.bytes, {.checksums = false});
    for (const auto& layer : dissection.layers()) {
        built_layer built;
        built.layout = wire::layout_of(layer.id);
        built.offset = layer.offset;
        built.size = layer.bytes.size();
        if (built.layout != nullptr) {
            built.variant = wire::variant_of(*built.layout, layer.bytes);
            for (const auto& f : built.layout->fields) built.fields.push_back({&f, author::user});
            if (built.variant != nullptr) {
                for (const auto& f : built.variant->fields) built.fields.push_back({&f, author::user});
            }
        }
        out.layers.push_back(std::move(built));
    }
    return out;
}

std::optional<ip_address> destination_of(const description& words) {
    if (const auto said = words.destination()) return said;
    for (std::size_t i = 0; i + 1 < words.layers.size(); ++i) {
        const described_layer& next = words.layers[i + 1];
        if (!words.layers[i].is(protocol::ipv6) || !next.is(protocol::icmpv6) || next.variant == nullptr) continue;
        std::array<std::byte, 16> group{};
        group[0] = std::byte{0xff};
        group[1] = std::byte{0x02};
        if (next.variant->name == "rs") {
            group[15] = std::byte{0x02};
            return ip_address::from_bytes(group);
        }
        const given_field* target = next.variant->name == "ns" ? next.find("target") : nullptr;
        if (target == nullptr) return std::nullopt;
        group[11] = std::byte{0x01};
        group[12] = std::byte{0xff};
        std::copy(target->value.bytes.begin() + 13, target->value.bytes.end(), group.begin() + 13);
        return ip_address::from_bytes(group);
    }
    return std::nullopt;
}

std::optional<mac_address> group_address(const ip_address& destination) noexcept {
    if (destination.is_limited_broadcast()) return mac_address::broadcast();
    if (!destination.is_multicast()) return std::nullopt;
    std::array<std::byte, mac_address::size> octets{std::byte{0x33}, std::byte{0x33}};
    const bytes_view address = destination.bytes();
    const std::size_t kept = destination.is_v4() ? 3 : 4;
    std::ranges::copy(address.last(kept), octets.end() - static_cast<std::ptrdiff_t>(kept));
    if (!destination.is_v4()) return mac_address(octets);
    octets[0] = std::byte{0x01};
    octets[1] = std::byte{0x00};
    octets[2] = std::byte{0x5e};
    octets[3] &= std::byte{0x7f};
    return mac_address(octets);
}

}  // namespace sonde::craft
