#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <utility>

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

/// `7`, `3 and 7`, `3, 7 and 12`.
std::string listed(const std::vector<unsigned>& numbers) {
    std::string text;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        const std::string_view before = i == 0 ? "" : i + 1 == numbers.size() ? " and " : ", ";
        text += fmt::format("{}{}", before, numbers[i]);
    }
    return text;
}

std::string silence_text(const std::vector<unsigned>& ttls) {
    return ttls.size() == 1
               ? fmt::format(
                     "hop {} does not answer, but passes packets on: hops behind it answer, so its silence is "
                     "no fault",
                     ttls.front())
               : fmt::format(
                     "hops {} do not answer, but pass packets on: hops behind them answer, so their silence is "
                     "no fault",
                     listed(ttls));
}

/// At the end of a clause, and in the middle of one.
std::pair<std::string, std::string> hop_words(const probe::verdict& v, const std::string& who) {
    std::string hop = fmt::format("hop {}", v.ttl);
    if (v.address == ip_address{}) return {hop, hop};
    // No brackets within brackets.
    if (who == v.address.to_string()) return {hop + " (" + who + ")", hop + " (" + who + ")"};
    hop += ", " + who;
    return {hop, hop + ","};
}

}  // namespace

std::string verdict_text(const probe::verdict& v, const address_notes& notes) {
    using probe::verdict_kind;
    const std::string who = shown_address(v.address, notes);
    const auto [hop, hop_here] = hop_words(v, who);
    switch (v.kind) {
        case verdict_kind::rate_limited:
            return fmt::format(
                "{} limits its own answers: {} of {} are missing because it makes only so many a second, which is not "
                "packet loss",
                hop_here, missing(v), v.asked);
        case verdict_kind::loss:
            return fmt::format("packets are lost at {} and at every hop behind it: {} of {} at the last", hop_here,
                               missing(v), v.asked);
        case verdict_kind::path_changed:
            return fmt::format(
                "the path changed during the trace: {} answers since round {}, another router did before", hop_here,
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
                hop_here, hops(std::abs(v.value)), v.value > 0 ? "longer" : "shorter");
        case verdict_kind::loop:
            return fmt::format("packets go in a circle: {} answers at hop {} again", hop_here, v.value);
        case verdict_kind::last_hop:
            return fmt::format("{} is the last that answered: what is wrong, or filtered, is there or behind it",
                               hop_here);
        case verdict_kind::nat:
            return fmt::format(
                "addresses or ports are translated (NAT) before {}: it quotes another packet than was sent", hop);
        case verdict_kind::mtu_shrinks:
            return v.address == ip_address{}
                       ? fmt::format(
                             "packets of more than {} bytes vanish behind {}, and nobody says so (a path MTU "
                             "black hole)",
                             v.value, hop)
                       : fmt::format("behind {} only packets of up to {} bytes pass", hop_here, v.value);
        case verdict_kind::tos_rewritten:
            return fmt::format("the traffic class is changed before {}: it arrives there as 0x{:02x}", hop, v.value);
        case verdict_kind::short_quotes:
            return fmt::format("{} quotes so little that probes were told apart by asking one at a time", hop_here);
        case verdict_kind::hidden_tunnel:
            return fmt::format("a tunnel that does not show its hops ends before {}: {} or more are not seen", hop,
                               hops(v.value - 1));
        case verdict_kind::silent_target:
            return fmt::format(
                "{} does not answer, but the path up to hop {}, beside it, does: the target is off, "
                "filtered, or not there",
                who, v.ttl);
        case verdict_kind::admin_prohibited:
            return fmt::format("a filter at {} rejects the packets, and says so (administratively prohibited)",
                               hop_here);
        case verdict_kind::few_answers:
            return fmt::format(
                "{} did not answer {} of {} probes, but all {} to the hops behind it were answered: no sign of packet "
                "loss, routers limit such answers",
                hop_here, v.asked - std::min(v.answered, v.asked), v.asked, v.value);
        case verdict_kind::silent_hop:
            return silence_text({v.ttl});
    }
    return hop;
}

std::vector<std::string> verdict_lines(std::span<const probe::verdict> verdicts, const address_notes& notes) {
    std::vector<unsigned> silent;
    for (const auto& v : verdicts) {
        if (v.kind == probe::verdict_kind::silent_hop) silent.push_back(v.ttl);
    }
    std::vector<std::string> lines;
    bool told = false;
    for (const auto& v : verdicts) {
        if (v.kind != probe::verdict_kind::silent_hop) {
            lines.push_back(verdict_text(v, notes));
        } else if (!std::exchange(told, true)) {
            lines.push_back(silence_text(silent));
        }
    }
    return lines;
}

}  // namespace sonde::report
