#include <algorithm>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include <sonde/report/packet_samples_test.hpp>
#include <sonde/report/packet_tree.hpp>

namespace sonde::report {
namespace {

std::string tree_of(bytes_view frame, std::uint32_t full_size, bool unfinished = false) {
    const wire::dissection dissection = wire::dissect(link_type::ethernet, frame, {.checksums = !unfinished});
    std::string out;
    append_packet_tree(
        out, {.frame = frame, .full_size = full_size, .dissection = dissection, .checksum_unfinished = unfinished});
    return out;
}

const packet_sample& sample(std::string_view name) {
    return *std::ranges::find(packet_samples, name, &packet_sample::name);
}

bool has(const std::string& tree, std::string_view line) {
    return tree.find(std::string(line) + "\n") != std::string::npos;
}

TEST(PacketTree, LayersFieldsOptionsAndPayload) {
    const std::string tree = tree_of(sample("tcp syn").frame(), 74);
    for (const std::string_view line : {
             "    Ethernet, 14 bytes",
             "        EtherType or Length: 0x0800 (IPv4)",
             "    Internet Protocol version 4, 20 bytes",
             "        Time to Live: 64",
             "        Flags: DF",
             "        Protocol: 6 (TCP)",
             "        Control Bits: SYN",
             "        Maximum Segment Size",
             "            Maximum Segment Size: 1460",
         }) {
        EXPECT_TRUE(has(tree, line)) << line << "\n" << tree;
    }
    EXPECT_TRUE(
        has(tree_of(sample("udp").frame(), 47), "        0x0000:  6865 6c6c 6f                             hello"));
}

TEST(PacketTree, ChecksumsAreJudged) {
    auto frame = sample("udp").frame();
    EXPECT_NE(tree_of(frame, 47).find("[right]"), std::string::npos);
    const std::string right = tree_of(frame, 47);
    const auto at = right.find("        Checksum: 0x");
    ASSERT_NE(at, std::string::npos);
    const std::string value = right.substr(at + 18, 6);
    frame[14 + 20 + 6] ^= std::byte{0xff};
    EXPECT_NE(tree_of(frame, 47).find("[wrong, should be " + value + "]"), std::string::npos) << tree_of(frame, 47);
    EXPECT_NE(tree_of(frame, 47, true).find("[left to the device]"), std::string::npos);
}

TEST(PacketTree, QuotesAndCutsAreSaid) {
    EXPECT_NE(tree_of(sample("unreachable code 3").frame(), 102).find("    quoted: User Datagram Protocol"),
              std::string::npos);
    EXPECT_TRUE(has(tree_of(sample("udp").frame(), 147), "    [47 of 147 bytes were captured]"));
    EXPECT_NE(tree_of(sample("tcp short offset").frame(), 54).find("[bad header length]"), std::string::npos);
}

TEST(PacketTree, NothingSteersATerminal) {
    std::mt19937 random{9};
    for (const packet_sample& s : packet_samples) {
        const auto frame = s.frame();
        for (int round = 0; round < 60; ++round) {
            auto changed = frame;
            for (int i = 0; i < 4; ++i) changed[12 + random() % (changed.size() - 12)] = std::byte(random());
            if (round % 4 == 0) changed.resize(random() % changed.size());
            for (const char c : tree_of(changed, s.full_size)) {
                ASSERT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= ' ') << s.name;
                ASSERT_NE(c, '\x7f') << s.name;
            }
        }
    }
}

}  // namespace
}  // namespace sonde::report
