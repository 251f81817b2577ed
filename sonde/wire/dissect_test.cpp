#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <sonde/wire/dissect.hpp>
#include <sonde/wire/dissect_laws_test.hpp>
#include <sonde/wire/sample_frames_test.hpp>

namespace sonde::wire {
namespace {

using bytes = std::vector<std::byte>;

bytes frame(std::string_view sample) {
    return rig::hex(rig::sample(sample).digits);
}

// `ip:20/8+`: the layer, its bytes, what its payload has by the length fields, whether its checksum is right (+), wrong
// (-) or not to be judged (~), and its problem. `>`: quoted by an ICMP error.
std::string shown(const layer& l) {
    const header_layout* layout = layout_of(l.id);
    std::string text(l.depth, '>');
    text += fmt::format("{}:{}", layout == nullptr ? "payload" : layout->name, l.bytes.size());
    if (l.payload_size > 0) text += fmt::format("/{}", l.payload_size);
    if (l.checksum == checksum_status::right) text += '+';
    if (l.checksum == checksum_status::wrong) text += '-';
    if (l.checksum == checksum_status::partial) text += '~';
    if (l.problem) text += fmt::format("({})", to_string(*l.problem));
    return text;
}

std::string shown(link_type link, bytes_view data) {
    const dissection layers = dissect(link, data);
    std::string text;
    for (const layer& l : layers.layers()) text += (text.empty() ? "" : " ") + shown(l);
    if (layers.cut()) text += " cut";
    if (!layers.trailer().empty()) text += fmt::format(" trailer:{}", layers.trailer().size());
    return text;
}

std::string shown(bytes_view ethernet_frame) {
    return shown(link_type::ethernet, ethernet_frame);
}

bytes first(const bytes& whole, std::size_t size) {
    return {whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)};
}

// tshark calls the same checksums of these frames right and wrong.
constexpr std::pair<std::string_view, std::string_view> expected_layers[] = {
    {"icmp_echo", "eth:14/33 ip:20/13+ icmp:8/5+ payload:5"},
    {"icmp_echo_padded", "eth:14/46 ip:20/8+ icmp:8+ trailer:18"},
    {"vlan_echo", "eth:14/32 vlan:4/28 ip:20/8+ icmp:8+"},
    {"two_tags", "eth:14/39 vlan:4/35 vlan:4/31 ip:20/11+ udp:8/3+ payload:3"},
    {"length_frame", "eth:14/46 payload:7 trailer:39"},
    {"arp_request", "eth:14/46 arp:28 trailer:18"},
    {"arp_reply", "eth:14/28 arp:28"},
    {"ip_options", "eth:14/44 ip:36/8+ icmp:8+"},
    {"ip_source_route", "eth:14/40 ip:28/12+ udp:8/4+ payload:4"},
    {"first_fragment", "eth:14/44 ip:20/24+ udp:8/2992~ payload:16"},
    {"later_fragment", "eth:14/36 ip:20/16+ payload:16"},
    {"udp", "eth:14/36 ip:20/16+ udp:8/8+ payload:8"},
    {"udp_without_checksum", "eth:14/36 ip:20/16+ udp:8/8 payload:8"},
    {"tcp_syn", "eth:14/60 ip:20/40+ tcp:40+"},
    {"tcp_data", "eth:14/65 ip:20/45+ tcp:40/5+ payload:5"},
    {"tcp_fastopen", "eth:14/72 ip6:40/32 tcp:32+"},
    {"icmp_unreachable", "eth:14/56 ip:20/36+ icmp:8/28+ >ip:20/28~ >udp:8/20~"},
    {"icmp_frag_needed", "eth:14/76 ip:20/56+ icmp:8/48+ >ip:20/28~ >udp:8/20~ >payload:20"},
    {"icmp_redirect", "eth:14/76 ip:20/56+ icmp:8/48+ >ip:20/28~ >udp:8/20~ >payload:20"},
    {"icmp_extended", "eth:14/208 ip:20/188+ icmp:8/180+ >ip:20/28~ >udp:8/20~ >payload:20 icmpext:52+"},
    {"icmp_extended_old", "eth:14/168 ip:20/148+ icmp:8/140+ >ip:20/28~ >udp:8/20~ >payload:20 icmpext:12+"},
    {"icmp_extension_broken", "eth:14/172 ip:20/152+ icmp:8/144+ >ip:20/28~ >udp:8/20~ >payload:20 icmpext:16"},
    {"icmp_timestamp", "eth:14/40 ip:20/20+ icmp:20+"},
    {"icmp_address_mask", "eth:14/32 ip:20/12+ icmp:12+"},
    {"icmp6_echo", "eth:14/53 ip6:40/13 icmp6:8/5+ payload:5"},
    {"icmp6_long_chain", "eth:14/120 ip6:40/80 hopopts:8/72 routing:24/48 frag:8/40 dstopts:32/8 icmp6:8+"},
    {"ip6_later_fragment", "eth:14/64 ip6:40/24 frag:8/16 payload:16"},
    {"ip6_first_fragment", "eth:14/72 ip6:40/32 frag:8/24 udp:8/2992~ payload:16"},
    {"ip6_segment_routing", "eth:14/91 ip6:40/51 routing:40/11 udp:8/3+ payload:3"},
    {"icmp6_time_exceeded", "eth:14/104 ip6:40/64 icmp6:8/56+ >ip6:40/16 >udp:8/8~ >payload:8"},
    {"icmp6_extended", "eth:14/188 ip6:40/148 icmp6:8/140+ >ip6:40/16 >udp:8/8~ >payload:8 icmpext:12+"},
    {"icmp6_too_big", "eth:14/108 ip6:40/68 icmp6:8/60+ >ip6:40/20 >tcp:20~"},
    {"nd_rs", "eth:14/56 ip6:40/16 icmp6:16+"},
    {"nd_ra", "eth:14/192 ip6:40/152 icmp6:152+"},
    {"nd_ns", "eth:14/72 ip6:40/32 icmp6:32+"},
    {"nd_na", "eth:14/72 ip6:40/32 icmp6:32+"},
    {"nd_redirect", "eth:14/152 ip6:40/112 icmp6:112+"},
    {"nd_option_length_0", "eth:14/56 ip6:40/16 icmp6:16+"},
    {"mld_query", "eth:14/72 ip6:40/32 hopopts:8/24 icmp6:24+"},
    {"mld2_query", "eth:14/92 ip6:40/52 hopopts:8/44 icmp6:44+"},
    {"mld2_report", "eth:14/128 ip6:40/88 hopopts:8/80 icmp6:80+"},
    {"igmp_query", "eth:14/32 ip:24/8+ igmp:8+"},
    {"igmp_report2", "eth:14/32 ip:24/8+ igmp:8+"},
    {"igmp_leave", "eth:14/32 ip:24/8+ igmp:8+"},
    {"igmp_query3", "eth:14/44 ip:24/20+ igmp:20+"},
    {"igmp_report3", "eth:14/56 ip:24/32+ igmp:32+"},
    {"igmp_report3_short", "eth:14/40 ip:24/16+ igmp:16+"},
    {"ospf_hello", "eth:14/72 ip:20/52+ ospf:52+"},
    {"ospf_password", "eth:14/64 ip:20/44+ ospf:44+"},
    {"ospf_md5", "eth:14/80 ip:20/60+ ospf:44/16 payload:16"},
    {"ospf_dd", "eth:14/52 ip:20/32+ ospf:24/8+ payload:8"},
    {"ospf3_hello", "eth:14/76 ip6:40/36 payload:36"},
    {"dhcp_discover", "eth:14/304 ip:20/284+ udp:8/276+ dhcp:276"},
    {"dhcp_offer", "eth:14/321 ip:20/301+ udp:8/293+ dhcp:293"},
    {"ip_in_ip", "eth:14/48 ip:20/28+ ip:20/8+ icmp:8+"},
    {"six_in_four", "eth:14/74 ip:20/54+ ip6:40/14 udp:8/6+ payload:6"},
    {"gre", "eth:14/52 ip:20/32+ payload:32"},
    {"esp", "eth:14/64 ip6:40/24 payload:24"},
    {"ip_bad_ihl", "eth:14/28 ip:20/8(bad header length) payload:8"},
    {"ip_bad_length", "eth:14/28 ip:20/8(bad total length) payload:8"},
    {"ip_zero_length", "eth:14/37 ip:20/17+ icmp:8/9+ payload:9"},
    {"tcp_bad_offset", "eth:14/40 ip:20/20+ tcp:20(bad header length)"},
    {"udp_bad_length", "eth:14/31 ip:20/11+ udp:8/3(bad total length) payload:3"},
    {"icmp_echo_wrong_checksum", "eth:14/28 ip:20/8+ icmp:8-"},
    {"unknown_ethertype", "eth:14/7 payload:7"},
    {"cooked", "sll:16/28 ip:20/8+ icmp:8+"},
    {"cooked_v2", "sll2:20/28 ip:20/8+ icmp:8+"},
    {"cooked_tunnel", "sll:16/48 ip6:40/8 icmp6:8+"},
    {"null_little", "null:4/28 ip:20/8+ icmp:8+"},
    {"null_big_ip6", "null:4/48 ip6:40/8 icmp6:8+"},
    {"raw_ip4", "ip:20/8+ icmp:8+"},
    {"raw_ip6", "ip6:40/8 icmp6:8+"},
    {"raw_ipv6", "ip6:40/9 udp:8/1+ payload:1"},
    {"tunnels",
     "eth:14/528 ip:20/508+ ip:20/488+ ip:20/468+ ip:20/448+ ip:20/428+ ip:20/408+ ip:20/388+ ip:20/368+ "
     "ip:20/348+ ip:20/328+ ip:20/308+ ip:20/288+ ip:20/268+ ip:20/248+ ip:20/228+ ip:20/208+ ip:20/188+ "
     "ip:20/168+ ip:20/148+ ip:20/128+ ip:20/108+ ip:20/88+ payload:88 cut"},
};

TEST(dissect, the_layers_of_the_samples) {
    EXPECT_EQ(std::size(expected_layers), std::size(rig::sample_frames));
    for (const auto& [name, layers] : expected_layers) {
        EXPECT_EQ(shown(rig::sample(name).link, frame(name)), layers) << name;
    }
}

TEST(dissect, a_capture_cut_short_shows_what_there_is_and_says_why_not_more) {
    const bytes echo = frame("icmp_echo");
    EXPECT_EQ(shown(bytes{}), "");
    EXPECT_EQ(shown(first(echo, 13)), "eth:13(truncated)");
    EXPECT_EQ(shown(first(echo, 14)), "eth:14(truncated)");
    EXPECT_EQ(shown(first(echo, 20)), "eth:14/6 ip:6(truncated)");
    EXPECT_EQ(shown(first(echo, 34)), "eth:14/20 ip:20/13+(truncated)");
    EXPECT_EQ(shown(first(echo, 40)), "eth:14/26 ip:20/13+ icmp:6/7(truncated)");
    EXPECT_EQ(shown(first(echo, 45)), "eth:14/31 ip:20/13+ icmp:8/5~ payload:3") << "its checksum is not to be judged";
    const bytes syn = frame("tcp_syn");
    EXPECT_EQ(shown(first(syn, 60)), "eth:14/46 ip:20/40+ tcp:26/14(truncated)");
    const bytes chain = frame("icmp6_long_chain");
    EXPECT_EQ(shown(first(chain, 70)), "eth:14/56 ip6:40/80 hopopts:8/72 routing:8/64(truncated)");
    EXPECT_EQ(shown(first(frame("vlan_echo"), 16)), "eth:14/2 vlan:2(truncated)");
    EXPECT_EQ(shown(first(frame("arp_request"), 30)), "eth:14/16 arp:16(truncated)");
    EXPECT_EQ(shown(first(frame("igmp_report2"), 44)), "eth:14/30 ip:24/8+ igmp:6/2(truncated)");
    EXPECT_EQ(shown(first(frame("ospf_hello"), 70)), "eth:14/56 ip:20/52+ ospf:36/16~(truncated)");
    EXPECT_EQ(shown(link_type::linux_cooked, first(frame("cooked"), 15)), "sll:15(truncated)");
    EXPECT_EQ(shown(link_type::null_loopback, first(frame("null_little"), 3)), "null:3(truncated)");
}

TEST(dissect, headers_that_contradict_their_datagram) {
    bytes udp = frame("udp");
    udp[14 + 20 + 5] = std::byte{17};
    EXPECT_EQ(shown(udp), "eth:14/36 ip:20/16+ udp:8/8(bad total length) payload:8") << "one byte too many";
    bytes tunnel = frame("ip_in_ip");
    tunnel[34 + 3] = std::byte{29};
    EXPECT_EQ(shown(tunnel), "eth:14/48 ip:20/28+ ip:20/8(bad total length) payload:8")
        << "more than the datagram around it has";
    bytes ospf = frame("ospf_hello");
    ospf[34 + 3] = std::byte{60};
    EXPECT_EQ(shown(ospf), "eth:14/72 ip:20/52+ ospf:24/28(bad total length) payload:28");
    bytes syn = frame("tcp_syn");
    syn[34 + 12] = std::byte{0xf0};
    EXPECT_EQ(shown(syn), "eth:14/60 ip:20/40+ tcp:20/20(bad header length) payload:20");
    bytes options = frame("ip_options");
    options[14] = std::byte{0x4f};
    EXPECT_EQ(shown(options), "eth:14/44 ip:20/24(bad total length) payload:24") << "60 bytes of header in 44";
    bytes version = frame("udp");
    version[14] = std::byte{0x65};
    EXPECT_EQ(shown(version), "eth:14/36 payload:36(bad version)");
    bytes chain = frame("icmp6_long_chain");
    chain[14 + 40 + 1] = std::byte{10};
    EXPECT_EQ(shown(chain), "eth:14/120 ip6:40/80 hopopts:80(bad header length)");
    bytes ospf_version = frame("ospf_hello");
    ospf_version[34] = std::byte{3};
    EXPECT_EQ(shown(ospf_version), "eth:14/72 ip:20/52+ payload:52(bad version)");
    bytes arp = frame("arp_reply");
    arp[14 + 4] = std::byte{8};
    EXPECT_EQ(shown(arp), "eth:14/28 arp:8/20(wrong type) payload:20") << "addresses of another size";
}

// Every byte of the frame that a checksum covers makes it wrong, and no other does.
TEST(dissect, a_changed_byte_makes_a_checksum_wrong) {
    struct sum {
        const char* sample;
        protocol id;
    };
    for (const auto& [name, id] :
         {sum{"icmp_echo", protocol::icmp}, sum{"udp", protocol::udp}, sum{"tcp_data", protocol::tcp},
          sum{"icmp6_echo", protocol::icmpv6}, sum{"igmp_report3", protocol::igmp}, sum{"ospf_hello", protocol::ospf},
          sum{"raw_ipv6", protocol::udp}, sum{"icmp_extended", protocol::icmp_extension}}) {
        const link_type link = rig::sample(name).link;
        bytes changed = frame(name);
        const dissection whole = dissect(link, changed);
        const std::size_t last = changed.size() - 1 - whole.trailer().size();
        ASSERT_EQ(whole.find(id)->checksum, checksum_status::right) << name;
        changed[last] ^= std::byte{0x55};
        EXPECT_EQ(dissect(link, changed).find(id)->checksum, checksum_status::wrong) << name;
    }
    bytes password = frame("ospf_password");
    password[34 + 16] ^= std::byte{0x55};
    EXPECT_EQ(dissect(link_type::ethernet, password).find(protocol::ospf)->checksum, checksum_status::right)
        << "the authentication is left out";
}

TEST(dissect, a_udp_checksum_of_zero_is_wrong_over_ipv6) {
    bytes udp = frame("raw_ipv6");
    udp[46] = udp[47] = std::byte{0};
    EXPECT_EQ(shown(link_type::raw_ipv6, udp), "ip6:40/9 udp:8/1- payload:1");
    EXPECT_EQ(shown(link_type::raw_ipv6, first(udp, 48)), "ip6:40/9 udp:8/1~") << "cut short";
}

// 802.1Q behind 802.1ad, and the number that switches from before it use.
TEST(dissect, tags_of_every_kind) {
    bytes tagged = frame("two_tags");
    tagged[12] = std::byte{0x91};
    tagged[13] = std::byte{0x00};
    EXPECT_EQ(shown(tagged), "eth:14/39 vlan:4/35 vlan:4/31 ip:20/11+ udp:8/3+ payload:3");
}

TEST(dissect, a_link_of_no_known_kind_is_payload) {
    EXPECT_EQ(shown(static_cast<link_type>(147), frame("raw_ip4")), "payload:28");
    EXPECT_EQ(shown(link_type::raw_ipv6, frame("raw_ip4")), "payload:28(bad version)");
    bytes null = frame("null_little");
    null[0] = std::byte{7};
    EXPECT_EQ(shown(link_type::null_loopback, null), "null:4/28 payload:28");
    bytes cooked = frame("cooked");
    cooked[14] = std::byte{0};
    cooked[15] = std::byte{4};
    EXPECT_EQ(shown(link_type::linux_cooked, cooked), "sll:16/28 payload:28") << "no length, though below 1536";
}

TEST(dissect, a_jumbogram_is_as_long_as_what_there_is_of_it) {
    const bytes jumbo = rig::hex(
        "60000000 0000 00 40 20010db8000000000000000000000001 20010db8000000000000000000000002"
        "3a00 c204 00010000 8000 0000 0001 0002");
    EXPECT_EQ(shown(link_type::raw_ip, jumbo), "ip6:40/16 hopopts:8/8 icmp6:8-");
}

TEST(dissect, a_layer_is_found_by_its_protocol_and_depth) {
    const bytes error = frame("icmp_extended");
    const dissection layers = dissect(link_type::ethernet, error);
    ASSERT_NE(layers.find(protocol::ipv4), nullptr);
    EXPECT_EQ(layers.find(protocol::ipv4)->offset, 14U);
    ASSERT_NE(layers.find(protocol::ipv4, 1), nullptr);
    EXPECT_EQ(layers.find(protocol::ipv4, 1)->offset, 42U);
    EXPECT_EQ(layers.find(protocol::udp), nullptr) << "only quoted";
    EXPECT_NE(layers.find(protocol::icmp_extension), nullptr) << "it is not part of the quote";
    EXPECT_EQ(layers.find(protocol::tcp), nullptr);
}

bytes message_of_type(family f, std::uint8_t number, std::uint8_t type, std::size_t size) {
    bytes packet = f == family::v4 ? rig::hex("4500000000000000400000007f0000017f000001")
                                   : rig::hex(
                                         "6000000000000040 00000000000000000000000000000001"
                                         "00000000000000000000000000000001");
    const std::size_t header = packet.size();
    packet.resize(header + size);
    store_be(bytes_span{packet}, f == family::v4 ? 2 : 4,
             static_cast<std::uint16_t>(f == family::v4 ? header + size : size));
    store_be(bytes_span{packet}, f == family::v4 ? 9 : 6, number);
    packet[header] = static_cast<std::byte>(type);
    return packet;
}

// The walk knows the sizes of the forms by heart, the tables have them too.
TEST(dissect, every_type_has_the_header_that_its_layout_says) {
    struct carrier {
        family f;
        std::uint8_t number;
        protocol id;
    };
    for (const auto& [f, number, id] : {carrier{family::v4, ip_protocol::icmp, protocol::icmp},
                                        carrier{family::v6, ip_protocol::icmpv6, protocol::icmpv6},
                                        carrier{family::v4, ip_protocol::igmp, protocol::igmp}}) {
        for (unsigned type = 0; type < 256; ++type) {
            for (const std::size_t size : {8U, 11U, 12U, 24U, 27U, 28U, 64U}) {
                const bytes packet = message_of_type(f, number, static_cast<std::uint8_t>(type), size);
                const dissection layers = dissect(link_type::raw_ip, packet, {.checksums = false});
                const layer* found = layers.find(id);
                ASSERT_NE(found, nullptr) << type;
                const header_variant* form = variant_of(*layout_of(id), bytes_view{packet}.last(size));
                const std::size_t fixed = fixed_size(*layout_of(id), form);
                if (fixed > size) {
                    EXPECT_EQ(found->problem, parse_error::truncated) << type << " " << size;
                    EXPECT_EQ(found->bytes.size(), size) << type;
                    continue;
                }
                EXPECT_FALSE(found->problem) << type << " " << size;
                EXPECT_TRUE(found->bytes.size() == fixed || found->bytes.size() == size) << type << " " << size;
            }
        }
    }
}

// Values at the edges of what lengths, types and versions may be.
constexpr unsigned edges[] = {0, 1, 2, 3, 4, 5, 8, 41, 0x45, 0x4f, 0x60, 0x7f, 0x80, 0xf0, 0xff};

TEST(dissect, the_laws_hold_for_every_truncation_and_every_changed_byte_of_the_samples) {
    for (const rig::sample_frame& s : rig::sample_frames) {
        const bytes whole = rig::hex(s.digits);
        for (std::size_t size = 0; size <= whole.size(); ++size) {
            const std::string law = rig::broken_law(s.link, first(whole, size));
            ASSERT_TRUE(law.empty()) << s.name << " cut to " << size << ": " << law;
        }
        bytes changed = whole;
        for (std::size_t at = 0; at < whole.size(); ++at) {
            for (const unsigned value : edges) {
                changed[at] = static_cast<std::byte>(value);
                const std::string law = rig::broken_law(s.link, changed);
                ASSERT_TRUE(law.empty()) << s.name << " with " << value << " at " << at << ": " << law;
            }
            changed[at] = whole[at];
        }
    }
}

TEST(dissect, the_laws_hold_for_frames_shaken_at_random) {
    rig::seeded random{5};
    for (int i = 0; i < 20'000; ++i) {
        const rig::sample_frame& s = rig::sample_frames[random.below(std::size(rig::sample_frames))];
        bytes shaken = rig::hex(s.digits);
        for (std::size_t n = random.below(6); n > 0; --n)
            shaken[random.below(shaken.size())] = random.number<std::byte>();
        if (random.coin()) shaken.resize(random.below(shaken.size() + 1));
        const std::string law = rig::broken_law(s.link, shaken);
        ASSERT_TRUE(law.empty()) << s.name << ": " << law;
    }
}

}  // namespace
}  // namespace sonde::wire
