#include <cerrno>

#include <gtest/gtest.h>

#include <sonde/async/ping_result.hpp>

namespace sonde {
namespace {

using namespace std::chrono_literals;
using probe::event_kind;

probe::event event_of(event_kind kind) {
    probe::event e;
    e.kind = kind;
    e.target = ip_address::v4(0xc0000201);
    e.from = ip_address::v4(0xc0000202);
    e.sequence = 7;
    e.rtt = 5ms;
    return e;
}

TEST(ping_result, a_reply_carries_what_came_with_it) {
    auto e = event_of(event_kind::reply);
    e.has_hop_limit = true;
    e.hop_limit = 61;
    e.clock = clock_source::kernel;
    e.size = 64;
    e.truncated = true;
    e.corrupt = std::make_unique<probe::corruption>(probe::corruption{16, 0x10, 0, {}});
    const auto result = ping_result::from(std::move(e));
    ASSERT_TRUE(result);
    EXPECT_EQ(result.sequence, 7);
    EXPECT_EQ(result.reply()->rtt, 5ms);
    EXPECT_EQ(result.reply()->hop_limit, 61);
    EXPECT_EQ(result.reply()->clock, clock_source::kernel);
    EXPECT_TRUE(result.reply()->truncated);
    EXPECT_EQ(result.reply()->corrupt->offset, 16U);
    EXPECT_FALSE(ping_result::from(event_of(event_kind::reply)).reply()->hop_limit.has_value());
}

TEST(ping_result, every_other_outcome_has_its_type) {
    auto error = event_of(event_kind::icmp_error);
    error.icmp_type = 3;
    error.icmp_code = 1;
    const auto result = ping_result::from(std::move(error));
    EXPECT_FALSE(result);
    EXPECT_EQ(std::get<icmp_error>(result.outcome).name, "host_unreachable");
    EXPECT_EQ(std::get<icmp_error>(result.outcome).from, ip_address::v4(0xc0000202));

    auto failed = event_of(event_kind::send_failed);
    failed.error_number = ENETUNREACH;
    EXPECT_EQ(std::get<send_failed>(ping_result::from(std::move(failed)).outcome).why, std::errc::network_unreachable);
    auto timeout = event_of(event_kind::timed_out);
    timeout.uncertain = true;
    EXPECT_TRUE(std::get<timed_out>(ping_result::from(std::move(timeout)).outcome).uncertain);
    EXPECT_TRUE(std::holds_alternative<local_drop>(ping_result::from(event_of(event_kind::local_drop)).outcome));
    EXPECT_TRUE(std::holds_alternative<cancelled>(ping_result::from(event_of(event_kind::cancelled)).outcome));
    EXPECT_TRUE(std::holds_alternative<closed>(ping_result::from(event_of(event_kind::closed)).outcome));
}

TEST(ping_options, become_a_profile_whole) {
    const auto profile = ping_options{.payload_size = 9,
                                      .pattern = {.bytes = {std::byte{1}}, .size = 1},
                                      .hop_limit = 3,
                                      .traffic_class = 4,
                                      .source = ip_address::v4(5),
                                      .interface = 6,
                                      .mtu = path_mtu::require,
                                      .broadcast = true,
                                      .linger = 7ms}
                             .profile();
    EXPECT_EQ(profile.payload_size, 9);
    EXPECT_EQ(profile.pattern.size, 1);
    EXPECT_EQ(profile.hop_limit, 3);
    EXPECT_EQ(profile.traffic_class, 4);
    EXPECT_EQ(profile.source, ip_address::v4(5));
    EXPECT_EQ(profile.interface, 6U);
    EXPECT_EQ(profile.mtu, path_mtu::require);
    EXPECT_TRUE(profile.broadcast);
    EXPECT_EQ(profile.linger, 7ms);
}

}  // namespace
}  // namespace sonde
