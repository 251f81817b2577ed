#include <algorithm>
#include <map>

#include <fmt/format.h>

#include <sonde/sim/scenario_behaviours.hpp>
#include <sonde/sim/scenario_builder.hpp>
#include <sonde/sim/scenario_check.hpp>
#include <sonde/sim/scenario_file.hpp>
#include <sonde/sim/scenario_generators.hpp>

namespace sonde::sim {

namespace {

constexpr std::size_t longest_text = 64U << 20U;

const scenario_fields::words<node_kind> node_kinds{{"outside", node_kind::outside},
                                                   {"router", node_kind::router},
                                                   {"host", node_kind::host},
                                                   {"nat", node_kind::nat},
                                                   {"firewall", node_kind::firewall}};

void read_defaults(scenario_builder& builder, const toml_value& table) {
    scenario_fields fields(builder.complaint(), table, "defaults");
    if (const auto* value = fields.take("node")) {
        scenario_fields inner(builder.complaint(), *value, "defaults.node");
        read_node_behaviour(inner, builder.default_node);
        inner.finish();
    }
    if (const auto* value = fields.take("link")) {
        scenario_fields inner(builder.complaint(), *value, "defaults.link");
        read_link_behaviour(inner, builder.default_link);
        inner.finish();
    }
    fields.finish();
}

void read_node(scenario_builder& builder, const toml_value& table) {
    scenario_fields fields(builder.complaint(), table, "a node");
    node made = builder.default_node;
    fields.require("name", "expected a name in quotes");
    fields.read("name", made.name);
    fields.read_word("kind", made.kind, node_kinds);
    fields.read_addresses("address", made.addresses);
    fields.read_addresses("addresses", made.addresses);
    fields.read("anycast", made.anycast);
    fields.read("down", made.down);
    read_node_behaviour(fields, made);
    read_nat(fields, made.nat);
    read_rules(fields, made.rules);
    fields.finish();
    if (fields.has("nat") != (made.kind == node_kind::nat)) {
        builder.complaint().error(
            table.line, fmt::format("node '{}' is {} nat", shown(made.name), fields.has("nat") ? "no" : "a"),
            fields.has("nat") ? "expected kind = \"nat\" where there is a table 'nat'"
                              : "expected a table such as nat = { inside = [...], address = ... }");
    }
    if (fields.has("rules") && made.kind != node_kind::firewall) {
        builder.complaint().error(table.line, fmt::format("node '{}' has rules", shown(made.name)),
                                  "expected kind = \"firewall\" for that");
    }
    builder.add_node(table.line, std::move(made));
}

/// The nodes that a list of names is of.
std::vector<node_index> named_nodes(scenario_builder& builder, scenario_fields& fields, std::string_view key,
                                    std::size_t least) {
    constexpr std::size_t most = 10'000;
    std::vector<node_index> out;
    const auto values = fields.take_list(key);
    if (values.size() < least || values.size() > most) {
        builder.complaint().error(
            fields.line(), fmt::format("'{}' has {} names", key, values.size()),
            fmt::format("expected from {} to {} nodes, such as {} = [\"a\", \"b\"]", least, most, key));
    }
    for (const auto* value : values) {
        const auto* name = value->as<std::string>();
        if (name == nullptr) {
            fields.wrong(*value, key, "expected names of nodes in quotes");
            break;
        }
        const auto node = builder.node_named(value->line, *name);
        if (!node) break;
        out.push_back(*node);
    }
    return out;
}

void read_end_addresses(scenario_builder& builder, scenario_fields& link_fields, link& made) {
    const auto* value = link_fields.take("addresses");
    if (value == nullptr || builder.failed()) return;
    scenario_fields fields(builder.complaint(), *value, "a link's addresses");
    for (auto& end : made.ends) fields.read_addresses(builder.scenario.nodes[end.node].name, end.addresses);
    fields.finish();
}

void read_path(scenario_builder& builder, scenario_fields& fields) {
    const auto nodes = named_nodes(builder, fields, "path", 2);
    link_behaviour behaviour = builder.default_link;
    read_link_behaviour(fields, behaviour);
    fields.finish();
    for (std::size_t i = 1; i < nodes.size() && !builder.failed(); ++i) {
        builder.add_link(fields.line(), {{}, {{nodes[i - 1], {}}, {nodes[i], {}}}, behaviour, {}});
    }
}

void read_link(scenario_builder& builder, const toml_value& table) {
    scenario_fields fields(builder.complaint(), table, "a link");
    if (fields.has("path")) return read_path(builder, fields);
    fields.require("between", "expected between = [\"a\", \"b\"] or path = [\"a\", \"b\", \"c\"]");
    link made;
    for (const auto node : named_nodes(builder, fields, "between", 2)) made.ends.push_back({node, {}});
    made.behaviour = builder.default_link;
    fields.read("name", made.name);
    if (fields.has("name") && made.name.empty()) {
        fields.wrong(*fields.take("name"), "name", "expected a name, or none at all");
    }
    read_link_behaviour(fields, made.behaviour);
    read_end_addresses(builder, fields, made);
    if (const auto* value = fields.take("backwards")) {
        scenario_fields inner(builder.complaint(), *value, "backwards");
        made.backwards = made.behaviour;
        read_link_behaviour(inner, *made.backwards);
        inner.finish();
    }
    fields.allow("path");
    fields.finish();
    if (!builder.failed()) builder.add_link(table.line, std::move(made));
}

std::vector<route> read_routes(scenario_builder& builder, const toml_value& table) {
    scenario_fields fields(builder.complaint(), table, "a route");
    route made;
    std::vector<prefix> to;
    bool reject = false;
    fields.require("at", "expected the node that has it");
    if (const auto at = named_nodes(builder, fields, "at", 1); !at.empty()) made.at = at.front();
    fields.require("to", "expected a prefix, an address or \"default\"");
    fields.read_prefixes("to", to);
    if (fields.has("via")) made.via = named_nodes(builder, fields, "via", 1);
    fields.read("blackhole", made.blackhole);
    fields.read("reject", reject);
    fields.finish();
    if (int{fields.has("via")} + int{made.blackhole} + int{reject} != 1) {
        builder.complaint().error(table.line,
                                  fields.has("via") ? "a route to two things at once" : "a route to nowhere",
                                  "expected one of via = \"a neighbour\", blackhole = true and reject = true");
    }
    std::vector<route> out;
    for (const auto& one : to) {
        made.to = one;
        out.push_back(made);
    }
    return out;
}

/// What a change begins from: how things are after the changes before it.
class behaviours_over_time {
public:
    explicit behaviours_over_time(const scenario& s) : s_(s) {}

    [[nodiscard]] link_behaviour& link(link_index l) {
        return links_.try_emplace(l, s_.links[l].behaviour).first->second;
    }
    [[nodiscard]] node& node_at(node_index n) { return nodes_.try_emplace(n, s_.nodes[n]).first->second; }

private:
    const scenario& s_;
    std::map<link_index, link_behaviour> links_;
    std::map<node_index, node> nodes_;
};

void read_change(scenario_builder& builder, const toml_value& table, duration at, behaviours_over_time& now) {
    scenario_fields fields(builder.complaint(), table, "a change");
    fields.allow("at");
    change made{at, table.line, change::routes_change{}};
    const int targets = int{fields.has("link")} + int{fields.has("node")} + int{fields.has("route")};
    if (targets != 1) {
        return builder.complaint().error(table.line, fmt::format("a change of {} things", targets),
                                         "expected one of link = \"a-b\", node = \"a\" and route = { ... }");
    }
    std::string name;
    if (fields.has("link")) {
        fields.read("link", name);
        const auto index = builder.failed() ? std::nullopt : builder.link_named(fields.take("link")->line, name);
        if (!index) return;
        read_link_behaviour(fields, now.link(*index));
        made.what = change::link_change{*index, now.link(*index)};
    } else if (fields.has("node")) {
        fields.read("node", name);
        const auto index = builder.failed() ? std::nullopt : builder.node_named(fields.take("node")->line, name);
        if (!index) return;
        auto& node = now.node_at(*index);
        fields.read("down", node.down);
        read_node_behaviour(fields, node);
        made.what = change::node_change{*index, node.down, node.errors, node.host, node.forwarding};
    } else {
        change::routes_change routes;
        for (const auto* value : fields.take_list("route")) {
            const auto read = read_routes(builder, *value);
            routes.routes.insert(routes.routes.end(), read.begin(), read.end());
        }
        made.what = std::move(routes);
    }
    fields.finish();
    builder.scenario.changes.push_back(std::move(made));
}

void read_changes(scenario_builder& builder, const std::vector<const toml_value*>& tables) {
    struct dated {
        duration at;
        const toml_value* table;
    };
    if (tables.size() > most_changes) {
        return builder.complaint().error(tables.back()->line, "too many changes",
                                         fmt::format("expected at most {}", most_changes));
    }
    std::vector<dated> order;
    for (const auto* table : tables) {
        scenario_fields fields(builder.complaint(), *table, "a change");
        order.push_back({{}, table});
        fields.require("at", "expected when, such as at = \"30s\"");
        fields.read("at", order.back().at);
    }
    std::ranges::stable_sort(order, {}, &dated::at);
    behaviours_over_time now(builder.scenario);
    for (const auto& [at, table] : order) {
        if (!builder.failed()) read_change(builder, *table, at, now);
    }
}

/// Counted before any is made: a million take their time.
void count_nodes(scenario_builder& builder, scenario_fields& fields) {
    std::uint64_t count = fields.take_list("node").size();
    for (const auto* chain : fields.take_list("chain")) {
        scenario_fields inner(builder.complaint(), *chain, "a chain");
        std::uint32_t more = 0;
        inner.read("count", more, 1, longest_chain);
        count += more;
        if (count > most_nodes) {
            builder.complaint().error(chain->line, "too many nodes", fmt::format("expected at most {}", most_nodes));
        }
    }
}

void read_all(scenario_builder& builder, const toml_value& document) {
    scenario_fields fields(builder.complaint(), document, "the scenario");
    auto& s = builder.scenario;
    fields.read("name", s.name);
    if (!s.name.empty() && shown(s.name) != s.name)
        fields.wrong(*fields.take("name"), "name", "expected at most 80 letters of ASCII");
    fields.read("seed", s.seed);
    fields.read("events_limit", s.events_limit, 1, 1U << 24U);
    // What follows the schema for tests of the scenario: who reads them knows what to expect.
    fields.allow("expected");
    for (const auto key : {"defaults", "node", "chain", "link", "route", "population", "change"}) fields.allow(key);
    fields.finish();
    if (!builder.failed()) count_nodes(builder, fields);
    const auto each = [&](std::string_view key, auto read) {
        for (const auto* value : fields.take_list(key)) {
            if (!builder.failed()) read(builder, *value);
        }
    };
    each("defaults", read_defaults);
    each("node", read_node);
    each("chain", generate_chain);
    each("link", read_link);
    each("route", [](scenario_builder& b, const toml_value& table) {
        for (auto& one : read_routes(b, table)) b.add_route(table.line, std::move(one));
    });
    each("population", generate_population);
    const auto changes = fields.take_list("change");
    if (!builder.failed()) read_changes(builder, changes);
}

}  // namespace

result<read_result> read_scenario(std::string_view text, std::string_view file) {
    file_complaint complaint(file);
    if (text.size() > longest_text) {
        complaint.error(1, "the file is too long", fmt::format("expected at most {} bytes", longest_text));
        return complaint.take();
    }
    const auto document = parse_toml(text, file);
    if (!document) return document.error();
    scenario_builder builder(complaint);
    read_all(builder, *document);
    if (complaint.given()) return complaint.take();
    add_missing_addresses(builder.scenario);
    add_translated_addresses(builder.scenario);

    const auto found = check_scenario(builder.scenario);
    if (found.error) {
        complaint.error(builder.line_of(found.error->place), found.error->what);
        return complaint.take();
    }
    read_result out;
    for (const auto& warning : found.warnings) {
        out.warnings.push_back(complaint.at_line(builder.line_of(warning.place), warning.what));
    }
    out.scenario = std::move(builder.scenario);
    return out;
}

}  // namespace sonde::sim
