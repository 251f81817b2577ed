// Scenario files, which people get from other people.
#include <cctype>
#include <string>
#include <string_view>

#include <sonde/sim/network.hpp>
#include <sonde/sim/scenario_check.hpp>
#include <sonde/sim/scenario_file.hpp>
#include <sonde/wire/icmp.hpp>
#include <sonde/wire/ipv4.hpp>
#include <sonde/wire/ipv6.hpp>
#include <sonde/wire/protocol.hpp>
#include <sonde/wire/pseudo_header.hpp>

#include "fuzz.hpp"

namespace {

using sonde::fuzz::require;

void check_one_line(std::string_view text) {
    require(std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; }), "one harmless line");
    require(text.starts_with("a.toml:"), "a line that names its place");
}

/// A chain of thousands is right and slow.
bool has_a_long_number(std::string_view text) {
    std::size_t digits = 0;
    for (const char c : text) {
        digits = std::isdigit(static_cast<unsigned char>(c)) != 0 || c == '_' ? digits + 1 : 0;
        if (digits > 3) return true;
    }
    return false;
}

std::vector<std::byte> echo_request(const sonde::ip_address& to, std::uint8_t ttl) {
    namespace wire = sonde::wire;
    const bool v4 = to.is_v4();
    const auto from = sonde::ip_address::parse(v4 ? "192.0.2.1" : "2001:db8::1").value();
    std::vector<std::byte> message(16);
    const wire::icmp_echo_message echo{.identifier = 1, .sequence = 1, .payload = {}};
    const std::uint8_t protocol = v4 ? wire::ip_protocol::icmp : wire::ip_protocol::icmpv6;
    const wire::pseudo_header addresses{from, to};
    message.resize(echo.emit(to.family(), message, wire::checksum_fill::compute,
                             {v4 ? std::uint16_t{0} : addresses.sum(echo.size(), protocol)}));
    std::vector<std::byte> out(message.size() + 40);
    out.resize(
        v4 ? wire::ipv4_message{.ttl = ttl, .protocol = protocol, .source = from, .destination = to, .payload = message}
                 .emit(out, wire::checksum_fill::compute)
           : wire::ipv6_message{.next_header = protocol,
                                .hop_limit = ttl,
                                .source = from,
                                .destination = to,
                                .payload = message}
                 .emit(out));
    return out;
}

/// Packets to the first of its nodes, for a while.
void carry(const sonde::sim::scenario& s) {
    constexpr std::size_t most = 50;
    if (s.nodes.size() > most || s.links.size() > most || s.changes.size() > most) return;
    sonde::sim::network net(s);
    sonde::time_point now{};
    for (std::size_t n = 0; n < std::min<std::size_t>(s.nodes.size(), 4); ++n) {
        for (const auto& address : s.nodes[n].addresses) {
            (void)sonde::sim::true_paths(s, *s.vantage(), address.address, {}, 16);
            net.send(now, *s.vantage(), echo_request(address.address, static_cast<std::uint8_t>(1 + n)));
            net.send(now, *s.vantage(), echo_request(address.address, 64));
        }
    }
    for (int step = 0; step < 200 && net.next_deadline() != sonde::time_point::max(); ++step) {
        now = std::max(now, net.next_deadline());
        net.advance(now);
        while (net.poll_delivery()) {
        }
        require(net.counts().adds_up(), "what was carried adds up");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    if (text.find("count") != std::string::npos && has_a_long_number(text)) return 0;
    const auto read = sonde::sim::read_scenario(text, "a.toml");
    if (!read) {
        check_one_line(read.error().what);
        require(read.error().what.find("; ") != std::string::npos, "an error that says what was expected");
        return 0;
    }
    for (const auto& warning : read->warnings) check_one_line(warning);
    require(!sonde::sim::check_scenario(read->scenario).error, "what was read is in order");
    carry(read->scenario);
    return 0;
}
