#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <sonde/wire/arp.hpp>
#include <sonde/wire/dhcp.hpp>
#include <sonde/wire/header_layout.hpp>
#include <sonde/wire/icmp.hpp>
#include <sonde/wire/igmp.hpp>
#include <sonde/wire/ipv4.hpp>
#include <sonde/wire/ipv6.hpp>
#include <sonde/wire/ipv6_extension.hpp>
#include <sonde/wire/nd.hpp>
#include <sonde/wire/ospf.hpp>
#include <sonde/wire/tcp.hpp>
#include <sonde/wire/udp.hpp>
#include <sonde/wire/wire_rig_test.hpp>

namespace sonde::wire {
namespace {

struct form {
    const header_layout* layout;
    const header_variant* variant;
};

std::vector<form> all_forms() {
    std::vector<form> forms;
    for (const header_layout& layout : all_layouts()) {
        forms.push_back({&layout, nullptr});
        for (const header_variant& variant : layout.variants) forms.push_back({&layout, &variant});
    }
    return forms;
}

std::vector<header_field> fields_of(const form& f) {
    std::vector<header_field> fields(f.layout->fields.begin(), f.layout->fields.end());
    if (f.variant != nullptr) fields.insert(fields.end(), f.variant->fields.begin(), f.variant->fields.end());
    return fields;
}

std::string name_of_form(const form& f) {
    return std::string(f.layout->name) + "/" + std::string(f.variant == nullptr ? "" : f.variant->name);
}

std::uint64_t all_ones(unsigned bits) {
    return bits >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1;
}

bool is_word(std::string_view name) {
    return !name.empty() && std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    });
}

TEST(header_layout, every_protocol_with_a_header_has_one_in_the_order_of_the_stack) {
    ASSERT_EQ(all_layouts().size(), protocol_count - 1);
    std::set<std::string_view> names;
    for (std::size_t i = 0; i < all_layouts().size(); ++i) {
        const header_layout& layout = all_layouts()[i];
        EXPECT_EQ(static_cast<std::size_t>(layout.id), i) << layout.name;
        EXPECT_EQ(layout_of(layout.id), &layout);
        EXPECT_EQ(find_layout(layout.name), &layout);
        EXPECT_TRUE(is_word(layout.name) && !layout.title.empty() && !layout.source.empty()) << layout.name;
        EXPECT_TRUE(names.insert(layout.name).second) << layout.name;
    }
    EXPECT_EQ(layout_of(protocol::payload), nullptr);
    EXPECT_EQ(find_layout("payload"), nullptr);
    EXPECT_EQ(find_layout(""), nullptr);
    for (const auto* word : {"eth", "vlan", "arp", "ip", "ip6", "hopopts", "routing", "frag", "dstopts", "icmp",
                             "icmp6", "igmp", "ospf", "udp", "tcp", "dhcp"}) {
        EXPECT_NE(find_layout(word), nullptr) << word;
    }
}

TEST(header_layout, the_fields_of_every_form_stand_one_behind_the_other_without_a_hole) {
    for (const form& f : all_forms()) {
        unsigned next = 0;
        for (const header_field& field : fields_of(f)) {
            EXPECT_EQ(field.offset, next) << name_of_form(f) << " " << field.name;
            EXPECT_GT(field.bits, 0) << name_of_form(f) << " " << field.name;
            next = field.offset + unsigned{field.bits};
        }
        EXPECT_EQ(next, 8 * fixed_size(*f.layout, f.variant)) << name_of_form(f);
    }
}

TEST(header_layout, names_are_unique_and_values_fit) {
    for (const form& f : all_forms()) {
        std::set<std::string_view> names;
        for (const header_field& field : fields_of(f)) {
            const std::string where = name_of_form(f) + " " + std::string(field.name);
            EXPECT_TRUE(is_word(field.name) && !field.title.empty()) << where;
            EXPECT_TRUE(names.insert(field.name).second) << where;
            EXPECT_LE(field.preset, all_ones(field.bits)) << where;
            for (const value_name& n : field.names) EXPECT_LE(n.value, all_ones(field.bits)) << where << " " << n.name;
            const bool has_names = field.kind == field_kind::named || field.kind == field_kind::flags;
            EXPECT_EQ(has_names, !field.names.empty()) << where;
            EXPECT_TRUE(field.kind != field_kind::flag || field.bits == 1) << where;
            EXPECT_TRUE(field.kind != field_kind::mac || field.bits == 48) << where;
            EXPECT_TRUE(field.kind != field_kind::ipv4 || field.bits == 32) << where;
            EXPECT_TRUE(field.kind != field_kind::ipv6 || field.bits == 128) << where;
            const bool is_long =
                field.kind == field_kind::ipv6 || field.kind == field_kind::bytes || field.kind == field_kind::text;
            EXPECT_TRUE(field.bits <= 64 || is_long) << where;
            EXPECT_TRUE(field.bits <= 64 || (field.offset % 8 == 0 && field.bits % 8 == 0)) << where;
            const header_field* found = find_field(*f.layout, f.variant, field.name);
            ASSERT_NE(found, nullptr) << where;
            EXPECT_EQ(found->offset, field.offset) << where;
        }
        EXPECT_EQ(find_field(*f.layout, f.variant, "no_such_field"), nullptr);
    }
}

TEST(header_layout, flags_are_single_bits_and_each_has_a_name) {
    for (const form& f : all_forms()) {
        for (const header_field& field : fields_of(f)) {
            if (field.kind != field_kind::flags) continue;
            std::uint64_t seen = 0;
            for (const value_name& n : field.names) {
                EXPECT_EQ(n.value & (n.value - 1), 0U) << n.name;
                EXPECT_EQ(seen & n.value, 0U) << n.name;
                seen |= n.value;
            }
        }
    }
    std::string initials;
    for (const value_name& n : find_field(*find_layout("tcp"), nullptr, "flags")->names) initials += n.name.front();
    EXPECT_EQ(initials, "FSRPAUEC");
}

TEST(header_layout, a_form_is_told_by_its_selector) {
    for (const header_layout& layout : all_layouts()) {
        if (layout.variants.empty()) {
            EXPECT_TRUE(layout.selector.empty()) << layout.name;
            continue;
        }
        const header_field* selector = find_field(layout, nullptr, layout.selector);
        ASSERT_NE(selector, nullptr) << layout.name;
        std::set<std::string_view> names;
        for (const header_variant& variant : layout.variants) {
            EXPECT_TRUE(is_word(variant.name)) << variant.name;
            EXPECT_TRUE(names.insert(variant.name).second) << variant.name;
            EXPECT_EQ(find_variant(layout, variant.name), &variant);
            EXPECT_EQ(find_field(layout, nullptr, variant.name), nullptr)
                << variant.name << ": a word is one or the other";
            std::vector<std::byte> header(fixed_size(layout, &variant));
            ASSERT_TRUE(write_field(header, *selector, variant.value));
            EXPECT_EQ(variant_of(layout, header), &variant) << variant.name;
        }
        EXPECT_EQ(variant_of(layout, {}), nullptr);
    }
    const header_layout& igmp = *find_layout("igmp");
    std::vector<std::byte> query(12, std::byte{0x11});
    EXPECT_EQ(variant_of(igmp, query)->name, "query3") << "told by its length, RFC 9776 section 7.1";
    EXPECT_EQ(variant_of(igmp, bytes_view{query}.first(11))->name, "query");
    EXPECT_EQ(variant_of(igmp, bytes_view{query}.first(1))->name, "query") << "cut short";
    query[0] = std::byte{0x99};
    EXPECT_EQ(variant_of(igmp, query), nullptr);
}

TEST(header_layout, options_have_codes_and_names_of_their_own_and_fields_that_join) {
    for (const header_layout& layout : all_layouts()) {
        std::set<std::string_view> names;
        std::set<std::uint8_t> codes;
        for (const option_layout& option : layout.options) {
            EXPECT_TRUE(is_word(option.name) && !option.title.empty()) << option.name;
            EXPECT_TRUE(names.insert(option.name).second) << option.name;
            EXPECT_TRUE(codes.insert(option.code).second) << option.name;
            EXPECT_EQ(find_field(layout, nullptr, option.name), nullptr)
                << option.name << ": a word is one or the other";
            unsigned next = 0;
            for (const header_field& field : option.fields) {
                EXPECT_EQ(field.offset, next) << option.name << " " << field.name;
                EXPECT_LE(field.preset, all_ones(field.bits)) << option.name << " " << field.name;
                next = field.offset + unsigned{field.bits};
            }
            EXPECT_EQ(next % 8, 0U) << option.name;
            const bool needs_width = option.kind == option_kind::number || option.kind == option_kind::numbers ||
                                     option.kind == option_kind::addresses;
            EXPECT_TRUE(!needs_width || option.width > 0) << option.name;
            EXPECT_TRUE(option.kind != option_kind::addresses || option.width == 4 || option.width == 16)
                << option.name;
        }
    }
}

TEST(header_layout, what_is_written_is_read_and_nothing_else_changes) {
    rig::seeded random{1};
    for (const form& f : all_forms()) {
        const auto fields = fields_of(f);
        const std::size_t size = fixed_size(*f.layout, f.variant);
        for (const header_field& field : fields) {
            if (field.bits > 64) continue;
            const std::string where = name_of_form(f) + " " + std::string(field.name);
            const auto before = random.bytes(size);
            auto after = before;
            const std::uint64_t value = random.number<std::uint64_t>() & all_ones(field.bits);
            ASSERT_TRUE(write_field(after, field, value)) << where;
            EXPECT_EQ(read_field(after, field), value) << where;
            for (const header_field& other : fields) {
                if (other.offset == field.offset) continue;
                EXPECT_EQ(read_field(after, other), read_field(before, other)) << where << " " << other.name;
                EXPECT_TRUE(std::ranges::equal(field_bytes(after, other), field_bytes(before, other))) << where;
            }
            if (field.bits < 64) {
                EXPECT_FALSE(write_field(after, field, value | (all_ones(field.bits) + 1))) << where << " does not fit";
            }
            EXPECT_EQ(read_field(after, field), value) << where;
            const std::size_t short_of_it = (std::size_t{field.offset} + field.bits + 7) / 8 - 1;
            EXPECT_FALSE(write_field(bytes_span{after}.first(short_of_it), field, value)) << where;
            EXPECT_FALSE(read_field(bytes_view{after}.first(short_of_it), field)) << where;
        }
    }
}

TEST(header_layout, a_field_over_nine_bytes) {
    const header_field field{"x", "X", 4, 64};
    const auto bytes = rig::hex("f0123456789abcdeff");
    EXPECT_EQ(read_field(bytes, field), 0x0123'4567'89ab'cdefU);
    std::vector<std::byte> out(9, std::byte{0xff});
    ASSERT_TRUE(write_field(out, field, 0x0123'4567'89ab'cdefU));
    EXPECT_EQ(out, bytes);
    EXPECT_TRUE(field_bytes(bytes, field).empty()) << "it does not begin at a byte";
    EXPECT_EQ(field_bytes(bytes, {"x", "X", 8, 16}).data(), bytes.data() + 1);
    EXPECT_FALSE(read_field(bytes, {"x", "X", 0, 72})) << "too long for a number";
}

// The tables and the typed views are written independently of each other.
class agreement {
public:
    agreement(std::string_view layout, std::string_view variant, bytes_view header)
        : layout_(find_layout(layout)), variant_(find_variant(*layout_, variant)), header_(header) {}

    std::uint64_t operator()(std::string_view name) const {
        const header_field* field = find_field(*layout_, variant_, name);
        if (field == nullptr) throw std::invalid_argument(std::string(name));
        return read_field(header_, *field).value();
    }
    ip_address address(std::string_view name) const {
        return ip_address::from_bytes(field_bytes(header_, *find_field(*layout_, variant_, name)));
    }
    mac_address mac(std::string_view name) const {
        return mac_address::from_bytes(field_bytes(header_, *find_field(*layout_, variant_, name)));
    }

private:
    const header_layout* layout_;
    const header_variant* variant_;
    bytes_view header_;
};

TEST(header_layout, the_views_of_ip_read_the_same) {
    rig::seeded random{2};
    for (int i = 0; i < 200; ++i) {
        auto v4 = random.bytes(20);
        v4[0] = std::byte{0x45};
        const auto a = ipv4_view::parse_lax(v4).value();
        const agreement four("ip", "", v4);
        EXPECT_EQ(four("version"), 4U);
        EXPECT_EQ(four("ihl"), a.ihl());
        EXPECT_EQ(four("tos"), a.tos());
        EXPECT_EQ(four("len"), a.total_length());
        EXPECT_EQ(four("id"), a.identification());
        EXPECT_EQ(four("flags"), a.reserved_flag() * 4U + a.dont_fragment() * 2U + a.more_fragments());
        EXPECT_EQ(four("frag"), a.fragment_offset());
        EXPECT_EQ(four("ttl"), a.ttl());
        EXPECT_EQ(four("proto"), a.protocol());
        EXPECT_EQ(four("chksum"), a.checksum());
        EXPECT_EQ(four.address("src"), a.source());
        EXPECT_EQ(four.address("dst"), a.destination());

        auto v6 = random.bytes(40);
        v6[0] = std::byte{0x60} | (v6[0] & std::byte{0x0f});
        const auto b = ipv6_view::parse_lax(v6).value();
        const agreement six("ip6", "", v6);
        EXPECT_EQ(six("version"), 6U);
        EXPECT_EQ(six("tc"), b.traffic_class());
        EXPECT_EQ(six("fl"), b.flow_label());
        EXPECT_EQ(six("plen"), b.payload_length());
        EXPECT_EQ(six("nh"), b.next_header());
        EXPECT_EQ(six("hlim"), b.hop_limit());
        EXPECT_EQ(six.address("src"), b.source());
        EXPECT_EQ(six.address("dst"), b.destination());
    }
}

TEST(header_layout, the_views_of_what_ip_carries_read_the_same) {
    rig::seeded random{3};
    for (int i = 0; i < 200; ++i) {
        const auto echo = random.bytes(8);
        const auto icmp = icmp_view::parse(echo, checksum_check::trust).value();
        const agreement message("icmp", "echo", echo);
        EXPECT_EQ(message("type"), icmp.type());
        EXPECT_EQ(message("code"), icmp.code());
        EXPECT_EQ(message("chksum"), icmp.checksum());
        EXPECT_EQ(message("id") << 16 | message("seq"), icmp.rest());
        EXPECT_EQ(agreement("icmp6", "too_big", echo)("mtu"), icmp.rest());
        EXPECT_EQ(agreement("icmp", "unreachable", echo)("mtu"), icmp.rest() & 0xffffU);

        const auto datagram = random.bytes(8);
        const auto udp = udp_view::parse_lax(datagram).value();
        const agreement u("udp", "", datagram);
        EXPECT_EQ(u("sport"), udp.source_port());
        EXPECT_EQ(u("dport"), udp.destination_port());
        EXPECT_EQ(u("len"), udp.length());
        EXPECT_EQ(u("chksum"), udp.checksum());

        auto segment = random.bytes(20);
        segment[12] = std::byte{0x50} | (segment[12] & std::byte{0x0f});
        const auto tcp = tcp_view::parse_lax(segment).value();
        const agreement t("tcp", "", segment);
        EXPECT_EQ(t("sport"), tcp.source_port());
        EXPECT_EQ(t("dport"), tcp.destination_port());
        EXPECT_EQ(t("seq"), tcp.sequence_number());
        EXPECT_EQ(t("ack"), tcp.acknowledgment_number());
        EXPECT_EQ(t("dataofs"), tcp.data_offset());
        EXPECT_EQ(t("reserved"), tcp.reserved());
        EXPECT_EQ(t("flags"), tcp.flags());
        EXPECT_EQ(t("window"), tcp.window());
        EXPECT_EQ(t("chksum"), tcp.checksum());
        EXPECT_EQ(t("urgptr"), tcp.urgent_pointer());

        const auto extension = random.bytes(8);
        const auto fragment = ipv6_fragment_view::parse(extension).value();
        const agreement fragment_header("frag", "", extension);
        EXPECT_EQ(fragment_header("nh"), fragment.next_header());
        EXPECT_EQ(fragment_header("offset"), fragment.fragment_offset());
        EXPECT_EQ(fragment_header("m") == 1, fragment.more_fragments());
        EXPECT_EQ(fragment_header("id"), fragment.identification());
    }
}

TEST(header_layout, the_view_of_arp_reads_the_same) {
    rig::seeded random{4};
    for (int i = 0; i < 50; ++i) {
        auto packet = random.bytes(28);
        std::ranges::copy(rig::hex("0001080006040001"), packet.begin());
        const auto view = arp_view::parse(packet).value();
        const agreement arp("arp", "request", packet);
        EXPECT_EQ(arp("op"), static_cast<unsigned>(view.operation()));
        EXPECT_EQ(arp.mac("hwsrc"), view.sender_mac());
        EXPECT_EQ(arp.address("psrc"), view.sender_ip());
        EXPECT_EQ(arp.mac("hwdst"), view.target_mac());
        EXPECT_EQ(arp.address("pdst"), view.target_ip());
    }
}

TEST(header_layout, the_views_of_routing_and_dhcp_read_the_same) {
    rig::seeded random{6};
    for (int i = 0; i < 50; ++i) {
        auto packet = random.bytes(44);
        std::ranges::copy(rig::hex("0201002c"), packet.begin());
        const auto view = ospf_view::parse(packet, checksum_check::trust).value();
        const auto greeting = ospf_hello::from(view).value();
        const agreement ospf("ospf", "hello", packet);
        EXPECT_EQ(ospf("type"), static_cast<unsigned>(view.type()));
        EXPECT_EQ(ospf("len"), view.packet_length());
        EXPECT_EQ(ospf.address("router"), view.router_id());
        EXPECT_EQ(ospf.address("area"), view.area_id());
        EXPECT_EQ(ospf("chksum"), view.checksum());
        EXPECT_EQ(ospf("autype"), static_cast<unsigned>(view.authentication_type()));
        EXPECT_EQ(ospf.address("mask"), greeting.network_mask);
        EXPECT_EQ(ospf("options"), greeting.options);
        EXPECT_EQ(ospf("priority"), greeting.router_priority);
        EXPECT_EQ(ospf.address("dr"), greeting.designated_router);
        EXPECT_EQ(ospf.address("bdr"), greeting.backup_designated_router);

        auto query = random.bytes(12);
        query[0] = std::byte{0x11};
        query[10] = query[11] = std::byte{0};
        const auto asked = igmp_view::parse(query, checksum_check::trust).value();
        const agreement igmp("igmp", "query3", query);
        EXPECT_EQ(igmp("max_resp"), asked.max_response_code());
        EXPECT_EQ(igmp.address("group"), asked.group());
        EXPECT_EQ(igmp("suppress") == 1, asked.suppress());
        EXPECT_EQ(igmp("qrv"), asked.robustness());
        EXPECT_EQ(igmp("qqic"), asked.query_interval_code());

        auto message = random.bytes(240);
        message[2] = std::byte{6};
        std::ranges::copy(rig::hex("63825363"), message.begin() + 236);
        const auto lease = dhcp_view::parse(message).value();
        const agreement dhcp("dhcp", "", message);
        EXPECT_EQ(dhcp("op"), static_cast<unsigned>(lease.operation()));
        EXPECT_EQ(dhcp("htype"), lease.hardware_type());
        EXPECT_EQ(dhcp("hops"), lease.hops());
        EXPECT_EQ(dhcp("xid"), lease.transaction_id());
        EXPECT_EQ(dhcp("secs"), lease.seconds());
        EXPECT_EQ((dhcp("flags") & 0x8000U) != 0, lease.broadcast());
        EXPECT_EQ(dhcp.address("ciaddr"), lease.client_address());
        EXPECT_EQ(dhcp.address("yiaddr"), lease.your_address());
        EXPECT_EQ(dhcp.address("siaddr"), lease.server_address());
        EXPECT_EQ(dhcp.address("giaddr"), lease.relay_address());
        EXPECT_EQ(dhcp.mac("chaddr"), mac_address::from_bytes(lease.hardware_address()));
    }
}

TEST(header_layout, the_view_of_neighbour_discovery_reads_the_same) {
    rig::seeded random{7};
    for (int i = 0; i < 50; ++i) {
        auto packet = random.bytes(16);
        std::ranges::copy(rig::hex("8600"), packet.begin());
        const auto ra = std::get<router_advertisement>(
            nd_message::from(nd_view::parse(packet, checksum_check::trust).value()).body);
        const agreement table("icmp6", "ra", packet);
        EXPECT_EQ(table("cur_hop_limit"), ra.hop_limit);
        EXPECT_EQ(table("managed") == 1, ra.managed);
        EXPECT_EQ(table("other") == 1, ra.other);
        EXPECT_EQ(table("home_agent") == 1, ra.home_agent);
        EXPECT_EQ(table("prf"), ra.preference);
        EXPECT_EQ(table("router_lifetime"), ra.router_lifetime);
        EXPECT_EQ(table("reachable_time"), ra.reachable_time);
        EXPECT_EQ(table("retrans_timer"), ra.retransmission_time);

        auto advertisement = random.bytes(24);
        std::ranges::copy(rig::hex("8800"), advertisement.begin());
        advertisement[8] = std::byte{0x20};
        const auto na = std::get<neighbor_advertisement>(
            nd_message::from(nd_view::parse(advertisement, checksum_check::trust).value()).body);
        const agreement neighbor("icmp6", "na", advertisement);
        EXPECT_EQ(neighbor("router") == 1, na.router);
        EXPECT_EQ(neighbor("solicited") == 1, na.solicited);
        EXPECT_EQ(neighbor("override") == 1, na.override_cache);
        EXPECT_EQ(neighbor.address("target"), na.target);
    }
}

TEST(header_layout, names_of_values) {
    const value_name names[] = {{1, "one"}, {1, "uno"}, {2, "two"}};
    EXPECT_EQ(name_of(names, 1), "one");
    EXPECT_EQ(name_of(names, 3), "");
    EXPECT_EQ(name_of(names, 0x1'0000'0001U), "") << "all 64 bits count";
}

}  // namespace
}  // namespace sonde::wire
