#include <algorithm>

#include <fmt/format.h>

#include <sonde/sim/scenario_builder.hpp>

namespace sonde::sim {

namespace {

/// Names are shown on terminals and sent in packets (RFC 5837 section 4.5).
bool may_be_name(std::string_view name) {
    constexpr std::size_t longest = 63;
    const auto fits = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
               c == '-' || c == '#';
    };
    return !name.empty() && name.size() <= longest && std::ranges::all_of(name, fits);
}

template <class Map>
std::vector<std::string> names_in(const Map& map) {
    constexpr std::size_t most_looked_at = 5000;
    std::vector<std::string> names;
    for (const auto& [name, index] : map) {
        names.push_back(name);
        if (names.size() == most_looked_at) break;
    }
    std::ranges::sort(names);
    return names;
}

}  // namespace

bool scenario_builder::is_name(std::uint32_t line, std::string_view name, std::string_view what) {
    if (may_be_name(name)) return true;
    complaint_.error(line, fmt::format("'{}' is no name for {}", shown(name), what),
                     "expected 1 to 63 of the letters a-z A-Z 0-9 . _ - #");
    return false;
}

std::optional<node_index> scenario_builder::add_node(std::uint32_t line, node made) {
    if (!is_name(line, made.name, "a node")) return std::nullopt;
    if (scenario.nodes.size() >= most_nodes) {
        complaint_.error(line, "too many nodes", fmt::format("expected at most {}", most_nodes));
        return std::nullopt;
    }
    const auto index = static_cast<node_index>(scenario.nodes.size());
    if (const auto [at, fresh] = nodes_by_name_.emplace(made.name, index); !fresh) {
        complaint_.error(line,
                         fmt::format("there is a node '{}' already, in line {}", made.name, node_lines_[at->second]),
                         "expected another name");
        return std::nullopt;
    }
    node_lines_.push_back(line);
    scenario.nodes.push_back(std::move(made));
    return index;
}

/// `a-b`, or of a LAN all; of a LAN of many the first ones, and how many more there are.
std::string scenario_builder::name_of_ends(const link& l) const {
    constexpr std::size_t most = 8;
    const std::size_t shown = l.ends.size() > most ? most / 2 : l.ends.size();
    std::string name;
    for (std::size_t i = 0; i < shown; ++i) name += (i == 0 ? "" : "-") + scenario.nodes[l.ends[i].node].name;
    return shown == l.ends.size() ? name : fmt::format("{}-and-{}-more", name, l.ends.size() - shown);
}

std::optional<link_index> scenario_builder::add_link(std::uint32_t line, link made) {
    if (scenario.links.size() >= most_links) {
        complaint_.error(line, "too many links", fmt::format("expected at most {}", most_links));
        return std::nullopt;
    }
    const bool named = !made.name.empty();
    if (named && !is_name(line, made.name, "a link")) return std::nullopt;
    if (!named) {
        made.name = name_of_ends(made);
        const std::string both = made.name;
        for (int twin = 2; links_by_name_.contains(made.name); ++twin) made.name = fmt::format("{}#{}", both, twin);
    }
    const auto index = static_cast<link_index>(scenario.links.size());
    if (const auto [at, fresh] = links_by_name_.emplace(made.name, index); !fresh) {
        complaint_.error(line,
                         fmt::format("there is a link '{}' already, in line {}", made.name, link_lines_[at->second]),
                         "expected another name");
        return std::nullopt;
    }
    link_lines_.push_back(line);
    scenario.links.push_back(std::move(made));
    return index;
}

void scenario_builder::add_route(std::uint32_t line, route made) {
    if (scenario.routes.size() >= most_routes) {
        return complaint_.error(line, "too many routes", fmt::format("expected at most {}", most_routes));
    }
    route_lines_.push_back(line);
    scenario.routes.push_back(std::move(made));
}

void scenario_builder::add_population(std::uint32_t line, population made) {
    constexpr std::size_t most = 10'000;
    if (!is_name(line, made.name, "a population")) return;
    if (scenario.populations.size() >= most) {
        return complaint_.error(line, "too many populations", fmt::format("expected at most {}", most));
    }
    population_lines_.push_back(line);
    scenario.populations.push_back(std::move(made));
}

std::optional<node_index> scenario_builder::node_named(std::uint32_t line, std::string_view name) {
    const auto found = nodes_by_name_.find(std::string(name));
    if (found != nodes_by_name_.end()) return found->second;
    complaint_.error(line, fmt::format("there is no node '{}'", shown(name)),
                     suggestion(name, names_in(nodes_by_name_)));
    return std::nullopt;
}

std::optional<link_index> scenario_builder::link_named(std::uint32_t line, std::string_view name) {
    const auto found = links_by_name_.find(std::string(name));
    if (found != links_by_name_.end()) return found->second;
    complaint_.error(line, fmt::format("there is no link '{}'", shown(name)),
                     suggestion(name, names_in(links_by_name_)));
    return std::nullopt;
}

std::uint32_t scenario_builder::line_of(const scenario_place& place) const {
    const auto at = [&](const std::vector<std::uint32_t>& lines) {
        return place.index < lines.size() ? lines[place.index] : 1;
    };
    switch (place.part) {
        case scenario_part::node:
            return at(node_lines_);
        case scenario_part::link:
            return at(link_lines_);
        case scenario_part::route:
            return at(route_lines_);
        case scenario_part::population:
            return at(population_lines_);
        case scenario_part::change:
            return place.index < scenario.changes.size() ? scenario.changes[place.index].line : 1;
        case scenario_part::whole:
            break;
    }
    return 1;
}

}  // namespace sonde::sim
