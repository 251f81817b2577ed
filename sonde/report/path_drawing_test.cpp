#include <gtest/gtest.h>

#include <sonde/report/path_drawing.hpp>
#include <sonde/report/utf8.hpp>

namespace sonde::report {
namespace {

using namespace std::chrono_literals;
using probe::path_edge;
using probe::path_graph;

/// Hops of so many routers, and edges into each hop.
path_graph graph_of(const std::vector<std::uint32_t>& sizes, const std::vector<std::vector<path_edge>>& edges) {
    path_graph g;
    g.reached = true;
    g.confidence_each = g.confidence = 0.95;
    g.probes = 61;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
        auto& hop = g.hops.emplace_back();
        for (std::uint32_t v = 0; v < sizes[i]; ++v) {
            hop.vertices.push_back({.address = ip_address::v4(0x0a000001U + (static_cast<std::uint32_t>(i) << 8) + v),
                                    .rtt = 1ms * (i + 1)});
        }
        if (i > 0) hop.edges = edges[i - 1];
    }
    return g;
}

std::string drawn(const path_graph& g, const path_drawing_options& options = {}) {
    std::string out;
    draw_paths(out, g, options);
    return out;
}

TEST(path_drawing, draws_a_chain) {
    path_graph g = graph_of({1, 1, 1}, {{{0, 0}}, {{0, 0}}});
    g.hops[1].vertices[0] = {};
    g.hops[2].vertices[0].destination = true;
    EXPECT_EQ(drawn(g),
              "  1  ●  10.0.0.1  1.000 ms\n"
              "  2  ○  *\n"
              "  3  ●  10.0.2.1  3.000 ms  destination\n"
              "1 path; each balancer's next hops are complete with 95 % confidence, 61 probes\n");
}

TEST(path_drawing, parts_and_joins) {
    path_graph g = graph_of({1, 3, 1}, {{{0, 0}, {0, 1}, {0, 2}}, {{0, 0}, {1, 0}, {2, 0}}});
    EXPECT_EQ(drawn(g),
              "  1  ●  10.0.0.1  1.000 ms\n"
              "     ├─┬─┐\n"
              "  2  ● │ │  10.0.1.1  2.000 ms\n"
              "     │ ● │  10.0.1.2  2.000 ms\n"
              "     │ │ ●  10.0.1.3  2.000 ms\n"
              "     ├─┴─┘\n"
              "  3  ●  10.0.2.1  3.000 ms\n"
              "3 paths; each balancer's next hops are complete with 95 % confidence, 61 probes\n");
    EXPECT_EQ(drawn(g, {.ascii = true}),
              "  1  o  10.0.0.1  1.000 ms\n"
              "     +-+-+\n"
              "  2  o | |  10.0.1.1  2.000 ms\n"
              "     | o |  10.0.1.2  2.000 ms\n"
              "     | | o  10.0.1.3  2.000 ms\n"
              "     +-+-+\n"
              "  3  o  10.0.2.1  3.000 ms\n"
              "3 paths; each balancer's next hops are complete with 95 % confidence, 61 probes\n");
}

TEST(path_drawing, makes_room_and_gives_it_back) {
    // The first of two parts again, the second goes on; then all three end in one of two.
    const path_graph g = graph_of({1, 2, 3, 2}, {{{0, 0}, {0, 1}}, {{0, 0}, {0, 2}, {1, 1}}, {{0, 0}, {2, 0}, {1, 1}}});
    EXPECT_EQ(drawn(g),
              "  1  ●  10.0.0.1  1.000 ms\n"
              "     ├─┐\n"
              "  2  ● │  10.0.1.1  2.000 ms\n"
              "     │ ●  10.0.1.2  2.000 ms\n"
              "     │ └─┐\n"
              "     ├─┐ │\n"
              "  3  ● │ │  10.0.2.1  3.000 ms\n"
              "     │ ● │  10.0.2.3  3.000 ms\n"
              "     │ │ ●  10.0.2.2  3.000 ms\n"
              "     ├─┘ │\n"
              "     │ ┌─┘\n"
              "  4  ● │  10.0.3.1  4.000 ms\n"
              "       ●  10.0.3.2  4.000 ms\n"
              "3 paths; each balancer's next hops are complete with 95 % confidence, 61 probes\n");
}

TEST(path_drawing, never_draws_a_way_that_is_not_there) {
    // A Z: a line from both to both would be one way too many.
    const path_graph g = graph_of({1, 2, 2}, {{{0, 0}, {0, 1}}, {{0, 0}, {0, 1}, {1, 1}}});
    EXPECT_EQ(drawn(g),
              "  1  ●  10.0.0.1  1.000 ms\n"
              "     ├─┐\n"
              "  2  ● │  10.0.1.1  2.000 ms\n"
              "       ●  10.0.1.2  2.000 ms\n"
              "  3  ●    10.0.2.1  3.000 ms  ← 10.0.1.1\n"
              "       ●  10.0.2.2  3.000 ms  ← 10.0.1.1, 10.0.1.2\n"
              "3 paths; each balancer's next hops are complete with 95 % confidence, 61 probes\n");
}

TEST(path_drawing, ends_a_branch_and_says_what_it_does_not_know) {
    path_graph g = graph_of({1, 2, 1}, {{{0, 0}, {0, 1}}, {{1, 0}}});
    g.hops[1].vertices[0].destination = true;
    g.reached = false;
    g.bounded = true;
    EXPECT_EQ(drawn(g),
              "  1  ●  10.0.0.1  1.000 ms\n"
              "     ├─┐\n"
              "  2  ● │  10.0.1.1  2.000 ms  destination\n"
              "       ●  10.0.1.2  2.000 ms\n"
              "     ┌─┘\n"
              "  3  ●  10.0.2.1  3.000 ms\n"
              "2 paths, none of which is answered by the destination; the search was ended early, there may be more, "
              "61 probes\n");
    path_graph spread = graph_of({1, 2, 2, 1}, {{{0, 0}, {0, 1}}, {}, {{0, 0}, {1, 0}}});
    for (auto& v : spread.hops[1].vertices) v.per_packet = true;
    EXPECT_EQ(count_paths(spread), 2U);
    spread.confidence = 0.9025;
    const std::string text = drawn(spread);
    EXPECT_NE(text.find("10.0.1.1  2.000 ms  per packet"), std::string::npos);
    EXPECT_NE(text.find("95 % confidence, all of them with 90.25 %, 61 probes"), std::string::npos);
}

TEST(path_drawing, keeps_to_the_width) {
    for (const std::uint32_t branches : {2U, 8U, 16U, 20U, 64U}) {
        std::vector<path_edge> out;
        std::vector<path_edge> in;
        for (std::uint32_t i = 0; i < branches; ++i) {
            out.push_back({0, i});
            in.push_back({i, 0});
        }
        const path_graph g = graph_of({1, branches, 1}, {out, in});
        EXPECT_EQ(count_paths(g), branches);
        for (const std::size_t columns : {40U, 80U, 120U}) {
            const std::string text = drawn(g, {.columns = columns});
            const std::size_t last = text.rfind('\n', text.size() - 2);
            for (std::size_t begin = 0, end = 0; (end = text.find('\n', begin)) < last; begin = end + 1) {
                EXPECT_LE(display_width(std::string_view(text).substr(begin, end - begin)), columns);
            }
            EXPECT_EQ(text.find(std::to_string(branches) + " routers") != std::string::npos,
                      branches == 64 || (branches > 8 && columns == 40) || (branches > 6 && columns == 40))
                << branches << " in " << columns;
        }
    }
    EXPECT_EQ(drawn(path_graph{}).find("0 paths"), 0U);
}

TEST(path_drawing, shows_names_and_labels_escaped) {
    path_graph g = graph_of({1}, {});
    probe::hop_extensions extensions;
    extensions.mpls = {{.label = 16001, .bottom_of_stack = true, .ttl = 1}};
    g.hops[0].vertices[0].extensions = std::make_shared<probe::hop_extensions>(extensions);
    const address_note note{.name = "r1\x1b[2J"};
    const std::string text = drawn(g, {.extensions = true, .notes = [&](const ip_address&) { return &note; }});
    EXPECT_NE(text.find("r1\\x1b[2J (10.0.0.1)"), std::string::npos);
    EXPECT_NE(text.find("16001"), std::string::npos);
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

TEST(path_drawing, counts_no_further_than_it_can) {
    std::vector<std::uint32_t> sizes;
    std::vector<std::vector<path_edge>> edges;
    for (int i = 0; i < 40; ++i) {
        sizes.push_back(2);
        edges.push_back({{0, 0}, {0, 1}, {1, 0}, {1, 1}});
    }
    EXPECT_EQ(count_paths(graph_of(sizes, edges)), 0xffff'ffffU);
}

}  // namespace
}  // namespace sonde::report
