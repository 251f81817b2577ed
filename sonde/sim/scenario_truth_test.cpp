// Every scenario of the tree states what a trace of it must find. This holds the simulator to it: its own account of
// the paths, and what really answers when packets are sent.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include <gtest/gtest.h>

#include <sonde/sim/scenario_file.hpp>
#include <sonde/sim/sim_rig_test.hpp>
#include <sonde/sim/toml_document.hpp>

namespace sonde::sim {
namespace {

using hop_names = std::multiset<std::string>;

std::filesystem::path root() {
    return std::filesystem::path(__FILE__).parent_path().parent_path().parent_path();
}

std::vector<std::filesystem::path> scenario_files() {
    std::vector<std::filesystem::path> out;
    for (const char* folder : {"tests/scenarios", "examples/labs"}) {
        for (const auto& entry : std::filesystem::directory_iterator(root() / folder)) {
            if (entry.path().extension() == ".toml") out.push_back(entry.path());
        }
    }
    std::ranges::sort(out);
    return out;
}

std::string contents(const std::filesystem::path& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
}

const toml_value* member(const toml_value& table, std::string_view key) {
    for (const auto& m : *table.as<toml_table>()) {
        if (m.key == key) return &m.value;
    }
    return nullptr;
}

struct expectation {
    ip_address target;
    duration at{};
    std::vector<hop_names> hops;  ///< `*`: who is silent
    bool reached = false;
    std::set<std::string> silent_to;
    bool lossy = false;
    bool dropped = false;
    std::set<std::int64_t> bad_checksum;  ///< hops
};

std::string text(const toml_value* value) {
    return value == nullptr ? "" : *value->as<std::string>();
}

expectation read_expectation(const toml_value& table) {
    expectation e;
    e.target = ip_address::parse(text(member(table, "target"))).value();
    if (const auto* at = member(table, "at")) e.at = parse_duration(text(at), duration{0}).value();
    for (const auto& hop : *member(table, "hops")->as<toml_array>()) {
        auto& names = e.hops.emplace_back();
        for (const auto& name : *hop.as<toml_array>()) names.insert(text(&name));
    }
    e.reached = *member(table, "reached")->as<bool>();
    if (const auto* silent = member(table, "silent_to")) {
        for (const auto& method : *silent->as<toml_array>()) e.silent_to.insert(text(&method));
    }
    e.lossy = member(table, "lossy") != nullptr;
    e.dropped = member(table, "dropped") != nullptr;
    if (const auto* hops = member(table, "bad_checksum")) {
        for (const auto& hop : *hops->as<toml_array>()) e.bad_checksum.insert(*hop.as<std::int64_t>());
    }
    return e;
}

std::vector<expectation> read_expectations(const std::filesystem::path& file) {
    std::vector<expectation> out;
    const auto document = parse_toml(contents(file), file.filename().string());
    if (!document) return out;
    const auto* tables = member(*document, "expected");
    if (tables == nullptr) return out;
    for (const auto& table : *tables->as<toml_array>()) out.push_back(read_expectation(table));
    return out;
}

std::size_t expected_warnings(const std::filesystem::path& file) {
    const auto document = parse_toml(contents(file), file.filename().string());
    const auto* tables = member(*document, "expected");
    std::int64_t most = 0;
    if (tables == nullptr) return 0;
    for (const auto& table : *tables->as<toml_array>()) {
        if (const auto* count = member(table, "warnings")) most = std::max(most, *count->as<std::int64_t>());
    }
    return static_cast<std::size_t>(most);
}

std::string shown_path(const std::vector<hop_names>& hops) {
    std::string out;
    for (const auto& hop : hops) {
        out += "\n ";
        for (const auto& name : hop) out += " " + name;
    }
    return out;
}

class ScenarioTruth : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(ScenarioTruth, IsReadWithTheWarningsItAnnounces) {
    const auto read = read_scenario(contents(GetParam()), GetParam().filename().string());
    ASSERT_TRUE(read) << read.error().what;
    std::string said;
    for (const auto& warning : read->warnings) said += warning + "\n";
    EXPECT_EQ(read->warnings.size(), expected_warnings(GetParam())) << said;
    EXPECT_FALSE(read->scenario.name.empty());
    EXPECT_FALSE(read_expectations(GetParam()).empty()) << "a scenario that promises nothing proves nothing";
}

TEST_P(ScenarioTruth, TruePathsAreAsExpected) {
    const auto read = read_scenario(contents(GetParam()), GetParam().filename().string());
    ASSERT_TRUE(read) << read.error().what;
    const auto& s = read->scenario;
    for (const auto& e : read_expectations(GetParam())) {
        std::vector<hop_names> found;
        bool reached = false;
        for (const auto& hop : true_paths(s, *s.vantage(), e.target, e.at)) {
            auto& names = found.emplace_back();
            for (const auto& r : hop.responders) {
                const bool mute = r.silent || (r.is_target && e.silent_to.size() == 3);
                names.insert(mute ? "*" : r.address.to_string());
                reached = reached || (r.is_target && !mute);
            }
        }
        // Where a loop closes is a matter of taste: the expectation is what comes before.
        if (!e.reached && found.size() > e.hops.size()) found.resize(e.hops.size());
        EXPECT_EQ(found, e.hops) << e.target.to_string() << shown_path(found) << "\nexpected" << shown_path(e.hops);
        EXPECT_EQ(reached, e.reached) << e.target.to_string();
    }
}

std::optional<ip_address> own_address(const scenario& s, family f) {
    const auto me = *s.vantage();
    for (const auto& a : s.nodes[me].addresses) {
        if (a.address.family() == f) return a.address;
    }
    for (const auto& link : s.links) {
        for (const auto& end : link.ends) {
            if (end.node != me) continue;
            for (const auto& a : end.addresses) {
                if (a.address.family() == f) return a.address;
            }
        }
    }
    return std::nullopt;
}

/// Who answers echo requests with that TTL, each of them another flow, a second apart so that no rate limit holds.
hop_names who_answers(rig::running& net, const ip_address& from, const expectation& e, std::uint8_t ttl, int flows) {
    hop_names names;
    for (int flow = 0; flow < flows; ++flow) {
        net.wait_until(net.now.time_since_epoch() + std::chrono::seconds{1});
        net.send(rig::echo_request({.from = from, .to = e.target, .ttl = ttl}, 1, 16, static_cast<std::uint16_t>(flow)),
                 *net.net.scenario().vantage());
        for (const auto& a : net.run(net.now.time_since_epoch() + std::chrono::seconds{1})) {
            names.insert(a.source().to_string());
        }
    }
    return names;
}

TEST_P(ScenarioTruth, WhoAnswersIsWhoIsExpected) {
    const auto read = read_scenario(contents(GetParam()), GetParam().filename().string());
    ASSERT_TRUE(read) << read.error().what;
    for (const auto& e : read_expectations(GetParam())) {
        if (e.silent_to.contains("icmp")) continue;
        // Flows are a second apart, and things are to stay as they are at that time.
        auto s = read->scenario;
        std::erase_if(s.changes, [&](const change& c) { return c.at > e.at; });
        rig::running net(s);
        net.wait_until(e.at);
        const auto from = own_address(s, e.target.family());
        ASSERT_TRUE(from);
        for (std::size_t i = 0; i < e.hops.size(); ++i) {
            const auto found = who_answers(net, *from, e, static_cast<std::uint8_t>(i + 1), 64);
            std::set<std::string> once(found.begin(), found.end());
            std::set<std::string> wanted(e.hops[i].begin(), e.hops[i].end());
            wanted.erase("*");
            if (e.lossy) continue;
            EXPECT_EQ(once, wanted) << e.target.to_string() << " with a TTL of " << i + 1;
        }
    }
}

std::string name_of(const testing::TestParamInfo<std::filesystem::path>& info) {
    std::string name = info.param.parent_path().filename() == "labs" ? "lab_" : "";
    for (const char c : info.param.stem().string()) name += c == '-' ? '_' : c;
    return name;
}

INSTANTIATE_TEST_SUITE_P(Files, ScenarioTruth, testing::ValuesIn(scenario_files()), name_of);

}  // namespace
}  // namespace sonde::sim
