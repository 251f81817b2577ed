#include <algorithm>
#include <iterator>
#include <vector>

#include <fmt/format.h>

#include <sonde/report/escape.hpp>
#include <sonde/report/milliseconds.hpp>
#include <sonde/report/trace_letters.hpp>
#include <sonde/report/trace_text.hpp>

namespace sonde::report {
namespace {

using probe::probe_fate;
using probe::probe_result;

template <class... Args>
void append(std::string& out, fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out), format, std::forward<Args>(args)...);
}

std::vector<const probe_result*> columns_of(const probe::hop_report& hop, std::size_t columns) {
    std::vector<const probe_result*> shown;
    shown.reserve(hop.probes.size());
    std::size_t surplus = hop.probes.size() > columns ? hop.probes.size() - columns : 0;
    for (const probe_result& p : hop.probes) {
        if (surplus > 0 && p.fate != probe_fate::answered) {
            --surplus;
        } else {
            shown.push_back(&p);
        }
    }
    return shown;
}

bool same_extensions(const probe::hop_answer& a, const probe::hop_answer& b) {
    if (a.extensions == nullptr || b.extensions == nullptr) return a.extensions == b.extensions;
    return *a.extensions == *b.extensions;
}

}  // namespace

void trace_text::header(std::string& out, const target_view& target, unsigned max_hops, std::size_t packet_size) const {
    append(out, "traceroute to {} ({}), {} hops max, {} byte packets\n", escape_text(target.label),
           escape_text(target.address.value_or(ip_address{}).to_string()), max_hops, packet_size);
}

void trace_text::address(std::string& out, const probe::hop_answer& answer, const address_notes& notes) const {
    const std::string numeric = escape_text(answer.from.to_string());
    const address_note* note = notes ? notes(answer.from) : nullptr;
    if (options_.numeric) {
        append(out, " {}", numeric);
    } else {
        append(out, " {} ({})", note == nullptr || note->name.empty() ? numeric : escape_text(note->name), numeric);
    }
    if (options_.systems) {
        const bool known = note != nullptr && note->autonomous_system != 0;
        out += known ? fmt::format(" [AS{}]", note->autonomous_system) : " [*]";
    }
    if (options_.countries) {
        const bool known = note != nullptr && !note->country.empty();
        append(out, " [{}]", known ? escape_text(note->country) : "*");
    }
    if (!options_.extensions || answer.extensions == nullptr) return;
    const std::string text = extension_text(*answer.extensions);
    if (!text.empty()) append(out, " <{}>", text);
}

void trace_text::hop(std::string& out, const probe::hop_report& hop, const address_notes& notes,
                     std::optional<std::uint32_t> mtu) const {
    append(out, "{:2} ", hop.ttl);
    const probe::hop_answer* before = nullptr;
    const auto shown = columns_of(hop, options_.queries);
    for (const probe_result* p : shown) {
        if (p->fate != probe_fate::answered) {
            out += " *";
            continue;
        }
        const probe::hop_answer& a = p->answer;
        const bool differs = before == nullptr || !before->from.same_octets(a.from) ||
                             (options_.extensions && !same_extensions(*before, a));
        if (differs) address(out, a, notes);
        before = &a;
        append(out, "  {} ms", milliseconds_text(a.rtt));
        const std::string mark = trace_mark(a.from.family(), a);
        if (!mark.empty()) append(out, " {}", mark);
    }
    for (std::size_t i = shown.size(); i < options_.queries; ++i) out += " *";
    if (mtu) append(out, "  pmtu {}", *mtu);
    out += '\n';
}

}  // namespace sonde::report
