#include <gtest/gtest.h>

#include <sonde/sim/scenario_fields.hpp>

namespace sonde::sim {
namespace {

/// What `read` complains about in a table.
template <class Read>
std::string complaint(const char* text, Read read) {
    const auto table = parse_toml(text, "a.toml");
    EXPECT_TRUE(table) << text;
    file_complaint said("a.toml");
    scenario_fields fields(said, *table, "a thing");
    read(fields);
    fields.finish();
    return said.given() ? said.take().what : "";
}

TEST(ScenarioFields, WhatIsThereIsReadAndTheRestStays) {
    duration delay{5};
    duration other{7};
    double loss = 0;
    double bandwidth = 0;
    std::uint16_t port = 0;
    std::optional<std::uint8_t> tos;
    EXPECT_EQ(complaint("delay = '1.5ms'\nloss = '2%'\nbandwidth = '2.5Mbit'\nport = 80\ntos = 3",
                        [&](scenario_fields& f) {
                            f.read("delay", delay);
                            f.read("other", other);
                            f.read_share("loss", loss);
                            f.read_bandwidth("bandwidth", bandwidth);
                            f.read("port", port, 1);
                            f.read("tos", tos);
                        }),
              "");
    EXPECT_EQ(delay, std::chrono::microseconds{1500});
    EXPECT_EQ(other, duration{7});
    EXPECT_DOUBLE_EQ(loss, 0.02);
    EXPECT_DOUBLE_EQ(bandwidth, 2.5e6);
    EXPECT_EQ(port, 80);
    EXPECT_EQ(tos, 3);
}

TEST(ScenarioFields, DurationsHaveAUnitAndAnEnd) {
    const auto read = [](scenario_fields& f) {
        duration d{};
        f.read("d", d);
    };
    for (const char* right : {"d = '0'", "d = '10ms'", "d = '1h'", "d = '0s'"})
        EXPECT_EQ(complaint(right, read), "") << right;
    for (const char* wrong : {"d = 10", "d = '10'", "d = '-1ms'", "d = '2h'", "d = 'ms'", "d = ''", "d = '1 ms'",
                              "d = true", "d = '10\\u001b'", "d = '1e3s'", "d = 'nan'"}) {
        const auto what = complaint(wrong, read);
        EXPECT_TRUE(what.starts_with("a.toml:1: 'd' of a thing is ")) << what;
        EXPECT_NE(what.find("; expected a duration such as \"10ms\""), std::string::npos) << what;
    }
}

TEST(ScenarioFields, SharesAreFromNoneToAll) {
    EXPECT_EQ(parse_share("0%"), 0.0);
    EXPECT_EQ(parse_share("100%"), 1.0);
    EXPECT_EQ(parse_share("0.25"), 0.25);
    for (const char* wrong : {"", "%", "101%", "-1%", "1.5", "nan", "2 %", "5%%"})
        EXPECT_FALSE(parse_share(wrong)) << wrong;
    double share = 0;
    for (const char* wrong : {"d = 1.5", "d = -1", "d = nan", "d = inf", "d = '200%'", "d = []"}) {
        EXPECT_NE(complaint(wrong, [&](scenario_fields& f) { f.read_share("d", share); }), "") << wrong;
    }
}

TEST(ScenarioFields, Bandwidths) {
    EXPECT_EQ(parse_bandwidth("64kbit"), 64e3);
    EXPECT_EQ(parse_bandwidth("10Gbit/s"), 10e9);
    EXPECT_EQ(parse_bandwidth("8000"), 8000.0);
    for (const char* wrong : {"", "fast", "10MB", "10 Mbit", "-1kbit"}) EXPECT_FALSE(parse_bandwidth(wrong)) << wrong;
    double bits = 0;
    for (const char* wrong : {"d = 1", "d = '1bit'", "d = '99999Tbit'", "d = -5"}) {
        EXPECT_NE(complaint(wrong, [&](scenario_fields& f) { f.read_bandwidth("d", bits); }), "") << wrong;
    }
}

TEST(ScenarioFields, AddressesOfInterfaces) {
    EXPECT_EQ(parse_interface_address("10.0.0.1")->length, 32);
    EXPECT_EQ(parse_interface_address("2001:db8::1")->length, 128);
    EXPECT_EQ(parse_interface_address("2001:db8::1/64")->length, 64);
    EXPECT_EQ(parse_interface_address("10.0.0.1/31")->address.to_string(), "10.0.0.1");
    for (const char* wrong : {"", "10.0.0", "10.0.0.1/33", "10.0.0.1/", "10.0.0.1/x", "::", "0.0.0.0", "224.0.0.1",
                              "ff02::1", "127.0.0.1", "::1", "255.255.255.255", "fe80::1", "fe80::1%1", "10.0.0.0/24",
                              "10.0.0.255/24", "10.0.0.1/24/3", "2001:db8::1/129"}) {
        EXPECT_FALSE(parse_interface_address(wrong)) << wrong;
    }
}

TEST(ScenarioFields, Destinations) {
    EXPECT_EQ(parse_destination("default")->size(), 2U);
    EXPECT_EQ(parse_destination("10.1.2.3")->front().length(), 32U);
    EXPECT_EQ(parse_destination("2001:db8::/32")->front().length(), 32U);
    for (const char* wrong : {"", "everything", "10.0.0.0/99", "fe80::1%1", "fe80::%1/64"}) {
        EXPECT_FALSE(parse_destination(wrong)) << wrong;
    }
}

TEST(ScenarioFields, KeysThatNobodyTook) {
    const auto read = [](scenario_fields& f) {
        duration d{};
        f.require("name", "expected a name in quotes");
        f.read("delay", d);
    };
    EXPECT_EQ(complaint("name = 'x'\ndelya = '1ms'", read),
              "a.toml:2: unknown key 'delya' in a thing; did you mean 'delay'?");
    EXPECT_EQ(complaint("nmae = 'x'", read), "a.toml:1: unknown key 'nmae' in a thing; did you mean 'name'?");
    EXPECT_EQ(complaint("name = 'x'\n\"\\u001b[2J\" = 1", read),
              "a.toml:2: unknown key '\\x1b[2J' in a thing; expected one of delay, name");
    EXPECT_EQ(complaint("delay = '1ms'", read), "a.toml:1: a thing without 'name'; expected a name in quotes");
}

TEST(ScenarioFields, TheFirstComplaintCounts) {
    file_complaint said("a\nb.toml");
    EXPECT_FALSE(said.given());
    said.error(3, "this", "expected that");
    said.error(1, "something else");
    EXPECT_EQ(said.take().what, "a\\x0ab.toml:3: this; expected that");
}

TEST(ScenarioFields, WhatIsNoTableIsEmpty) {
    const auto document = parse_toml("a = 1", "a.toml");
    file_complaint said("a.toml");
    scenario_fields fields(said, document->as<toml_table>()->front().value, "a node");
    EXPECT_FALSE(fields.has("a"));
    EXPECT_EQ(said.take().what, "a.toml:1: a node is a whole number; expected a table");
}

}  // namespace
}  // namespace sonde::sim
