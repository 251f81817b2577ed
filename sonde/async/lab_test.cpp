#include <chrono>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <sonde/async/lab.hpp>

namespace sonde {
namespace {

using namespace std::chrono_literals;

ip_address address(std::string_view text) {
    return ip_address::parse(text).value();
}

// me -- router -- far, both families, 10 ms each way.
sim::scenario three_nodes() {
    sim::scenario s;
    s.name = "three nodes";
    s.nodes.resize(3);
    s.nodes[0].name = "me";
    s.nodes[0].kind = sim::node_kind::outside;
    s.nodes[1].name = "router";
    s.nodes[2].name = "far";
    s.nodes[2].kind = sim::node_kind::host;
    const auto end = [](sim::node_index n, const char* v4, const char* v6) {
        return sim::link_end{n, {{address(v4), 24}, {address(v6), 64}}};
    };
    sim::link first{.name = "me-router",
                    .ends = {end(0, "192.0.2.1", "2001:db8:1::1"), end(1, "192.0.2.2", "2001:db8:1::2")}};
    sim::link second{.name = "router-far",
                     .ends = {end(1, "198.51.100.1", "2001:db8:2::1"), end(2, "198.51.100.2", "2001:db8:2::2")}};
    first.behaviour.delay = second.behaviour.delay = 5ms;
    s.links = {first, second};
    return s;
}

struct fixture {
    boost::asio::io_context io;
    lab under_test = lab::open(io.get_executor(), three_nodes()).value();
    std::vector<probe::event> events;
    std::optional<listener> asker;

    explicit fixture(listener_options o = {}) {
        o.observer = [this](const probe::event& e) {
            probe::event copy;
            copy.kind = e.kind;
            copy.rtt = e.rtt;
            copy.from = e.from;
            copy.hop_limit = e.hop_limit;
            copy.icmp_type = e.icmp_type;
            copy.at = e.at;
            events.push_back(std::move(copy));
        };
        asker.emplace(under_test.listener(std::move(o)));
    }
};

TEST(lab, a_ping_takes_the_scenarios_time_to_the_nanosecond) {
    for (const char* target : {"198.51.100.2", "2001:db8:2::2"}) {
        fixture f;
        std::optional<ping_result> result;
        f.asker->pinger(address(target)).async_ping({}, [&](ping_result r) { result = std::move(r); });
        f.io.run();
        ASSERT_TRUE(result && result->reply()) << target;
        EXPECT_EQ(result->reply()->rtt, 20ms);
        EXPECT_EQ(result->reply()->from, address(target));
        EXPECT_EQ(result->reply()->hop_limit, 254);
        EXPECT_TRUE(f.under_test.network().counts().adds_up());
    }
}

TEST(lab, a_day_of_pings_passes_at_once) {
    fixture f;
    const auto began = std::chrono::steady_clock::now();
    const time_point virtual_start = f.under_test.time()->now();
    f.asker->add_target({.destination = address("198.51.100.2"), .timeout = 1s, .interval = 60s, .count = 24 * 60});
    f.io.run();
    EXPECT_EQ(f.asker->accounting().replied, 24U * 60U);
    EXPECT_GE(f.under_test.time()->now() - virtual_start, 23h);
    EXPECT_LT(std::chrono::steady_clock::now() - began, 10min);
}

TEST(lab, silence_times_out_and_errors_come_from_the_router) {
    fixture f;
    std::optional<ping_result> nobody;
    std::optional<ping_result> expired;
    f.asker->pinger(address("198.51.100.9")).async_ping({.timeout = 700ms}, [&](ping_result r) { nobody = r; });
    f.asker->pinger(address("198.51.100.2")).async_ping({.hop_limit = 1}, [&](ping_result r) { expired = r; });
    f.io.run();
    ASSERT_TRUE(expired);
    const auto* error = std::get_if<icmp_error>(&expired->outcome);
    ASSERT_NE(error, nullptr);
    EXPECT_EQ(error->name, "time_exceeded_in_transit");
    EXPECT_EQ(error->from, address("192.0.2.2"));
    EXPECT_EQ(error->rtt, 10ms);
    ASSERT_TRUE(nobody);
    EXPECT_EQ(nobody->reply(), nullptr);
}

TEST(lab, the_same_run_gives_the_same_events) {
    const auto run = [] {
        fixture f;
        f.asker->add_target({.destination = address("198.51.100.2"), .interval = 10ms, .count = 50});
        f.asker->add_target({.destination = address("2001:db8:2::2"), .interval = 7ms, .count = 50});
        f.io.run();
        std::vector<std::pair<ip_address, duration>> told;
        for (const auto& e : f.events) told.emplace_back(e.from, e.rtt);
        return told;
    };
    const auto first = run();
    EXPECT_EQ(first.size(), 100U);
    EXPECT_EQ(first, run());
}

TEST(lab, a_batch_is_carried_too) {
    fixture f;
    std::size_t answered = 0;
    bool done = false;
    const std::vector<ip_address> targets{address("198.51.100.2"), address("198.51.100.1"), address("198.51.100.77")};
    f.asker->async_batch(
        targets, {.ping = {.timeout = 100ms}}, [&](const ping_result& r) { answered += r.reply() ? 1U : 0U; },
        [&] { done = true; });
    f.io.run();
    EXPECT_TRUE(done);
    EXPECT_EQ(answered, 2U);
}

TEST(lab, its_end_and_the_listeners_do_not_depend_on_each_other) {
    fixture f;
    std::optional<ping_result> result;
    {
        lab gone = lab::open(f.io.get_executor(), three_nodes()).value();
        listener outlives = gone.listener();
        f.asker.emplace(std::move(outlives));
    }
    f.asker->pinger(address("198.51.100.2")).async_ping({}, [&](ping_result r) { result = std::move(r); });
    f.io.poll_one();
    f.asker.reset();
    f.io.run();
    ASSERT_TRUE(result);
    EXPECT_TRUE(std::holds_alternative<closed>(result->outcome));
}

// What waits for a time that never comes must not keep itself alive (the leak sanitizer looks).
TEST(lab, nothing_is_left_of_what_was_stopped_half_way) {
    std::weak_ptr<async::timekeeper> time;
    {
        fixture f;
        auto tracer = f.under_test.tracer();
        auto trace = tracer.trace({.destination = address("198.51.100.99")});
        f.asker->add_target({.destination = address("198.51.100.99"), .interval = 1s});
        for (int i = 0; i < 20; ++i) f.io.poll_one();
        time = f.under_test.time();
    }
    EXPECT_TRUE(time.expired());
}

TEST(lab, names_and_addresses_are_the_nodes) {
    fixture f;
    EXPECT_EQ(f.under_test.address(family::v6).value(), address("2001:db8:1::1"));
    EXPECT_EQ(f.under_test.find("far", {}), address("198.51.100.2"));
    EXPECT_EQ(f.under_test.find("far", family::v6), address("2001:db8:2::2"));
    EXPECT_EQ(f.under_test.find("nowhere", {}), std::nullopt);
    EXPECT_EQ(f.under_test.name_of(address("2001:db8:2::1")), "router");
    EXPECT_EQ(f.under_test.name_of(address("192.0.2.99")), "");
}

TEST(lab, a_scenario_without_a_vantage_is_refused) {
    boost::asio::io_context io;
    sim::scenario s = three_nodes();
    s.nodes[0].kind = sim::node_kind::router;
    EXPECT_FALSE(lab::open(io.get_executor(), std::move(s)));
}

}  // namespace
}  // namespace sonde
