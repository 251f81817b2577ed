#include <algorithm>
#include <cerrno>
#include <string>

#include <gtest/gtest.h>

#include <sonde/socket/icmp_permission.hpp>

namespace {

using namespace sonde::socket;

constexpr std::uint32_t every_id = 4294967295;

icmp_permission forbidden() {
    icmp_permission facts;
    facts.range = group_range{1, 0};
    facts.groups = {1000};
    facts.binary = "/usr/bin/sonde";
    return facts;
}

TEST(IcmpPermission, ParsesTheSysctl) {
    EXPECT_EQ(parse_group_range("1\t0\n"), (group_range{1, 0}));
    EXPECT_EQ(parse_group_range("0\t2147483647\n"), (group_range{0, 2147483647}));
    EXPECT_EQ(parse_group_range("100 200"), (group_range{100, 200}));
    for (const char* bad : {"", "1", "1 2 3", "a b", "-1 0", "1 99999999999", "1 0x"}) {
        EXPECT_FALSE(parse_group_range(bad)) << bad;
    }
}

TEST(IcmpPermission, RangeEnds) {
    const group_range range{100, 200};
    EXPECT_FALSE(range.contains(99));
    EXPECT_TRUE(range.contains(100));
    EXPECT_TRUE(range.contains(200));
    EXPECT_FALSE(range.contains(201));
    EXPECT_TRUE(group_range{}.empty());
    EXPECT_FALSE(group_range{}.contains(0));
    EXPECT_FALSE(group_range{}.contains(1));
    EXPECT_TRUE(any_in_range({5, 150}, range));
    EXPECT_FALSE(any_in_range({5, 250}, range));
    EXPECT_FALSE(any_in_range({}, range));
}

TEST(IcmpPermission, IdMaps) {
    const auto initial = parse_id_map("         0          0 4294967295\n");
    EXPECT_TRUE(is_initial_id_map(initial));
    const auto own = parse_id_map("         0       1000          1\n");
    ASSERT_EQ(own.size(), 1U);
    EXPECT_EQ(own.front(), (id_mapping{0, 1000, 1}));
    EXPECT_FALSE(is_initial_id_map(own));
    EXPECT_EQ(parse_id_map("0 1000 1\n1 100000 65536\n").size(), 2U);
    EXPECT_TRUE(parse_id_map("").empty());
    EXPECT_TRUE(parse_id_map("rubbish\n").empty());
    EXPECT_FALSE(is_initial_id_map({}));
}

TEST(IcmpPermission, UnmappedGroupsNeverCount) {
    EXPECT_EQ(mapped_groups({65534, 0, 0}, {{0, 1000, 1}}), (std::vector<gid_t>{0}));
    EXPECT_EQ(mapped_groups({27, 4, 1000, 4}, {{0, 0, every_id}}), (std::vector<gid_t>{4, 27, 1000}));
    EXPECT_TRUE(mapped_groups({65534}, {}).empty());
}

TEST(IcmpPermission, WidestRangeHasMappedEnds) {
    EXPECT_EQ(widest_group_range({{0, 0, every_id}}, 1000), (group_range{0, 2147483647}));
    EXPECT_EQ(widest_group_range({{0, 1000, 1}}, 0), (group_range{0, 0}));
    EXPECT_EQ(widest_group_range({{0, 1000, 1}, {1, 100000, 65536}}, 33), (group_range{1, 65536}));
    EXPECT_EQ(widest_group_range({}, 33), (group_range{0, 2147483647}));
}

TEST(IcmpPermission, RefusalNamesSysctlAndGroups) {
    auto facts = forbidden();
    EXPECT_NE(datagram_refusal(facts).find("net.ipv4.ping_group_range is '1 0'"), std::string::npos);
    facts.range = group_range{100, 200};
    EXPECT_EQ(datagram_refusal(facts), "net.ipv4.ping_group_range is '100 200' and gid 1000 is not in it");
    facts.groups = {4, 1000};
    EXPECT_EQ(datagram_refusal(facts), "net.ipv4.ping_group_range is '100 200' and gids 4, 1000 are not in it");
    facts.groups = {1, 2, 3, 4, 5, 6, 7, 8};
    EXPECT_NE(datagram_refusal(facts).find("6 and 2 more"), std::string::npos);
    facts.groups = {150};
    EXPECT_NE(datagram_refusal(facts).find("seccomp"), std::string::npos);
    facts.groups = {};
    EXPECT_NE(datagram_refusal(facts).find("maps none"), std::string::npos);
    facts.range.reset();
    EXPECT_FALSE(datagram_refusal(facts).empty());
}

TEST(IcmpPermission, FailureCarriesEveryWayOut) {
    const auto refused = icmp_permission_failure(forbidden());
    EXPECT_EQ(refused.code.value(), EACCES);
    EXPECT_NE(refused.what.find("raw sockets need CAP_NET_RAW, which this process lacks"), std::string::npos);
    EXPECT_EQ(refused.what.find('\n'), std::string::npos);
    for (const char* line : {
             "\n    sudo sysctl -w net.ipv4.ping_group_range=\"0 2147483647\"\n",
             "| sudo tee /etc/sysctl.d/",
             "\n    docker run --sysctl net.ipv4.ping_group_range=\"0 2147483647\" IMAGE\n",
             "\n    sudo setcap cap_net_raw+ep /usr/bin/sonde\n",
             "\n    docker run --cap-add NET_RAW IMAGE\n",
             "\n    AmbientCapabilities=CAP_NET_RAW",
         }) {
        EXPECT_NE(refused.remedy.find(line), std::string::npos) << line;
    }
    EXPECT_FALSE(refused.remedy.ends_with('\n'));
}

TEST(IcmpPermission, CommandsFitTheirPlace) {
    auto facts = forbidden();
    facts.root = true;
    facts.user_namespace = true;
    facts.widest = {0, 0};
    const auto commands = datagram_grants(facts);
    EXPECT_EQ(commands.front(), "sysctl -w net.ipv4.ping_group_range=\"0 0\"");
    EXPECT_TRUE(std::none_of(commands.begin(), commands.end(),
                             [](const std::string& c) { return c.find("sysctl.d") != std::string::npos; }));
}

TEST(IcmpPermission, ExaminesThisProcess) {
    const auto facts = examine_icmp_permission();
    EXPECT_FALSE(facts.binary.empty());
    EXPECT_TRUE(std::is_sorted(facts.groups.begin(), facts.groups.end()));
    EXPECT_FALSE(icmp_permission_failure().what.empty());
}

}  // namespace
