// The lanes behind a router of our own, which takes probes off the wire and answers as it likes.
#include <atomic>
#include <chrono>
#include <thread>

#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include <sonde/async/ordinary_user_test.hpp>
#include <sonde/async/tracer.hpp>
#include <sonde/socket/router_rig_test.hpp>

namespace sonde {
namespace {

using namespace std::chrono_literals;
using probe::trace_method;
namespace lab = socket::lab;

/// Answers every probe with time exceeded, until it goes.
class answering {
public:
    answering(lab::router& wire, lab::router::error with) : wire_(wire), with_(std::move(with)) {}
    ~answering() {
        over_ = true;
        thread_.join();
    }
    answering(const answering&) = delete;
    answering& operator=(const answering&) = delete;

private:
    void run() {
        while (!over_) {
            const auto probe = wire_.take(20);
            EXPECT_TRUE(probe.empty() || wire_.quote(probe, with_));
        }
    }
    lab::router& wire_;
    lab::router::error with_;
    std::atomic<bool> over_ = false;
    std::thread thread_{[this] { run(); }};
};

trace_result trace_once(const probe::trace_options& options) {
    boost::asio::io_context io;
    tracer own(io.get_executor(), {.rate = 0});
    auto got = own.async_trace(options, boost::asio::use_future);
    io.run();
    EXPECT_TRUE(own.accounting().adds_up());
    return got.get();
}

struct way {
    lab::router_case net;
    trace_method method;
    bool privileged;
};

struct behind : testing::TestWithParam<way> {
    lab::router wire{GetParam().net};
    void SetUp() override { ASSERT_TRUE(wire.made()); }

    [[nodiscard]] lab::router::error expiry() const {
        return {.type = GetParam().net.time_exceeded, .extension = lab::mpls_extension()};
    }
    [[nodiscard]] probe::trace_options options() const {
        return {.destination = GetParam().net.target,
                .method = GetParam().method,
                .max_hops = 3,
                .wait = 5s,
                .here = 1e6,
                .near = 1e6};
    }
    void expect_labels(const lab::router::error& e) {
        const answering router(wire, e);
        const auto check = [this] {
            const trace_result result = trace_once(options());
            EXPECT_FALSE(result.reached());
            ASSERT_EQ(result.hops.size(), 3U);
            for (const auto& hop : result.hops) {
                for (const auto& p : hop.probes) {
                    ASSERT_EQ(p.fate, probe::probe_fate::answered);
                    EXPECT_EQ(p.answer.from, GetParam().net.router);
                    EXPECT_EQ(p.answer.hop_limit, 61);
                    ASSERT_TRUE(p.answer.extensions);
                    ASSERT_EQ(p.answer.extensions->mpls.size(), 1U);
                    EXPECT_EQ(p.answer.extensions->mpls[0].label, 16000U);
                    EXPECT_FALSE(p.answer.extensions->bad);
                    // Who sees whole quotes sees the TTL in them.
                    EXPECT_EQ(p.answer.quoted_ttl.has_value(), GetParam().privileged);
                    if (p.answer.quoted_ttl) {
                        EXPECT_EQ(*p.answer.quoted_ttl, hop.ttl);
                    }
                }
            }
        };
        if (GetParam().privileged) {
            check();
        } else {
            async::as_ordinary_user(check);
        }
    }
};

TEST_P(behind, label_stacks_come_through) {
    expect_labels(expiry());
}

TEST_P(behind, label_stacks_of_old_routers_come_through) {
    auto old = expiry();
    old.says_length = false;
    expect_labels(old);
}

std::vector<way> every_way() {
    std::vector<way> all;
    for (const auto& net : {lab::over_v4, lab::over_v6}) {
        for (const auto method : {trace_method::udp, trace_method::icmp, trace_method::tcp}) {
            for (const bool privileged : {true, false}) all.push_back({net, method, privileged});
        }
    }
    return all;
}
INSTANTIATE_TEST_SUITE_P(ways, behind, testing::ValuesIn(every_way()), [](const auto& p) {
    return std::string(to_string(p.param.method)) + "_" + p.param.net.name + (p.param.privileged ? "" : "_ordinary");
});

struct silence : testing::Test {
    lab::router wire{lab::over_v4};
    void SetUp() override { ASSERT_TRUE(wire.made()); }
};

TEST_F(silence, one_probe_is_one_syn) {
    async::as_ordinary_user([this] {
        const trace_result result = trace_once({.destination = lab::over_v4.target,
                                                .method = trace_method::tcp,
                                                .max_hops = 1,
                                                .queries = 2,
                                                .retries = 0,
                                                .wait = 1300ms,
                                                .tail = 1300ms});
        ASSERT_EQ(result.hops.size(), 1U);
        std::size_t syns = 0;
        while (!wire.take(10).empty()) ++syns;
        EXPECT_EQ(syns, result.hops[0].probes.size()) << "the kernel would have sent them again after a second";
    });
}

}  // namespace
}  // namespace sonde
