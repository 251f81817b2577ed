#include <charconv>

#include <fmt/format.h>

#include <sonde/sim/scenario_behaviours.hpp>

namespace sonde::sim {

namespace {

const scenario_fields::words<port_state> port_states{{"closed", port_state::closed},
                                                     {"open", port_state::open},
                                                     {"echo", port_state::echo},
                                                     {"filtered", port_state::filtered}};

void read_labels(scenario_fields& fields, std::vector<wire::mpls_label>& out) {
    constexpr std::size_t most = 16;
    if (fields.has("mpls")) out.clear();
    for (const auto* value : fields.take_list("mpls")) {
        wire::mpls_label label{0, 0, false, 1};
        if (const auto* number = value->as<std::int64_t>()) {
            if (*number < 0 || *number > 0xfffff)
                return fields.wrong(*value, "mpls", "expected labels from 0 to 1048575");
            label.label = static_cast<std::uint32_t>(*number);
        } else {
            scenario_fields entry(fields.complaint(), *value, "an MPLS label");
            entry.require("label", "expected one such as { label = 24001, tc = 0, ttl = 1 }, or the number alone");
            entry.read("label", label.label, 0, 0xfffff);
            entry.read("tc", label.traffic_class, 0, 7);
            entry.read("ttl", label.ttl);
            entry.finish();
        }
        out.push_back(label);
        if (out.size() > most) return fields.wrong(*value, "mpls", fmt::format("expected at most {} labels", most));
    }
    for (auto& label : out) label.bottom_of_stack = &label == &out.back();
}

/// At most one address of each family.
void read_pair(scenario_fields& fields, std::string_view key, std::optional<ip_address>& v4,
               std::optional<ip_address>& v6) {
    if (!fields.has(key)) return;
    v4.reset();
    v6.reset();
    std::vector<interface_address> addresses;
    fields.read_addresses(key, addresses);
    for (const auto& one : addresses) {
        auto& out = one.address.is_v4() ? v4 : v6;
        if (out) return fields.wrong(*fields.take(key), key, "expected at most one address of each family");
        out = one.address;
    }
}

void read_errors(scenario_fields& node_fields, error_behaviour& out) {
    const auto* value = node_fields.take("errors");
    if (value == nullptr) return;
    scenario_fields fields(node_fields.complaint(), *value, "errors");
    fields.read("silent", out.silent);
    fields.read("delay", out.delay);
    fields.read("jitter", out.jitter);
    fields.read_rate("rate", out.rate);
    fields.read("burst", out.burst, 1, 1'000'000);
    read_labels(fields, out.mpls);
    fields.read("interface_information", out.interface_information);
    fields.read("legacy_extension", out.legacy_extension);
    fields.read("bad_checksum", out.bad_checksum);
    fields.read("quote", out.quote);
    read_pair(fields, "source", out.source_v4, out.source_v6);
    fields.read("ttl", out.ttl, 1);
    fields.finish();
}

void read_ports(scenario_fields& host_fields, std::string_view key, ports& out) {
    const auto* value = host_fields.take(key);
    if (value == nullptr) return;
    const auto names = scenario_fields::names_of(port_states);
    if (value->as<std::string>() != nullptr) {
        if (const auto index = host_fields.word_index(*value, key, names)) out = {port_states[*index].second, {}};
        return;
    }
    scenario_fields fields(host_fields.complaint(), *value, fmt::format("'{}' of a host", key));
    fields.read_word("default", out.otherwise, port_states);
    const auto* table = value->as<toml_table>();
    if (table == nullptr) return;
    for (const auto& [name, line, state] : *table) {
        if (name == "default") continue;
        std::uint16_t port = 0;
        const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), port);
        if (error != std::errc{} || end != name.data() + name.size() || port == 0) {
            return fields.complaint().error(line, fmt::format("'{}' is not a port", shown(name)),
                                            "expected a number from 1 to 65535, or default");
        }
        if (const auto index = fields.word_index(state, name, names)) out.at[port] = port_states[*index].second;
    }
}

void read_forwarding(scenario_fields& node_fields, forwarding_behaviour& out) {
    const auto* value = node_fields.take("forward");
    if (value == nullptr) return;
    scenario_fields fields(node_fields.complaint(), *value, "forward");
    const scenario_fields::words<balance> balances{
        {"flow", balance::flow}, {"packet", balance::packet}, {"none", balance::none}};
    fields.read_word("balance", out.balance, balances);
    fields.read("tos", out.traffic_class);
    fields.read("decrement", out.decrements_ttl);
    fields.finish();
}

void read_protocol(scenario_fields& fields, std::optional<std::uint8_t>& out) {
    const auto* value = fields.take("protocol");
    if (value == nullptr) return;
    if (value->as<std::int64_t>() != nullptr) return fields.read("protocol", out);
    const scenario_fields::words<std::uint8_t> protocols{
        {"icmp", std::uint8_t{1}}, {"tcp", std::uint8_t{6}}, {"udp", std::uint8_t{17}}, {"icmpv6", std::uint8_t{58}}};
    std::uint8_t number = 0;
    fields.read_word("protocol", number, protocols);
    out = number;
}

void read_one_prefix(scenario_fields& fields, std::string_view key, std::optional<prefix>& out) {
    std::vector<prefix> prefixes;
    fields.read_prefixes(key, prefixes);
    if (prefixes.size() > 1) return fields.wrong(*fields.take(key), key, "expected one prefix");
    if (!prefixes.empty()) out = prefixes.front();
}

}  // namespace

void read_host_behaviour(scenario_fields& owner, host_behaviour& out) {
    const auto* value = owner.take("host");
    if (value == nullptr) return;
    scenario_fields fields(owner.complaint(), *value, "host");
    fields.read("echo", out.echo);
    fields.read("broadcast", out.broadcast_echo);
    fields.read("delay", out.delay);
    fields.read("jitter", out.jitter);
    fields.read("unreachable", out.unreachable_code, 0, 15);
    read_ports(fields, "udp", out.udp);
    read_ports(fields, "tcp", out.tcp);
    fields.finish();
}

void read_node_behaviour(scenario_fields& fields, node& out) {
    read_errors(fields, out.errors);
    read_host_behaviour(fields, out.host);
    read_forwarding(fields, out.forwarding);
}

void read_nat(scenario_fields& node_fields, nat_behaviour& out) {
    const auto* value = node_fields.take("nat");
    if (value == nullptr) return;
    scenario_fields fields(node_fields.complaint(), *value, "nat");
    fields.require("inside", "expected the prefixes that are translated, such as inside = [\"192.168.0.0/16\"]");
    fields.read_prefixes("inside", out.inside);
    fields.require("address", "expected what they are translated to, such as address = \"192.0.2.1\"");
    read_pair(fields, "address", out.v4, out.v6);
    fields.read("mappings", out.mappings, 1, 1'000'000);
    duration idle{};
    fields.read("idle", idle);
    if (idle > duration::zero()) {
        out.idle = idle;
    } else if (fields.has("idle")) {
        fields.wrong(*fields.take("idle"), "idle", "expected how long, such as idle = \"30s\"");
    }
    fields.read("translates_quotes", out.translates_quotes);
    for (const auto& inside : out.inside) {
        if (inside.network().is_v4() ? out.v4.has_value() : out.v6.has_value()) continue;
        fields.wrong(*fields.take("inside"), "inside", "expected an 'address' of the same family");
    }
    fields.finish();
}

void read_rules(scenario_fields& node_fields, std::vector<firewall_rule>& out) {
    constexpr std::size_t most = 10'000;
    const scenario_fields::words<firewall_rule::verdict> verdicts{{"pass", firewall_rule::verdict::pass},
                                                                  {"drop", firewall_rule::verdict::drop},
                                                                  {"reject", firewall_rule::verdict::reject}};
    for (const auto* value : node_fields.take_list("rules")) {
        scenario_fields fields(node_fields.complaint(), *value, "a rule");
        firewall_rule rule;
        fields.require("then", "expected then = \"pass\", \"drop\" or \"reject\"");
        fields.read_word("then", rule.then, verdicts);
        read_protocol(fields, rule.protocol);
        fields.read("port", rule.port, 1);
        read_one_prefix(fields, "from", rule.source);
        read_one_prefix(fields, "to", rule.destination);
        fields.read("code", rule.reject_code, 0, 15);
        fields.finish();
        out.push_back(rule);
        if (out.size() > most)
            return node_fields.wrong(*value, "rules", fmt::format("expected at most {} rules", most));
    }
}

void read_link_behaviour(scenario_fields& fields, link_behaviour& out) {
    constexpr std::uint32_t least_mtu = 68;  // RFC 791
    fields.read("delay", out.delay);
    fields.read("jitter", out.jitter);
    fields.read_share("loss", out.loss);
    fields.read_share("duplicate", out.duplicate);
    fields.read_share("reorder", out.reorder);
    fields.read_share("corrupt", out.corrupt);
    fields.read_bandwidth("bandwidth", out.bandwidth);
    fields.read("queue", out.queue, 1, 1'000'000);
    fields.read("mtu", out.mtu, least_mtu, 65'535);
    fields.read("cost", out.cost, 1, 1'000'000);
    fields.read("down", out.down);
}

}  // namespace sonde::sim
