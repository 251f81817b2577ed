#include <gtest/gtest.h>

#include <sonde/stats/condition.hpp>

namespace sonde::stats {
namespace {

using namespace std::chrono_literals;

tally measured() {
    tally t;
    for (int i = 0; i < 10; ++i) t.on_sent();
    for (int i = 1; i <= 9; ++i) t.on_reply(i * 10ms);
    t.on_error();
    t.on_duplicate();
    return t;
}

bool holds(std::string_view text, const tally& t) {
    return fail_condition::parse(text).value().violated(t);
}

TEST(fail_condition, compares) {
    const tally t = measured();
    EXPECT_TRUE(holds("loss>1%", t));
    EXPECT_TRUE(holds("loss>=10", t));
    EXPECT_FALSE(holds("loss > 10 %", t));
    EXPECT_TRUE(holds("loss<=10%", t));
    EXPECT_TRUE(holds("loss==10", t));
    EXPECT_FALSE(holds("loss!=10", t));
    EXPECT_FALSE(holds("loss<10", t));
    EXPECT_TRUE(holds(" p95 > 50ms ", t));
    EXPECT_TRUE(holds("max==90", t));
    EXPECT_TRUE(holds("median==50ms", t));
    EXPECT_TRUE(holds("p50<=0.05s", t));
    EXPECT_TRUE(holds("min<10.5", t));
    EXPECT_TRUE(holds("avg==50000us", t));
    EXPECT_TRUE(holds("mean==50", t));
    EXPECT_TRUE(holds("p90==90", t));
    EXPECT_TRUE(holds("p99>=90", t));
    EXPECT_TRUE(holds("stddev>25ms", t));
    EXPECT_TRUE(holds("mdev<26ms", t));
    EXPECT_TRUE(holds("jitter==10ms", t));
    EXPECT_TRUE(holds("lost>0", t));
    EXPECT_TRUE(holds("errors==1", t));
    EXPECT_TRUE(holds("duplicates!=0", t));
    EXPECT_FALSE(holds("late>0", t));
    EXPECT_FALSE(holds("corrupt>0", t));
}

TEST(fail_condition, the_dead_keep_to_no_bound) {
    tally dead;
    dead.on_sent();
    dead.on_timeout();
    EXPECT_TRUE(holds("p95>50ms", dead));
    EXPECT_TRUE(holds("p95>=50ms", dead));
    EXPECT_FALSE(holds("p95<50ms", dead));
    EXPECT_FALSE(holds("p95!=50ms", dead));
    EXPECT_TRUE(holds("loss>99", dead));
    EXPECT_TRUE(holds("loss>1", tally{}));
}

TEST(fail_condition, failed_sends_are_loss_and_errors) {
    tally t;
    t.on_send_failed();
    EXPECT_TRUE(holds("loss>1%", t));
    EXPECT_TRUE(holds("lost>0", t));
    EXPECT_TRUE(holds("errors>0", t));
}

TEST(fail_condition, keeps_its_text) {
    EXPECT_EQ(fail_condition::parse("  loss > 1% ").value().text(), "loss > 1%");
}

std::string error_of(std::string_view text) {
    const auto parsed = fail_condition::parse(text);
    return parsed ? "parsed" : parsed.error().what;
}

TEST(fail_condition, says_what_is_wrong) {
    EXPECT_EQ(error_of("los>1"),
              "'los>1' is not a condition: no metric is called 'los' (write METRIC OPERATOR VALUE, such as loss>1% or "
              "p95>50ms; METRIC is one of loss min mean avg p50 median p90 p95 p99 max stddev mdev jitter lost errors "
              "duplicates late corrupt)");
    EXPECT_EQ(error_of("").substr(0, 36), "'' is not a condition: no metric (wr");
    EXPECT_EQ(error_of("loss"), "'loss' is not a condition: after 'loss' comes one of > >= < <= == !=");
    EXPECT_EQ(error_of("loss=1"), "'loss=1' is not a condition: after 'loss' comes one of > >= < <= == !=");
    EXPECT_EQ(error_of("loss>"), "'loss>' is not a condition: no value after '>'");
    EXPECT_EQ(error_of("loss>1x"), "'loss>1x' is not a condition: loss is a percentage from 0 to 100");
    EXPECT_EQ(error_of("loss>101"), "'loss>101' is not a condition: loss is a percentage from 0 to 100");
    EXPECT_EQ(error_of("loss>nan"), "'loss>nan' is not a condition: loss is a percentage from 0 to 100");
    EXPECT_EQ(error_of("loss>-1"), "'loss>-1' is not a condition: loss is a percentage from 0 to 100");
    EXPECT_EQ(error_of("lost>1.5"), "'lost>1.5' is not a condition: '1.5' is not a whole number");
    EXPECT_EQ(error_of("lost>-1"), "'lost>-1' is not a condition: '-1' is not a whole number");
    EXPECT_NE(error_of("p95>50%").find("unit"), std::string::npos);
    EXPECT_NE(error_of("p95>-5ms").find("negative"), std::string::npos);
}

}  // namespace
}  // namespace sonde::stats
