#include <algorithm>
#include <cstdlib>
#include <string_view>

#include <fmt/format.h>

#include <sonde/report/shown_address.hpp>
#include <sonde/report/verdict_text.hpp>

namespace sonde::report {
namespace {

/// Never a nought or a hundred that it is not.
std::string missing(const probe::verdict& v) {
    const std::uint64_t lost = v.asked - std::min(v.answered, v.asked);
    const std::uint64_t percent = v.asked == 0 ? 0 : (200 * lost + v.asked) / (2 * v.asked);
    if (percent == 0 && lost > 0) return "less than 1 %";
    if (percent == 100 && v.answered > 0) return "more than 99 %";
    return fmt::format("{} %", percent);
}

std::string hops(std::int64_t count) {
    return fmt::format("{} hop{}", count, count == 1 ? "" : "s");
}

}  // namespace

std::string verdict_text(const probe::verdict& v, const address_notes& notes) {
    using probe::verdict_kind;
    const std::string who = shown_address(v.address, notes);
    const std::string hop =
        v.address == ip_address{} ? fmt::format("hop {}", v.ttl) : fmt::format("hop {} ({})", v.ttl, who);
    switch (v.kind) {
        case verdict_kind::rate_limited:
            return fmt::format(
                "{} limits its own answers: {} of {} are missing, but packets to the hops behind it pass: "
                "not packet loss",
                hop, missing(v), v.asked);
        case verdict_kind::loss:
            return fmt::format("packets are lost from {} on, and at every hop behind it: {} of {} at the last", hop,
                               missing(v), v.asked);
        case verdict_kind::path_changed:
            return fmt::format(
                "the path changed during the trace: {} answers since round {}, another router did before", hop,
                v.value + 1);
        case verdict_kind::per_packet:
            return fmt::format(
                "several routers answer in turn at {}: the one before it balances packet by packet, so "
                "what is shown from here on may be several paths",
                hop);
        case verdict_kind::asymmetric:
            return fmt::format(
                "the way back from {} is about {} {} than the way there, judged by the hop limit of the "
                "answers: a delay or loss seen here may be on the way back",
                hop, hops(std::abs(v.value)), v.value > 0 ? "longer" : "shorter");
        case verdict_kind::loop:
            return fmt::format("packets go in a circle: {} answers at hop {} again", hop, v.value);
        case verdict_kind::last_hop:
            return fmt::format("{} is the last that answered: what is wrong, or filtered, is there or behind it", hop);
        case verdict_kind::nat:
            return fmt::format(
                "addresses or ports are translated (NAT) before {}: it quotes another packet than was sent", hop);
        case verdict_kind::mtu_shrinks:
            return v.address == ip_address{}
                       ? fmt::format(
                             "packets of more than {} bytes vanish behind {}, and nobody says so (a path MTU "
                             "black hole)",
                             v.value, hop)
                       : fmt::format("behind {} only packets of up to {} bytes pass", hop, v.value);
        case verdict_kind::tos_rewritten:
            return fmt::format("the traffic class is changed before {}: it arrives there as 0x{:02x}", hop, v.value);
        case verdict_kind::short_quotes:
            return fmt::format("{} quotes so little that probes were told apart by asking one at a time", hop);
        case verdict_kind::hidden_tunnel:
            return fmt::format("a tunnel that does not show its hops ends before {}: {} or more are not seen", hop,
                               hops(v.value - 1));
        case verdict_kind::silent_target:
            return fmt::format(
                "{} does not answer, but the path up to hop {}, beside it, does: the target is off, "
                "filtered, or not there",
                who, v.ttl);
        case verdict_kind::admin_prohibited:
            return fmt::format("a filter at {} rejects the packets, and says so (administratively prohibited)", hop);
    }
    return hop;
}

}  // namespace sonde::report
