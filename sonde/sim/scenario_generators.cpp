#include <algorithm>
#include <unordered_set>

#include <fmt/format.h>

#include <sonde/sim/scenario_behaviours.hpp>
#include <sonde/sim/scenario_generators.hpp>

namespace sonde::sim {

namespace {

struct chain {
    std::string name;
    std::uint32_t count = 0;
    std::uint32_t first = 1;
    std::vector<node_index> before = {};  ///< where it begins, and
    std::vector<node_index> after = {};   ///< ends: one or none each
    std::vector<prefix> addresses = {};
    std::vector<std::uint32_t> silent = {};
    node like = {};
    link_behaviour link = {};
};

void read_end(scenario_builder& builder, scenario_fields& fields, std::string_view key, std::vector<node_index>& out) {
    std::string name;
    fields.read(key, name);
    if (!fields.has(key) || builder.failed()) return;
    if (const auto node = builder.node_named(fields.take(key)->line, name)) out.push_back(*node);
}

void read_silent(scenario_fields& fields, chain& c) {
    for (const auto* value : fields.take_list("silent")) {
        const auto* number = value->as<std::int64_t>();
        if (number == nullptr || *number < c.first || *number >= std::int64_t{c.first} + c.count) {
            return fields.wrong(*value, "silent",
                                fmt::format("expected the numbers of its nodes, from {} to {}", c.first,
                                            std::uint64_t{c.first} + c.count - 1));
        }
        c.silent.push_back(static_cast<std::uint32_t>(*number));
    }
}

chain read_chain(scenario_builder& builder, const toml_value& table) {
    scenario_fields fields(builder.complaint(), table, "a chain");
    chain c;
    c.like = builder.default_node;
    c.link = builder.default_link;
    fields.require("name", "expected the beginning of its nodes' names, such as name = \"core\" for core1, core2, ...");
    fields.read("name", c.name);
    fields.require("count", "expected how many nodes it has");
    fields.read("count", c.count, 1, longest_chain);
    fields.read("first", c.first, 0, 1'000'000);
    read_end(builder, fields, "from", c.before);
    read_end(builder, fields, "to", c.after);
    fields.read_prefixes("addresses", c.addresses);
    for (const auto& pool : c.addresses) {
        if (pool.host_count() < c.count) {
            fields.wrong(*fields.take("addresses"), "addresses", fmt::format("expected prefixes of {} hosts", c.count));
        }
    }
    read_silent(fields, c);
    read_node_behaviour(fields, c.like);
    read_link_behaviour(fields, c.link);
    fields.finish();
    return c;
}

std::unordered_set<ip_address> addresses_in(const scenario& s) {
    std::unordered_set<ip_address> all;
    for (const auto& n : s.nodes) {
        for (const auto& address : n.addresses) all.insert(address.address);
    }
    for (const auto& link : s.links) {
        for (const auto& end : link.ends) {
            for (const auto& address : end.addresses) all.insert(address.address);
        }
    }
    return all;
}

}  // namespace

void generate_chain(scenario_builder& builder, const toml_value& table) {
    const auto c = read_chain(builder, table);
    std::vector<node_index> row = c.before;
    for (std::uint32_t i = 0; i < c.count && !builder.failed(); ++i) {
        node made = c.like;
        made.name = fmt::format("{}{}", c.name, c.first + i);
        for (const auto& pool : c.addresses) {
            const auto address = pool.host(i);
            made.addresses.push_back({address, static_cast<std::uint8_t>(address.is_v4() ? 32 : 128)});
        }
        made.errors.silent = made.errors.silent || std::ranges::find(c.silent, c.first + i) != c.silent.end();
        if (const auto index = builder.add_node(table.line, std::move(made))) row.push_back(*index);
    }
    row.insert(row.end(), c.after.begin(), c.after.end());
    for (std::size_t i = 1; i < row.size() && !builder.failed(); ++i) {
        builder.add_link(table.line, {{}, {{row[i - 1], {}}, {row[i], {}}}, c.link, {}});
    }
}

void generate_population(scenario_builder& builder, const toml_value& table) {
    scenario_fields fields(builder.complaint(), table, "a population");
    population made;
    std::vector<prefix> prefixes;
    fields.require("name", "expected a name in quotes");
    fields.read("name", made.name);
    fields.require("behind", "expected the node that leads to it");
    std::vector<node_index> behind;
    read_end(builder, fields, "behind", behind);
    fields.require("addresses", "expected its prefixes, such as addresses = \"203.0.113.0/24\"");
    fields.read_prefixes("addresses", prefixes);
    fields.read_share("answering", made.answering);
    fields.read("report_missing", made.report_missing);
    read_host_behaviour(fields, made.host);
    fields.read_share("loss", made.loss);
    fields.finish();
    if (builder.failed()) return;
    made.behind = behind.front();
    const std::string name = made.name;
    for (std::size_t i = 0; i < prefixes.size(); ++i) {
        if (i > 0) made.name = fmt::format("{}#{}", name, i + 1);
        made.addresses = prefixes[i];
        builder.add_population(table.line, made);
    }
}

void add_missing_addresses(scenario& s) {
    std::vector<bool> has(s.nodes.size());
    for (node_index n = 0; n < s.nodes.size(); ++n) has[n] = !s.nodes[n].addresses.empty();
    for (const auto& link : s.links) {
        for (const auto& end : link.ends) has[end.node] = has[end.node] || !end.addresses.empty();
    }
    const auto taken = addresses_in(s);
    const prefix pool = *prefix::parse("fd00::/64");
    std::uint32_t number = 0;
    for (node_index n = 0; n < s.nodes.size(); ++n) {
        if (has[n]) continue;
        ip_address v4;
        ip_address v6;
        do {
            // Never .0 nor .255, which look like what they are not.
            v4 = ip_address::v4(0x0a000001 + (number / 254 << 8) + number % 254);
            v6 = pool.host(number);
            ++number;
        } while (taken.contains(v4) || taken.contains(v6));
        s.nodes[n].addresses = {{v4, 32}, {v6, 128}};
    }
}

void add_translated_addresses(scenario& s) {
    const auto taken = addresses_in(s);
    for (auto& n : s.nodes) {
        if (n.kind != node_kind::nat) continue;
        if (n.nat.v4 && !taken.contains(*n.nat.v4)) n.addresses.push_back({*n.nat.v4, 32});
        if (n.nat.v6 && !taken.contains(*n.nat.v6)) n.addresses.push_back({*n.nat.v6, 128});
    }
}

}  // namespace sonde::sim
