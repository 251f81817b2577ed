#include <chrono>

#include <sonde/report/escape.hpp>
#include <sonde/report/json_line.hpp>
#include <sonde/report/lab_json.hpp>

namespace sonde::report {

namespace {

std::string line(const json& object) {
    std::string out;
    append_json_line(out, object);
    return out;
}

json fates(const std::array<std::uint64_t, sim::fate_count>& ended) {
    json by;
    for (std::size_t i = 0; i < ended.size(); ++i) by[std::string(to_string(static_cast<sim::fate>(i)))] = ended[i];
    return by;
}

json direction(const sim::link_counts& c) {
    return {{"packets", c.packets},
            {"bytes", c.bytes},
            {"carried", c.carried},
            {"lost", c.lost},
            {"queue_full", c.queue_full},
            {"duplicated", c.duplicated},
            {"reordered", c.reordered},
            {"corrupted", c.corrupted},
            {"down", c.down},
            {"on_the_way", c.on_the_way}};
}

json nodes_of(const sim::network& n) {
    json all = json::array();
    const auto& nodes = n.scenario().nodes;
    for (sim::node_index i = 0; i < nodes.size(); ++i) {
        const auto& c = n.node(i);
        if (c.received + c.originated == 0) continue;
        all.push_back({{"name", escape_text(nodes[i].name)},
                       {"received", c.received},
                       {"forwarded", c.forwarded},
                       {"originated", c.originated},
                       {"errors_held_back", c.errors_held_back},
                       {"ended", fates(c.ended)}});
    }
    return all;
}

json links_of(const sim::network& n) {
    json all = json::array();
    const auto& links = n.scenario().links;
    for (sim::link_index i = 0; i < links.size(); ++i) {
        if (n.link(i).packets + n.link(i, true).packets == 0) continue;
        all.push_back({{"name", escape_text(links[i].name)},
                       {"there", direction(n.link(i))},
                       {"back", direction(n.link(i, true))}});
    }
    return all;
}

}  // namespace

std::string lab_ready_json(wall_time time, const lab_setup& s) {
    json event = json_event("lab_ready", time);
    event["scenario"] = escape_text(s.scenario);
    event["device"] = escape_text(s.device);
    event["kind"] = s.kind;
    event["nodes"] = s.content.nodes.size();
    event["links"] = s.content.links.size();
    event["populations"] = s.content.populations.size();
    event["addresses"] = json::array();
    for (const auto& a : s.addresses) event["addresses"].push_back(a);
    event["routes"] = json::array();
    for (const auto& r : s.routes) event["routes"].push_back(r);
    return line(event);
}

std::string lab_summary_json(wall_time time, const lab_view& v) {
    const auto& c = v.network.counts();
    json event = json_event("lab_summary", time);
    event["scenario"] = escape_text(v.scenario);
    event["device"] = escape_text(v.device);
    event["elapsed_ms"] = std::chrono::duration<double, std::milli>{v.elapsed}.count();
    event["read"] = v.counts.read;
    event["neighbours"] = v.counts.neighbours;
    event["ignored"] = v.counts.ignored;
    event["delivered"] = v.counts.delivered;
    event["written"] = v.counts.written;
    event["write_failed"] = v.counts.write_failed;
    event["elsewhere"] = v.counts.elsewhere;
    event["injected"] = c.injected;
    event["originated"] = c.originated;
    event["duplicated"] = c.duplicated;
    event["fragmented"] = c.fragmented;
    event["reassembled"] = c.reassembled;
    event["forwarded"] = c.forwarded;
    event["on_the_way"] = c.on_the_way;
    event["ended"] = fates(c.ended);
    event["nodes"] = nodes_of(v.network);
    event["links"] = links_of(v.network);
    return line(event);
}

}  // namespace sonde::report
