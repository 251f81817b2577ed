#include <cerrno>
#include <set>

#include <gtest/gtest.h>

#include <sonde/socket/netlink.hpp>
#include <sonde/socket/route.hpp>

#include <linux/if_link.h>
#include <linux/rtnetlink.h>

namespace sonde::socket {
namespace {

TEST(Netlink, ADumpGivesEachLink) {
    auto netlink = netlink_socket::open();
    ASSERT_TRUE(netlink);
    netlink_request request(RTM_GETLINK, NLM_F_DUMP, ifinfomsg{});
    std::set<std::string> names;
    for (int round = 0; round < 2; ++round) {  // the socket goes on after an answer
        names.clear();
        const auto outcome = netlink->exchange(request, [&](bytes_view message) {
            for_each_attribute(message, sizeof(ifinfomsg), [&](std::uint16_t type, bytes_view value) {
                if (type == IFLA_IFNAME) names.insert(read_netlink_text(value));
            });
        });
        EXPECT_TRUE(outcome.done());
        EXPECT_TRUE(names.contains("lo"));
    }
}

TEST(Netlink, OneLinkByItsName) {
    auto netlink = netlink_socket::open();
    netlink_request request(RTM_GETLINK, 0, ifinfomsg{});
    request.put(IFLA_IFNAME, std::string_view{"lo"});
    std::uint32_t index = 0;
    const auto outcome = netlink->exchange(request, [&](bytes_view message) {
        index = static_cast<std::uint32_t>(read_netlink<ifinfomsg>(message).ifi_index);
    });
    EXPECT_TRUE(outcome.done());
    EXPECT_EQ(index, interface_index("lo"));
}

TEST(Netlink, ARefusalHasTheKernelsWords) {
    auto netlink = netlink_socket::open();
    ifinfomsg loopback{};
    loopback.ifi_index = static_cast<int>(interface_index("lo"));
    netlink_request request(RTM_NEWLINK, 0, loopback);
    request.put(IFLA_MTU, std::uint32_t{0xffff'ffff});
    const auto outcome = netlink->exchange(request);
    EXPECT_EQ(outcome.error_number, EINVAL);
    EXPECT_FALSE(outcome.kernel_words.empty()) << "an extended acknowledgement, since Linux 4.12";
    const failure f = outcome.to_failure("cannot look");
    EXPECT_EQ(f.what, "cannot look: Invalid argument (" + outcome.kernel_words + ")");
    EXPECT_EQ(f.code.value(), EINVAL);
}

TEST(Netlink, MoreThanARequestHoldsIsNotSent) {
    auto netlink = netlink_socket::open();
    netlink_request request(RTM_GETLINK, 0, ifinfomsg{});
    request.put(IFLA_IFALIAS, std::string(5000, 'x'));
    EXPECT_EQ(netlink->exchange(request).error_number, EMSGSIZE);
    netlink_request many(RTM_GETLINK, 0, ifinfomsg{});
    for (int i = 0; i < 1000; ++i) many.put(IFLA_MTU, std::uint32_t{1});
    EXPECT_EQ(netlink->exchange(many).error_number, EMSGSIZE);
    many.put_nested(IFLA_LINKINFO, [](netlink_request& inside) { inside.put(IFLA_INFO_KIND, std::uint8_t{1}); });
    EXPECT_EQ(netlink->exchange(many).error_number, EMSGSIZE);
}

TEST(Netlink, AttributesOfEveryLengthAndCut) {
    std::vector<std::byte> message(64, std::byte{0xff});
    const auto store = [&](std::size_t at, std::uint16_t length, std::uint16_t type) {
        std::memcpy(message.data() + at, &length, sizeof length);
        std::memcpy(message.data() + at + 2, &type, sizeof type);
    };
    for (std::uint16_t length = 0; length < 80; ++length) {
        store(4, length, 7);
        const std::size_t next = 4 + (length + std::size_t{3}) / 4 * 4;
        if (next + 4 <= message.size()) store(next, 3, 8);  // too short: the end
        for (std::size_t size = 0; size <= message.size(); ++size) {
            int seen = 0;
            for_each_attribute(bytes_view{message}.first(size), 3, [&](std::uint16_t type, bytes_view value) {
                EXPECT_EQ(type, 7);
                EXPECT_EQ(value.size(), length - 4U);
                ++seen;
            });
            EXPECT_EQ(seen, length >= 4 && 4U + length <= size ? 1 : 0) << length << ' ' << size;
        }
        std::fill(message.begin(), message.end(), std::byte{0xff});
    }
}

TEST(Netlink, NumbersAndTextOfBytes) {
    const std::array<std::byte, 6> bytes{std::byte{'a'}, std::byte{'b'}, {}, std::byte{'c'}, {}, {}};
    EXPECT_EQ(read_netlink_text(bytes), "ab");
    EXPECT_EQ(read_netlink_text({}), "");
    EXPECT_EQ(read_netlink<std::uint8_t>(bytes), 'a');
    EXPECT_EQ(read_netlink<std::uint64_t>(bytes), 0U) << "too few";
}

}  // namespace
}  // namespace sonde::socket
