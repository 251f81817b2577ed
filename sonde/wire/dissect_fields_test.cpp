#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <sonde/wire/dissect.hpp>
#include <sonde/wire/sample_frames_test.hpp>

namespace sonde::wire {
namespace {

using bytes = std::vector<std::byte>;

std::string hex_of(bytes_view data) {
    std::string text;
    for (const std::byte b : data) text += fmt::format("{:02x}", std::to_integer<unsigned>(b));
    return text;
}

// One line per layer: `name=value`, groups in brackets.
class writer : public field_sink {
public:
    void field(const shown_field& f) override {
        separate();
        text += fmt::format("{}=", f.name);
        switch (f.kind) {
            case field_kind::mac:
                text += mac_address::from_bytes(f.bytes).to_string();
                break;
            case field_kind::ipv4:
            case field_kind::ipv6:
                text += ip_address::from_bytes(f.bytes).to_string();
                break;
            case field_kind::hexadecimal:
                text += fmt::format("{:x}", f.number);
                break;
            case field_kind::bytes:
                text += hex_of(f.bytes);
                break;
            case field_kind::text:
                for (const std::byte b : f.bytes) {
                    if (b == std::byte{0}) break;
                    text += std::to_integer<char>(b);
                }
                break;
            case field_kind::flags:
                for (const value_name& n : f.names) text += (f.number & n.value) != 0 ? std::string(1, n.name[0]) : "";
                break;
            default:
                text += fmt::format("{}", f.number);
        }
        if (!f.value_text.empty()) text += fmt::format("'{}'", f.value_text);
    }
    void begin_group(std::string_view list, std::string_view name, std::string_view) override {
        separate();
        text += fmt::format("{}[{}:", list, name);
    }
    void end_group() override { text += ']'; }
    void problem(parse_error error) override {
        separate();
        text += fmt::format("!{}", to_string(error));
    }

    std::string text;

private:
    void separate() {
        if (!text.empty()) text += ' ';
    }
};

std::string fields_of(bytes_view frame, link_type link, protocol id, std::uint8_t depth = 0) {
    const dissection layers = dissect(link, frame);
    const layer* found = layers.find(id, depth);
    if (found == nullptr) return "no such layer";
    writer out;
    visit_fields(*found, out);
    return out.text;
}

std::string fields_of(std::string_view sample, protocol id, std::uint8_t depth = 0) {
    return fields_of(rig::hex(rig::sample(sample).digits), rig::sample(sample).link, id, depth);
}

TEST(visit_fields, of_the_link) {
    EXPECT_EQ(fields_of("vlan_echo", protocol::ethernet),
              "dst=02:00:00:00:00:02 src=02:00:00:00:00:01 type=33024'802.1Q'");
    EXPECT_EQ(fields_of("vlan_echo", protocol::vlan), "prio=3 dei=0 id=100 type=2048'IPv4'");
    EXPECT_EQ(fields_of("arp_reply", protocol::arp),
              "hwtype=1'Ethernet' ptype=2048'IPv4' hwlen=6 plen=4 op=2'reply' hwsrc=02:00:00:00:00:02 "
              "psrc=198.51.100.7 hwdst=02:00:00:00:00:01 pdst=192.0.2.1");
    EXPECT_EQ(fields_of("cooked", protocol::linux_cooked),
              "pkttype=0'to us' hwtype=1'Ethernet' hwlen=6 src=02:00:00:00:00:01 pad=0 proto=2048'IPv4'");
    EXPECT_EQ(fields_of("cooked_v2", protocol::linux_cooked_v2),
              "proto=2048'IPv4' reserved=0 ifindex=3 hwtype=1'Ethernet' pkttype=3'to another host' hwlen=6 "
              "src=02:00:00:00:00:01 pad=0");
    EXPECT_EQ(fields_of("cooked_tunnel", protocol::linux_cooked),
              "pkttype=0'to us' hwtype=65534'none' hwlen=0 src=000000000000 pad=0 proto=34525'IPv6'")
        << "no MAC address";
    EXPECT_EQ(fields_of("null_little", protocol::null_loopback), "family=33554432'IPv4'");
    EXPECT_EQ(fields_of("null_big_ip6", protocol::null_loopback), "family=30'IPv6'");
}

TEST(visit_fields, of_ip) {
    EXPECT_EQ(fields_of("ip_options", protocol::ipv4),
              "version=4 ihl=9 tos=0 len=44 id=1 flags= frag=0 ttl=64 proto=1'ICMP' chksum=79eb src=192.0.2.1 "
              "dst=198.51.100.7 options[record_route: code=7 length=11 pointer=4 value=10.0.0.1 value=0.0.0.0] "
              "options[router_alert: code=148 length=4 value=0'every router examines the packet'] "
              "options[eol: code=0]");
    EXPECT_EQ(fields_of("tcp_syn", protocol::ipv4).substr(0, 48), "version=4 ihl=5 tos=0 len=60 id=1 flags=D frag=0");
    EXPECT_EQ(fields_of("icmp6_echo", protocol::ipv6),
              "version=6 tc=b9 fl=abcde plen=13 nh=58'IPv6-ICMP' hlim=64 src=2001:db8::1 dst=2001:db8::2");
    EXPECT_EQ(fields_of("icmp6_long_chain", protocol::ipv6_hop_by_hop),
              "nh=43'IPv6-Route' len=0 options[router_alert: code=5 length=2 value=0'Multicast Listener Discovery'] "
              "options[padn: code=1 length=0]");
    EXPECT_EQ(fields_of("icmp6_long_chain", protocol::ipv6_routing),
              "nh=44'IPv6-Frag' len=2 type=0'source route' segleft=1 reserved=0 address=2001:db8::9");
    EXPECT_EQ(fields_of("icmp6_long_chain", protocol::ipv6_fragment),
              "nh=60'IPv6-Opts' reserved=0 offset=0 res2=0 m=0 id=9");
    EXPECT_EQ(fields_of("icmp6_long_chain", protocol::ipv6_destination),
              "nh=58'IPv6-ICMP' len=3 options[padn: code=1 length=2 value=0000] "
              "options[home_address: code=201 length=16 value=2001:db8::77] options[pad1: code=0] "
              "options[padn: code=1 length=3 value=000000] options[padn: code=1 length=0]");
    EXPECT_EQ(fields_of("ip6_segment_routing", protocol::ipv6_routing),
              "nh=17'UDP' len=4 type=4'segment routing' segleft=2 last_entry=1 flags=0 tag=0 segment=2001:db8::aaa "
              "segment=2001:db8::bbb");
}

TEST(visit_fields, of_transport) {
    EXPECT_EQ(fields_of("udp", protocol::udp), "sport=40000 dport=53 len=16 chksum=bc5b");
    EXPECT_EQ(fields_of("tcp_syn", protocol::tcp),
              "sport=40000 dport=80 seq=1 ack=0 dataofs=10 reserved=0 flags=S window=64240 chksum=c440 urgptr=0 "
              "options[mss: code=2 length=4 value=1460] options[sack_ok: code=4 length=2] "
              "options[timestamps: code=8 length=10 value=1 value=0] options[nop: code=1] "
              "options[wscale: code=3 length=3 value=7]");
    EXPECT_EQ(fields_of("tcp_data", protocol::tcp),
              "sport=40000 dport=80 seq=1 ack=2 dataofs=10 reserved=0 flags=PA window=8192 chksum=e282 urgptr=0 "
              "options[nop: code=1] options[nop: code=1] "
              "options[sack: code=5 length=18 value=100 value=200 value=300 value=400]");
    EXPECT_EQ(fields_of("tcp_fastopen", protocol::tcp).substr(95),
              "options[fastopen: code=34 length=10 value=3132333435363738] options[eol: code=0] padding=00");
}

TEST(visit_fields, of_icmp_and_its_extension) {
    EXPECT_EQ(fields_of("icmp_frag_needed", protocol::icmp),
              "type=3'destination unreachable' code=4 chksum=e3ed unused=0 length=0 mtu=1400");
    EXPECT_EQ(fields_of("icmp_redirect", protocol::icmp), "type=5'redirect' code=1 chksum=246a gateway=192.0.2.254");
    EXPECT_EQ(fields_of("icmp_timestamp", protocol::icmp),
              "type=13'timestamp' code=0 chksum=f2f0 id=1 seq=2 ts_ori=3 ts_rx=4 ts_tx=5");
    EXPECT_EQ(fields_of("icmp_extended", protocol::udp, 1), "sport=33434 dport=33435 len=28 chksum=598f");
    EXPECT_EQ(fields_of("icmp_extended", protocol::icmp_extension),
              "version=2 reserved=0 chksum=2f81 objects[mpls: length=12 class=1'MPLS label stack' ctype=1 "
              "labels[label: label=16001 tc=0 s=0 ttl=1] labels[label: label=24001 tc=5 s=1 ttl=2]] "
              "objects[interface: length=28 class=2'interface information' role=0'incoming interface' reserved=0 "
              "has_index=1 has_address=1 has_name=1 has_mtu=1 ifindex=3 afi=1'IPv4' reserved=0 address=10.0.0.1 "
              "name_length=8 name=eth0 mtu=1500] objects[: length=8 class=247 ctype=1 data=61626364]");
    EXPECT_EQ(fields_of("icmp_extension_broken", protocol::icmp_extension),
              "version=2 reserved=0 chksum=0 objects[mpls: length=8 class=1'MPLS label stack' ctype=1 "
              "labels[label: label=398886 tc=1 s=1 ttl=100]] !bad option");
}

TEST(visit_fields, of_neighbour_discovery) {
    EXPECT_EQ(fields_of("nd_na", protocol::icmpv6),
              "type=136'neighbor advertisement' code=0 chksum=181c router=0 solicited=1 override=1 reserved=0 "
              "target=fe80::1 options[tlla: code=2 length=1 value=02:00:00:00:00:01]");
    EXPECT_EQ(
        fields_of("nd_ra", protocol::icmpv6),
        "type=134'router advertisement' code=0 chksum=19d1 cur_hop_limit=0 managed=1 other=0 home_agent=0 "
        "prf=1'high' proxy=0 reserved=0 router_lifetime=1800 reachable_time=0 retrans_timer=0 "
        "options[slla: code=1 length=1 value=02:00:00:00:00:01] options[mtu: code=5 length=1 reserved=0 value=1480] "
        "options[prefix: code=3 length=4 prefix_length=64 on_link=1 autonomous=1 router_address=0 reserved=0 "
        "valid_lifetime=4294967295 preferred_lifetime=4294967295 reserved2=0 value=2001:db8:1::] "
        "options[rdnss: code=25 length=5 reserved=0 lifetime=600 value=2001:db8::53 value=2001:db8::54] "
        "options[dnssl: code=31 length=3 reserved=0 lifetime=600 value=076578616d706c6503636f6d00000000] "
        "options[route: code=24 length=3 prefix_length=48 reserved=0 prf=0'medium' reserved2=0 "
        "lifetime=4294967295 value=20010db8000200000000000000000000]");
    EXPECT_EQ(fields_of("nd_option_length_0", protocol::icmpv6),
              "type=133'router solicitation' code=0 chksum=7c2e reserved=0 !bad option");
}

TEST(visit_fields, of_multicast_groups) {
    EXPECT_EQ(fields_of("igmp_report3", protocol::igmp),
              "type=34'membership report v3' max_resp=0 chksum=2ee5 reserved=0 records=2 "
              "group_records[to exclude: type=4'to exclude' aux_len=0 sources=0 group=239.1.2.3] "
              "group_records[to include: type=3'to include' aux_len=1 sources=1 group=239.1.2.4 source=192.0.2.5 "
              "aux=01020304]");
    EXPECT_EQ(fields_of("igmp_report3_short", protocol::igmp),
              "type=34'membership report v3' max_resp=0 chksum=e8f9 reserved=0 records=1 !truncated");
    EXPECT_EQ(fields_of("igmp_query3", protocol::igmp),
              "type=17'membership query' max_resp=100 chksum=6f0b group=239.1.2.3 flags=0 suppress=1 qrv=2 qqic=125 "
              "sources=2 source=192.0.2.5 source=192.0.2.6");
    EXPECT_EQ(fields_of("igmp_leave", protocol::igmp), "type=23'leave group' max_resp=0 chksum=f7fa group=239.1.2.3");
    EXPECT_EQ(fields_of("mld2_query", protocol::icmpv6).substr(54),
              "max_resp=10000 reserved=0 group=ff05::1 flags=0 suppress=1 qrv=2 qqic=125 sources=1 source=2001:db8::5");
    EXPECT_EQ(fields_of("mld2_report", protocol::icmpv6),
              "type=143'multicast listener report v2' code=0 chksum=1154 reserved=0 records=2 "
              "group_records[to exclude: type=4'to exclude' aux_len=0 sources=0 group=ff02::fb] "
              "group_records[to include: type=3'to include' aux_len=0 sources=2 group=ff05::1 source=2001:db8::5 "
              "source=2001:db8::6]");
}

TEST(visit_fields, of_ospf_and_dhcp) {
    EXPECT_EQ(fields_of("ospf_hello", protocol::ospf),
              "version=2 type=1'hello' len=52 router=10.0.0.1 area=0.0.0.0 chksum=1e8f autype=0'none' auth=0 "
              "mask=255.255.255.0 hello_interval=10 options= priority=1 dead_interval=40 dr=192.0.2.1 bdr=0.0.0.0 "
              "neighbor=10.0.0.2 neighbor=10.0.0.3");
    const std::string discover = fields_of("dhcp_discover", protocol::dhcp);
    EXPECT_EQ(discover.substr(0, discover.find(" options[")),
              "op=1'BOOTREQUEST' htype=1'Ethernet' hlen=6 hops=0 xid=12345678 secs=0 flags=B ciaddr=0.0.0.0 "
              "yiaddr=0.0.0.0 siaddr=0.0.0.0 giaddr=0.0.0.0 chaddr=02:00:00:00:00:01 chaddr_pad=00000000000000000000 "
              "sname= file= cookie=63825363");
    EXPECT_EQ(discover.substr(discover.find("options[")),
              "options[message_type: code=53 length=1 value=1'discover'] "
              "options[client_id: code=61 length=7 value=01020000000001] "
              "options[requested_address: code=50 length=4 value=192.0.2.50] "
              "options[hostname: code=12 length=4 value=host] "
              "options[parameter_list: code=55 length=4 value=1 value=3 value=6 value=15] options[end: code=255] "
              "padding=0000000000");
    const std::string offer = fields_of("dhcp_offer", protocol::dhcp);
    EXPECT_NE(offer.find(" sname=server file=boot "), std::string::npos) << offer;
    EXPECT_NE(offer.find("options[dns: code=6 length=8 value=192.0.2.53 value=192.0.2.54] "
                         "options[domain: code=15 length=11 value=example.com] options[pad: code=0] "
                         "options[pad: code=0] options[end: code=255]"),
              std::string::npos)
        << offer;
}

TEST(visit_fields, of_an_option_whose_length_is_not_its_own) {
    bytes syn = rig::hex(rig::sample("tcp_syn").digits);
    syn[34 + 21] = std::byte{6};  // the MSS option takes the two bytes of the next one
    EXPECT_NE(fields_of(syn, link_type::ethernet, protocol::tcp).find("options[mss: code=2 length=6 value=05b40402]"),
              std::string::npos);
    syn[34 + 21] = std::byte{1};
    const std::string fields = fields_of(syn, link_type::ethernet, protocol::tcp);
    EXPECT_TRUE(fields.ends_with("urgptr=0 !bad option")) << fields;
    syn[34 + 20] = std::byte{77};
    syn[34 + 21] = std::byte{4};
    EXPECT_NE(fields_of(syn, link_type::ethernet, protocol::tcp).find("options[: code=77 length=4 value=05b4]"),
              std::string::npos)
        << "of no name";
}

TEST(visit_fields, of_a_header_cut_short) {
    const bytes syn = rig::hex(rig::sample("tcp_syn").digits);
    EXPECT_EQ(fields_of(bytes_view{syn}.first(34 + 9), link_type::ethernet, protocol::tcp),
              "sport=40000 dport=80 seq=1");
    writer nothing;
    visit_fields({.bytes = syn}, nothing);
    EXPECT_EQ(nothing.text, "") << "payload has no fields";
}

}  // namespace
}  // namespace sonde::wire
