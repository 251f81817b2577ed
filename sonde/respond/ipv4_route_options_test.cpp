#include <sonde/respond/echo_rig_test.hpp>
#include <sonde/respond/ipv4_route_options.hpp>

namespace sonde::respond {
namespace {

using namespace test;

constexpr std::uint32_t noon = 12 * 3600 * 1000;

bool recorded(bytes& options) {
    return record_host(options, far_v4.bytes(), noon);
}

TEST(RecordHost, RecordRoute) {
    bytes o = raw({7, 11, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0});
    ASSERT_TRUE(recorded(o));
    EXPECT_EQ(o, raw({7, 11, 8, 192, 0, 2, 2, 0, 0, 0, 0, 0}));
    ASSERT_TRUE(recorded(o));
    EXPECT_EQ(o, raw({7, 11, 12, 192, 0, 2, 2, 192, 0, 2, 2, 0}));
    const bytes full = o;
    ASSERT_TRUE(recorded(o));
    EXPECT_EQ(o, full);
}

TEST(RecordHost, RecordRouteInError) {
    for (bytes o : {raw({7, 6, 4, 0, 0, 0, 0, 0}), raw({7, 7, 3, 0, 0, 0, 0, 0}), raw({7, 7, 0, 0, 0, 0, 0, 0}),
                    raw({7, 7, 5, 0, 0, 0, 0, 0}), raw({7, 2, 0, 0})}) {
        EXPECT_FALSE(recorded(o));
    }
}

TEST(RecordHost, Timestamps) {
    bytes o = raw({68, 12, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0});
    ASSERT_TRUE(recorded(o));
    EXPECT_EQ(o, raw({68, 12, 9, 0, 0x02, 0x93, 0x2e, 0x00, 0, 0, 0, 0}));
    o = raw({68, 12, 5, 1, 0, 0, 0, 0, 0, 0, 0, 0});
    ASSERT_TRUE(recorded(o));
    EXPECT_EQ(o, raw({68, 12, 13, 1, 192, 0, 2, 2, 0x02, 0x93, 0x2e, 0x00}));
    ASSERT_TRUE(recorded(o));
    EXPECT_EQ(o, raw({68, 12, 13, 0x11, 192, 0, 2, 2, 0x02, 0x93, 0x2e, 0x00})) << "one found no room";
    o = raw({68, 12, 5, 3, 192, 0, 2, 2, 0, 0, 0, 0});
    ASSERT_TRUE(recorded(o));
    EXPECT_EQ(o, raw({68, 12, 13, 3, 192, 0, 2, 2, 0x02, 0x93, 0x2e, 0x00}));
    o = raw({68, 12, 5, 3, 192, 0, 2, 9, 0, 0, 0, 0});
    const bytes somebody_elses = o;
    ASSERT_TRUE(recorded(o));
    EXPECT_EQ(o, somebody_elses);
}

TEST(RecordHost, TimestampsInError) {
    for (bytes o : {raw({68, 12, 13, 0xf0, 0, 0, 0, 0, 0, 0, 0, 0}), raw({68, 8, 5, 1, 0, 0, 0, 0}),
                    raw({68, 8, 4, 0, 0, 0, 0, 0}), raw({68, 8, 5, 2, 0, 0, 0, 0}), raw({68, 3, 5, 0})}) {
        EXPECT_FALSE(recorded(o));
    }
}

TEST(RecordHost, OthersStay) {
    bytes o = raw({1, 148, 4, 0, 0, 0, 7, 0});  // no operation, router alert, end
    const bytes before = o;
    ASSERT_TRUE(recorded(o));
    EXPECT_EQ(o, before);
    EXPECT_TRUE(record_host({}, far_v4.bytes(), noon));
}

TEST(RecordHost, InAReply) {
    rig r;
    echo e{.options = raw({7, 7, 4, 0, 0, 0, 0, 0})};
    ASSERT_EQ(r.hear(frame(e)), disposition::answered);
    e.options = raw({7, 7, 8, 192, 0, 2, 2, 0});
    EXPECT_EQ(r.reply, expected_reply(e));

    e.options = raw({68, 8, 5, 0, 0, 0, 0, 0});
    const wall_time noon_of_some_day{std::chrono::hours{24 * 20000 + 12}};
    ASSERT_EQ(r.hear(frame(e), {.at = noon_of_some_day}), disposition::answered);
    e.options = raw({68, 8, 9, 0, 0x02, 0x93, 0x2e, 0x00});
    EXPECT_EQ(r.reply, expected_reply(e, 2));
    e.options = raw({68, 8, 5, 0, 0, 0, 0, 0});
    ASSERT_EQ(r.hear(frame(e)), disposition::answered);
    e.options = raw({68, 8, 9, 0, 0x80, 0x36, 0xee, 0x80});  // the rig's clock says one hour, which is no UTC
    EXPECT_EQ(r.reply, expected_reply(e, 3));
}

}  // namespace
}  // namespace sonde::respond
