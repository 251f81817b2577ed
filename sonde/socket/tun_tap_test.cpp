#include <algorithm>
#include <cerrno>

#include <gtest/gtest.h>

#include <sonde/socket/lab_test.hpp>
#include <sonde/socket/link_setup.hpp>
#include <sonde/socket/privilege.hpp>
#include <sonde/socket/route.hpp>
#include <sonde/socket/tun_tap.hpp>

namespace sonde::socket {
namespace {

TEST(TunName, WhatCannotBeOne) {
    EXPECT_FALSE(interface_name_fault("tap0"));
    EXPECT_FALSE(interface_name_fault("123456789012345"));
    EXPECT_NE(interface_name_fault("1234567890123456")->find("too long"), std::string::npos);
    for (const char* bad : {"", ".", "..", "a b", "a/b", "a:b", "tun%d", "\x1b[31m", "tab\t"}) {
        EXPECT_TRUE(interface_name_fault(bad)) << bad;
    }
    const auto too_long = tun_tap::open({.name = "1234567890123456"});
    ASSERT_FALSE(too_long);
    EXPECT_EQ(too_long.error().code.value(), ENAMETOOLONG);
}

class TunTap : public ::testing::Test {
protected:
    void SetUp() override {
        const auto trial = tun_tap::open({});
        if (!trial) GTEST_SKIP() << "SKIP " << trial.error().what;
    }
    void TearDown() override {
        for (const auto& d : tun_devices().value()) (void)delete_link(d.index);
    }
    static tun_tap open(const char* name, tun_kind kind = tun_kind::tun) {
        return std::move(tun_tap::open({.name = name, .kind = kind})).value();
    }
    static int refusal(const tun_options& o) {
        const auto opened = tun_tap::open(o);
        return opened ? 0 : opened.error().code.value();
    }
};

TEST_F(TunTap, GoesWithItsHolderUnlessItIsToStay) {
    {
        auto device = open("keep0");
        EXPECT_TRUE(device.made());
        EXPECT_NE(interface_index("keep0"), 0U);
    }
    EXPECT_EQ(interface_index("keep0"), 0U);
    {
        auto device = open("keep0");
        ASSERT_TRUE(device.set_persistent(true));
    }
    ASSERT_NE(interface_index("keep0"), 0U);
    {
        auto device = open("keep0");
        EXPECT_FALSE(device.made());
        ASSERT_TRUE(device.set_persistent(false));
    }
    EXPECT_EQ(interface_index("keep0"), 0U);
}

TEST_F(TunTap, TheKernelChoosesANameWhereNoneIsGiven) {
    const auto tun = tun_tap::open({});
    const auto tap = tun_tap::open({.kind = tun_kind::tap});
    EXPECT_EQ(tun->name().substr(0, 3), "tun");
    EXPECT_EQ(tap->name().substr(0, 3), "tap");
    EXPECT_NE(interface_index(tun->name()), 0U);
}

TEST_F(TunTap, TheListHasEverything) {
    auto tun = open("list0");
    auto tap = open("list1", tun_kind::tap);
    ASSERT_TRUE(tap.set_owner(0));
    ASSERT_TRUE(tap.set_group(0));
    ASSERT_TRUE(change_link(interface_index("list1"), {.up = true, .mtu = 1300, .alias = "mine"}));
    const auto all = tun_devices().value();
    ASSERT_EQ(all.size(), 2U) << "lo is none of them";
    EXPECT_EQ(all[0].name, "list0");
    EXPECT_EQ(all[0].kind, tun_kind::tun);
    EXPECT_FALSE(all[0].owner || all[0].group || all[0].persistent || all[0].up);
    EXPECT_EQ(all[1].name, "list1");
    EXPECT_EQ(all[1].kind, tun_kind::tap);
    EXPECT_EQ(all[1].owner, 0U);
    EXPECT_EQ(all[1].group, 0U);
    EXPECT_TRUE(all[1].up && all[1].in_use);
    EXPECT_EQ(all[1].mtu, 1300U);
    EXPECT_EQ(all[1].alias, "mine");
    EXPECT_FALSE(find_tun_device("lo").value());
}

TEST_F(TunTap, AttachedTwiceItIsBusy) {
    const auto first = open("busy0");
    const auto second = tun_tap::open({.name = "busy0"});
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code.value(), EBUSY);
    EXPECT_EQ(second.error().what, "busy0 is busy: another program is attached to it");
    EXPECT_FALSE(second.error().remedy.empty());
}

TEST_F(TunTap, OfTheOtherKindOrNoneAtAll) {
    const auto tun = open("kind0");
    const auto tap = tun_tap::open({.name = "kind0", .kind = tun_kind::tap});
    ASSERT_FALSE(tap);
    EXPECT_EQ(tap.error().what, "kind0 is a TUN device, and a TAP device is wanted");
    const auto loopback = tun_tap::open({.name = "lo"});
    ASSERT_FALSE(loopback);
    EXPECT_EQ(loopback.error().what, "lo exists already, and is no TUN or TAP device");
    EXPECT_EQ(loopback.error().code.value(), EINVAL);
    EXPECT_EQ(refusal({.name = "lo", .must_be_new = true}), EEXIST);
}

TEST_F(TunTap, WhatMustBeNew) {
    auto device = open("new0");
    ASSERT_TRUE(device.set_persistent(true));
    const auto again = tun_tap::open({.name = "new0", .must_be_new = true});
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().what, "new0 exists already");
    EXPECT_NE(again.error().remedy.find("sonde tap delete new0"), std::string::npos);
    EXPECT_EQ(refusal({.name = "new1", .must_be_new = true}), 0);
}

TEST_F(TunTap, WithoutThePrivilege) {
    {
        auto device = open("priv0");
        ASSERT_TRUE(device.set_owner(0));
        ASSERT_TRUE(device.set_persistent(true));
    }
    const int code = lab::in_child([] {
        if (!drop_all_capabilities()) return 1;
        if (!tun_tap::open({.name = "priv0"})) return 2;  // one's own
        const auto none = tun_tap::open({.name = "priv1"});
        if (none || none.error().code.value() != EPERM) return 3;
        if (none.error().what.find("needs CAP_NET_ADMIN") == std::string::npos) return 4;
        return none.error().remedy.find("sonde tap create priv1 --user 0 --tun") == std::string::npos ? 5 : 0;
    });
    EXPECT_EQ(code, 0);
}

TEST_F(TunTap, PacketsPassWholeBothWays) {
    auto device = open("pass0");
    const std::uint32_t index = interface_index("pass0");
    std::array<std::byte, 2048> room{};
    room[0] = std::byte{0x45};
    EXPECT_EQ(device.write(bytes_view{room}.first(28)).error_number, EIO) << "it is down";
    room[0] = {};
    ASSERT_TRUE(change_link(index, {.up = true, .link_local = false}));
    ASSERT_TRUE(add_address(index, link_address_setting::parse("192.0.2.1/24").value()));
    EXPECT_EQ(device.read(room).error_number, EAGAIN);
    EXPECT_EQ(device.write(bytes_view{room}.first(28)).error_number, EINVAL) << "neither version 4 nor 6";

    // An echo request from the link to this machine, which the kernel answers.
    std::array<std::byte, 28> request{};
    store_be<std::uint32_t>(request, 0, 0x4500'001c);
    store_be<std::uint16_t>(request, 8, 0x4001);
    store_be<std::uint32_t>(request, 12, 0xc000'0207);
    store_be<std::uint32_t>(request, 16, 0xc000'0201);
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < 20; i += 2) sum += load_be<std::uint16_t>(request, i);
    store_be<std::uint16_t>(request, 10, static_cast<std::uint16_t>(~((sum & 0xffffU) + (sum >> 16U))));
    store_be<std::uint32_t>(request, 20, 0x0800'f7ff);
    EXPECT_EQ(device.write(request).size, request.size());
    ASSERT_TRUE(lab::wait_readable(device.fd()));
    const auto reply = device.read(room);
    ASSERT_TRUE(reply.done());
    EXPECT_EQ(reply.size, request.size());
    EXPECT_EQ(load_be<std::uint32_t>(room, 12), 0xc000'0201U);
    EXPECT_EQ(load_be<std::uint32_t>(room, 16), 0xc000'0207U);
    EXPECT_EQ(room[20], std::byte{0});
}

}  // namespace
}  // namespace sonde::socket
