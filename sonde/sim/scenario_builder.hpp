// What a scenario file is turned into, piece by piece: the scenario, and for each part of it the line that it came
// from.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <sonde/sim/scenario.hpp>
#include <sonde/sim/scenario_check.hpp>
#include <sonde/sim/scenario_fields.hpp>

namespace sonde::sim {

inline constexpr std::size_t most_nodes = 1'000'000;
inline constexpr std::size_t most_links = 2'000'000;
inline constexpr std::size_t most_routes = 1'000'000;
inline constexpr std::size_t most_changes = 100'000;

/// Borrows the complaint. Whatever is wrong goes there.
class scenario_builder {
public:
    explicit scenario_builder(file_complaint& complaint) : complaint_(complaint) {}

    sim::scenario scenario;
    node default_node;
    link_behaviour default_link;

    [[nodiscard]] file_complaint& complaint() noexcept { return complaint_; }
    [[nodiscard]] bool failed() const noexcept { return complaint_.given(); }

    /// Nothing where the name is taken or no name, or the limit is reached.
    std::optional<node_index> add_node(std::uint32_t line, node made);
    /// Without a name it is called after its ends.
    std::optional<link_index> add_link(std::uint32_t line, link made);
    void add_route(std::uint32_t line, route made);
    void add_population(std::uint32_t line, population made);

    /// The node or link of that name; complains where there is none.
    std::optional<node_index> node_named(std::uint32_t line, std::string_view name);
    std::optional<link_index> link_named(std::uint32_t line, std::string_view name);

    [[nodiscard]] std::uint32_t line_of(const scenario_place& place) const;

private:
    bool is_name(std::uint32_t line, std::string_view name, std::string_view what);
    [[nodiscard]] std::string name_of_ends(const link& l) const;

    file_complaint& complaint_;
    std::unordered_map<std::string, node_index> nodes_by_name_;
    std::unordered_map<std::string, link_index> links_by_name_;
    std::vector<std::uint32_t> node_lines_;
    std::vector<std::uint32_t> link_lines_;
    std::vector<std::uint32_t> route_lines_;
    std::vector<std::uint32_t> population_lines_;
};

}  // namespace sonde::sim
