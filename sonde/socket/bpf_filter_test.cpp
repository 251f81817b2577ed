#include <array>

#include <gtest/gtest.h>

#include <sonde/socket/bpf_filter.hpp>

#include <linux/filter.h>

namespace sonde::socket {
namespace {

/// An Ethernet frame with IPv4 and UDP from port 1000 to port 2000.
std::vector<std::byte> udp_frame() {
    std::vector<std::byte> frame(60);
    store_be<std::uint16_t>(frame, 12, 0x0800);
    store_be<std::uint32_t>(frame, 14, 0x45000020);
    store_be<std::uint16_t>(frame, 22, 0x4011);
    store_be<std::uint32_t>(frame, 26, 0xc0000201);
    store_be<std::uint32_t>(frame, 30, 0xc6336407);
    store_be<std::uint16_t>(frame, 34, 1000);
    store_be<std::uint16_t>(frame, 36, 2000);
    return frame;
}

bpf_filter compiled(std::string_view expression, link_type link = link_type::ethernet) {
    return bpf_filter::compile(expression, link).value();
}

TEST(bpf_filter, matches_in_this_process) {
    const auto frame = udp_frame();
    for (const char* yes : {"udp", "udp dst port 2000", "host 192.0.2.1 and not tcp", "ip[8] = 64", "less 60", ""}) {
        EXPECT_TRUE(compiled(yes).matches(frame, 60)) << yes;
    }
    for (const char* no : {"tcp", "port 53", "ip6", "greater 61", "src net 198.51.100.0/24"}) {
        EXPECT_FALSE(compiled(no).matches(frame, 60)) << no;
    }
    EXPECT_TRUE(compiled("greater 1000").matches(frame, 1500)) << "the size on the wire counts";
    EXPECT_FALSE(compiled("udp port 1000").matches(bytes_view{frame}.first(30), 60)) << "a frame cut before the ports";
    EXPECT_FALSE(compiled("ip").matches({}, 0));
}

TEST(bpf_filter, links_differ) {
    const auto frame = udp_frame();
    EXPECT_TRUE(compiled("udp port 2000", link_type::raw_ip).matches(bytes_view{frame}.subspan(14), 46));
    EXPECT_FALSE(compiled("udp port 2000", link_type::raw_ip).matches(frame, 60));
    for (const auto link : {link_type::null_loopback, link_type::linux_cooked, link_type::linux_cooked_v2,
                            link_type::raw_ipv4, link_type::raw_ipv6}) {
        EXPECT_TRUE(bpf_filter::compile("tcp port 80", link).has_value()) << static_cast<int>(link);
    }
}

TEST(bpf_filter, everything_and_nothing) {
    EXPECT_TRUE(bpf_filter{}.accepts_all());
    EXPECT_TRUE(bpf_filter{}.matches({}, 0));
    EXPECT_FALSE(bpf_filter::nothing().accepts_all());
    EXPECT_FALSE(bpf_filter::nothing().matches(udp_frame(), 60));
}

TEST(bpf_filter, a_program_that_is_none_accepts_nothing) {
    const auto frame = udp_frame();
    const bpf_filter good({{BPF_RET | BPF_K, 0, 0, 1}});
    EXPECT_TRUE(good.matches(frame, 60));
    const bpf_filter jumps_out({{BPF_JMP | BPF_JEQ | BPF_K, 200, 200, 0}, {BPF_RET | BPF_K, 0, 0, 1}});
    EXPECT_FALSE(jumps_out.matches(frame, 60));
    const bpf_filter runs_off({{BPF_LD | BPF_IMM, 0, 0, 1}});
    EXPECT_FALSE(runs_off.matches(frame, 60));
    const bpf_filter scratch({{BPF_ST, 0, 0, 1000}, {BPF_RET | BPF_K, 0, 0, 1}});
    EXPECT_FALSE(scratch.matches(frame, 60));
    const bpf_filter too_long(std::vector<bpf_instruction>(5000, {BPF_RET | BPF_K, 0, 0, 1}));
    EXPECT_FALSE(too_long.matches(frame, 60));
}

TEST(bpf_filter, knows_that_it_reads_vlan_tags) {
    EXPECT_TRUE(compiled("vlan").reads_vlan_tags());
    EXPECT_TRUE(compiled("ip or (vlan 5 and tcp)").reads_vlan_tags());
    EXPECT_FALSE(compiled("tcp port 80").reads_vlan_tags());
    EXPECT_FALSE(compiled("ether host 1:2:3:4:5:6").reads_vlan_tags());
    auto tagged = udp_frame();
    const std::array<std::byte, 4> tag{std::byte{0x81}, std::byte{0}, std::byte{0}, std::byte{5}};
    tagged.insert(tagged.begin() + 12, tag.begin(), tag.end());
    EXPECT_TRUE(compiled("vlan 5 and udp").matches(tagged, 64));
    EXPECT_FALSE(compiled("vlan 6").matches(tagged, 64));
}

/// The kernel's ancillary data of a frame that a cooked socket delivers.
struct cooked_frame {
    std::uint16_t protocol;
    std::uint32_t interface;
    std::uint16_t hardware_type;
    std::uint8_t packet_type;
    std::vector<std::byte> payload;

    /// As LINKTYPE_LINUX_SLL2 has it.
    [[nodiscard]] std::vector<std::byte> with_header() const {
        std::vector<std::byte> bytes(20);
        store_be(bytes, 0, protocol);
        store_be(bytes, 4, interface);
        store_be(bytes, 8, hardware_type);
        store_be(bytes, 10, packet_type);
        bytes.insert(bytes.end(), payload.begin(), payload.end());
        return bytes;
    }
    /// What the kernel would make of the rewritten program: its loads of ancillary data are answered here, the rest by
    /// libpcap's interpreter.
    [[nodiscard]] bool accepted_by(const bpf_filter& rewritten) const {
        std::vector<bpf_instruction> program(rewritten.instructions().begin(), rewritten.instructions().end());
        for (auto& i : program) {
            if (BPF_CLASS(i.code) != BPF_LD || BPF_MODE(i.code) != BPF_ABS) continue;
            const auto ancillary = static_cast<std::int32_t>(i.k) - SKF_AD_OFF;
            if (static_cast<std::int32_t>(i.k) >= 0) continue;
            i.code = BPF_LD | BPF_IMM;
            i.k = ancillary == SKF_AD_PROTOCOL  ? protocol
                  : ancillary == SKF_AD_IFINDEX ? interface
                  : ancillary == SKF_AD_HATYPE  ? hardware_type
                                                : packet_type;
        }
        return bpf_filter(program).matches(payload, payload.size());
    }
};

TEST(bpf_filter, for_a_cooked_socket_it_means_the_same) {
    const auto frame = udp_frame();
    const std::vector<std::byte> ip(frame.begin() + 14, frame.end());
    auto options = ip;  // a header of 24 bytes: the ports are found through it
    options[0] = std::byte{0x46};
    options.insert(options.begin() + 20, 4, std::byte{1});
    const std::array<cooked_frame, 4> frames{{
        {0x0800, 7, 1, 0, ip},
        {0x0800, 8, 772, 4, options},
        {0x0806, 7, 1, 1, ip},
        {0x86dd, 7, 65534, 0, ip},
    }};
    int accepted = 0;
    for (const char* expression : {"ip", "arp", "udp port 2000", "udp src port 1000 and host 192.0.2.1", "ifindex 7",
                                   "outbound", "inbound", "ip[8] = 64 and ip[2:2] > 3", "ip6", "not udp",
                                   "ether proto 0x806 or ifindex 8", "broadcast or udp[0] = 3"}) {
        const auto original = bpf_filter::compile(expression, link_type::linux_cooked_v2);
        if (!original) continue;
        const auto rewritten = original->for_cooked_socket();
        ASSERT_TRUE(rewritten.has_value()) << expression;
        for (const auto& f : frames) {
            const auto whole = f.with_header();
            EXPECT_EQ(f.accepted_by(*rewritten), original->matches(whole, whole.size())) << expression;
            accepted += original->matches(whole, whole.size()) ? 1 : 0;
        }
    }
    EXPECT_GT(accepted, 10);
}

TEST(bpf_filter, what_a_cooked_socket_does_not_tell) {
    for (const char* expression : {"greater 100", "link[12] = 2", "link[1] = 8"}) {
        const auto original = bpf_filter::compile(expression, link_type::linux_cooked_v2);
        ASSERT_TRUE(original.has_value()) << expression;
        EXPECT_FALSE(original->for_cooked_socket().has_value()) << expression;
    }
    EXPECT_TRUE(bpf_filter{}.for_cooked_socket()->accepts_all());
    EXPECT_TRUE(bpf_filter::nothing().for_cooked_socket().has_value());
}

}  // namespace
}  // namespace sonde::socket
