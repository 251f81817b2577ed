#include <algorithm>
#include <array>
#include <iterator>
#include <limits>
#include <numeric>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include <sonde/report/milliseconds.hpp>
#include <sonde/report/path_drawing.hpp>
#include <sonde/report/shown_address.hpp>
#include <sonde/report/trace_letters.hpp>
#include <sonde/report/utf8.hpp>

namespace sonde::report {
namespace {

using probe::path_edge;
using probe::path_graph;
using probe::path_vertex;

constexpr std::size_t most_lanes = 20;
constexpr std::size_t room_for_text = 30;

/// Routers before and behind that are connected with each other: one line from all to all.
struct bundle {
    std::vector<std::uint32_t> from;  // lanes before, ascending
    std::vector<std::uint32_t> to;    // vertices behind, then lanes behind
    std::size_t edges = 0;
    [[nodiscard]] bool complete() const { return edges == from.size() * to.size(); }
    [[nodiscard]] bool together() const { return from.back() - from.front() + 1 == from.size(); }
};

/// A hop, ready to be drawn.
struct drawn_hop {
    std::vector<std::uint32_t> order;    // vertices by lane
    std::vector<std::uint32_t> lane_of;  // lanes by vertex
    std::vector<bundle> bundles;         // from the hop before
    bool lanes = true;                   // false: too many, listed
    bool lines = false;                  // the bundles can be drawn
};

std::vector<bundle> bundles_of(const path_graph::hop& hop, const std::vector<std::uint32_t>& lane_before) {
    std::vector<bundle> bundles;
    for (const path_edge& e : hop.edges) {
        const std::uint32_t lane = lane_before[e.from];
        bundle joined{.from = {lane}, .to = {e.to}, .edges = 1};
        for (auto b = bundles.begin(); b != bundles.end();) {
            const bool same =
                std::count(b->from.begin(), b->from.end(), lane) + std::count(b->to.begin(), b->to.end(), e.to) > 0;
            if (!same) {
                ++b;
                continue;
            }
            joined.from.insert(joined.from.end(), b->from.begin(), b->from.end());
            joined.to.insert(joined.to.end(), b->to.begin(), b->to.end());
            joined.edges += b->edges;
            b = bundles.erase(b);
        }
        for (auto* side : {&joined.from, &joined.to}) {
            std::sort(side->begin(), side->end());
            side->erase(std::unique(side->begin(), side->end()), side->end());
        }
        bundles.push_back(std::move(joined));
    }
    std::sort(bundles.begin(), bundles.end(), [](const bundle& a, const bundle& b) { return a.from < b.from; });
    return bundles;
}

/// Lanes in the order of what leads to them, so that lines cross only where they must.
drawn_hop lay_out(const path_graph::hop& hop, const drawn_hop* before, std::size_t columns) {
    drawn_hop made;
    const std::size_t size = hop.vertices.size();
    made.lanes = size <= most_lanes && 6 + 2 * size + room_for_text <= std::max<std::size_t>(columns, 48);
    if (before != nullptr) made.bundles = bundles_of(hop, before->lane_of);
    std::vector<bool> placed(size);
    for (const bundle& b : made.bundles) {
        for (const std::uint32_t v : b.to) {
            made.order.push_back(v);
            placed[v] = true;
        }
    }
    for (std::uint32_t v = 0; v < size; ++v) {
        if (!placed[v]) made.order.push_back(v);
    }
    made.lane_of.resize(size);
    for (std::uint32_t lane = 0; lane < size; ++lane) made.lane_of[made.order[lane]] = lane;
    for (bundle& b : made.bundles) {
        for (std::uint32_t& v : b.to) v = made.lane_of[v];
    }
    made.lines = before != nullptr && before->lanes && made.lanes &&
                 std::all_of(made.bundles.begin(), made.bundles.end(),
                             [](const bundle& b) { return b.complete() && b.together(); });
    for (std::size_t i = 1; i < made.bundles.size() && made.lines; ++i) {
        made.lines = made.bundles[i - 1].from.back() < made.bundles[i].from.front();
    }
    return made;
}

class drawing {
public:
    drawing(std::string& out, const path_graph& graph, const path_drawing_options& options)
        : out_(out), graph_(graph), options_(options) {}

    void draw() {
        for (const path_graph::hop& hop : graph_.hops) {
            hops_.push_back(lay_out(hop, hops_.empty() ? nullptr : &hops_.back(), options_.columns));
        }
        for (std::size_t i = 0; i < hops_.size(); ++i) {
            if (hops_[i].lines) draw_lines(i);
            if (hops_[i].lanes) {
                draw_rows(i);
            } else {
                list(i);
            }
        }
    }

private:
    enum side : unsigned { up = 1, down = 2, left = 4, right = 8 };

    [[nodiscard]] std::string_view glyph(unsigned sides) const {
        static constexpr std::array<std::string_view, 16> boxes{" ", "│", "│", "│", "─", "┘", "┐", "┤",
                                                                "─", "└", "┌", "├", "─", "┴", "┬", "┼"};
        if (!options_.ascii) return boxes[sides];
        if (sides == 0) return " ";
        if ((sides & (left | right)) == 0) return "|";
        return (sides & (up | down)) == 0 ? "-" : "+";
    }

    void line(std::string text) {
        while (text.ends_with(' ')) text.pop_back();
        out_ += fit_width(text, std::max<std::size_t>(options_.columns, 20));
        out_ += '\n';
    }

    [[nodiscard]] bool goes_on(std::size_t hop, std::uint32_t lane) const {
        if (hop + 1 >= hops_.size() || !hops_[hop + 1].lines) return false;
        const auto& bundles = hops_[hop + 1].bundles;
        return std::any_of(bundles.begin(), bundles.end(),
                           [&](const bundle& b) { return std::binary_search(b.from.begin(), b.from.end(), lane); });
    }
    [[nodiscard]] bool is_led_to(std::size_t hop, std::uint32_t lane) const {
        const auto& bundles = hops_[hop].bundles;
        return hops_[hop].lines && std::any_of(bundles.begin(), bundles.end(), [&](const bundle& b) {
                   return std::count(b.to.begin(), b.to.end(), lane) > 0;
               });
    }

    /// One row for each bundle that is not straight; first those whose place nobody else needs any more.
    void draw_lines(std::size_t hop) {
        const auto& bundles = hops_[hop].bundles;
        const std::size_t width = std::max(hops_[hop].order.size(), hops_[hop - 1].order.size());
        std::vector<bool> done(bundles.size());
        std::vector<bool> standing(width);  // lanes with a line now
        for (const bundle& b : bundles) {
            for (const std::uint32_t lane : b.from) standing[lane] = true;
        }
        for (std::size_t left_over = bundles.size(); left_over > 0; --left_over) {
            std::size_t next = bundles.size();
            for (std::size_t i = 0; i < bundles.size() && next == bundles.size(); ++i) {
                if (!done[i] && is_free(bundles, done, i)) next = i;
            }
            if (next == bundles.size()) return;  // cannot be: lanes are in order
            done[next] = true;
            const bundle& b = bundles[next];
            if (b.from.size() > 1 || b.to.size() > 1 || b.from != b.to) draw_bundle(b, standing);
            for (const std::uint32_t lane : b.from) standing[lane] = false;
            for (const std::uint32_t lane : b.to) standing[lane] = true;
        }
    }

    static bool is_free(const std::vector<bundle>& bundles, const std::vector<bool>& done, std::size_t which) {
        const bundle& b = bundles[which];
        const std::uint32_t low = std::min(b.from.front(), b.to.front());
        const std::uint32_t high = std::max(b.from.back(), b.to.back());
        for (std::size_t i = 0; i < bundles.size(); ++i) {
            if (i == which || done[i]) continue;
            const auto& from = bundles[i].from;
            if (std::any_of(from.begin(), from.end(), [&](std::uint32_t lane) { return low <= lane && lane <= high; }))
                return false;
        }
        return true;
    }

    void draw_bundle(const bundle& b, const std::vector<bool>& standing) {
        const std::uint32_t low = std::min(b.from.front(), b.to.front());
        const std::uint32_t high = std::max(b.from.back(), b.to.back());
        std::string text(5, ' ');
        for (std::uint32_t lane = 0; lane < standing.size(); ++lane) {
            const bool inside = low <= lane && lane <= high;
            unsigned sides = inside || !standing[lane] ? 0U : up | down;
            if (inside) {
                if (std::binary_search(b.from.begin(), b.from.end(), lane)) sides |= up;
                if (std::binary_search(b.to.begin(), b.to.end(), lane)) sides |= down;
                if (lane > low) sides |= left;
                if (lane < high) sides |= right;
            }
            text += glyph(sides);
            text += glyph(inside && lane < high ? left | right : 0U);
        }
        line(std::move(text));
    }

    void draw_rows(std::size_t hop) {
        const drawn_hop& h = hops_[hop];
        for (std::uint32_t row = 0; row < h.order.size(); ++row) {
            std::string text = row == 0 ? fmt::format("{:>3}  ", graph_.first_hop + hop) : std::string(5, ' ');
            for (std::uint32_t lane = 0; lane < h.order.size(); ++lane) {
                if (lane == row) {
                    const bool silent = graph_.hops[hop].vertices[h.order[lane]].address == ip_address{};
                    text += options_.ascii ? (silent ? "." : "o") : (silent ? "○" : "●");
                } else {
                    text += glyph((lane < row ? goes_on(hop, lane) : is_led_to(hop, lane)) ? up | down : 0U);
                }
                text += ' ';
            }
            line(text + ' ' + describe(hop, h.order[row]));
        }
    }

    /// A hop of too many routers.
    void list(std::size_t hop) {
        const drawn_hop& h = hops_[hop];
        line(fmt::format("{:>3}  {} routers", graph_.first_hop + hop, h.order.size()));
        for (const std::uint32_t v : h.order) line("       " + describe(hop, v));
    }

    [[nodiscard]] std::string describe(std::size_t hop, std::uint32_t vertex) const {
        const path_vertex& v = graph_.hops[hop].vertices[vertex];
        std::string text = shown_address(v.address, options_.notes);
        if (v.rtt > duration{0}) text += fmt::format("  {} ms", milliseconds_text(v.rtt));
        if (v.destination) text += "  destination";
        if (v.per_packet) text += "  per packet";
        if (options_.extensions && v.extensions) text += fmt::format("  <{}>", extension_text(*v.extensions));
        if (hop == 0 || hops_[hop].lines) return text;
        std::string before;
        for (const path_edge& e : graph_.hops[hop].edges) {
            if (e.to != vertex) continue;
            before += before.empty() ? "" : ", ";
            before += shown_address(graph_.hops[hop - 1].vertices[e.from].address, {});
        }
        if (before.empty()) return text;
        return fmt::format("{}  {} {}", text, options_.ascii ? "<-" : "←", before);
    }

    std::string& out_;
    const path_graph& graph_;
    const path_drawing_options& options_;
    std::vector<drawn_hop> hops_;
};

std::string percent(double share) {
    return fmt::format("{:.4g} %", 100 * share);
}

}  // namespace

std::uint32_t count_paths(const probe::path_graph& graph) {
    constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
    std::uint64_t paths = 0;
    std::vector<std::uint64_t> before;
    for (std::size_t i = 0; i < graph.hops.size(); ++i) {
        std::vector<std::uint64_t> here(graph.hops[i].vertices.size(), i == 0 ? 1 : 0);
        std::vector<bool> goes_on(before.size());
        for (const path_edge& e : graph.hops[i].edges) {
            here[e.to] = std::min(most, here[e.to] + before[e.from]);
            goes_on[e.from] = true;
        }
        // Nobody knows which way leads here: one more begins, in place of those that seem to end before it.
        const bool unknown = std::find(here.begin(), here.end(), std::uint64_t{0}) != here.end();
        std::replace(here.begin(), here.end(), std::uint64_t{0}, std::uint64_t{1});
        for (std::size_t v = 0; v < before.size(); ++v) {
            if (!goes_on[v] && (!unknown || graph.hops[i - 1].vertices[v].destination))
                paths = std::min(most, paths + before[v]);
        }
        before = std::move(here);
    }
    for (const std::uint64_t ways : before) paths = std::min(most, paths + ways);
    return static_cast<std::uint32_t>(paths);
}

void draw_paths(std::string& out, const probe::path_graph& graph, const path_drawing_options& options) {
    drawing(out, graph, options).draw();
    const std::uint32_t paths = count_paths(graph);
    fmt::format_to(std::back_inserter(out), "{} path{}", paths, paths == 1 ? "" : "s");
    if (!graph.reached) out += ", none of which is answered by the destination";
    if (graph.bounded) {
        out += "; the search was ended early, there may be more";
    } else {
        fmt::format_to(std::back_inserter(out), "; each balancer's next hops are complete with {} confidence",
                       percent(graph.confidence_each));
        if (graph.confidence < graph.confidence_each) {
            fmt::format_to(std::back_inserter(out), ", all of them with {}", percent(graph.confidence));
        }
    }
    fmt::format_to(std::back_inserter(out), ", {} probes\n", graph.probes);
}

}  // namespace sonde::report
