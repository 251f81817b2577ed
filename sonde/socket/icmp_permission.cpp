#include <algorithm>
#include <cerrno>
#include <limits>
#include <unistd.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <sonde/socket/icmp_permission.hpp>
#include <sonde/socket/privilege.hpp>
#include <sonde/socket/proc_file.hpp>

namespace sonde::socket {

namespace {

constexpr std::uint32_t largest_group = 2147483647;  // the sysctl's own upper bound
constexpr const char* range_path = "/proc/sys/net/ipv4/ping_group_range";

std::string group_list(const std::vector<gid_t>& groups) {
    constexpr std::size_t shown = 6;
    const auto begin = groups.begin();
    const auto end = begin + static_cast<std::ptrdiff_t>(std::min(groups.size(), shown));
    std::string text = fmt::format("{}", fmt::join(begin, end, ", "));
    if (groups.size() > shown) text += fmt::format(" and {} more", groups.size() - shown);
    return text;
}

std::vector<id_mapping> map_from(const char* path) {
    const auto text = read_proc_file(path);
    return text ? parse_id_map(*text) : std::vector<id_mapping>{};
}

}  // namespace

std::string group_range::to_string() const {
    return fmt::format("{} {}", first, last);
}

std::optional<group_range> parse_group_range(std::string_view text) {
    const auto numbers = parse_numbers(text);
    if (numbers.size() != 2) return std::nullopt;
    return group_range{numbers[0], numbers[1]};
}

result<group_range> ping_group_range() {
    const auto text = read_proc_file(range_path);
    if (!text) return text.error();
    const auto range = parse_group_range(*text);
    if (!range) return failure{fmt::format("cannot make sense of {}", range_path), {}, {}};
    return *range;
}

std::vector<id_mapping> parse_id_map(std::string_view text) {
    std::vector<id_mapping> map;
    while (!text.empty()) {
        const auto end = text.find('\n');
        const auto numbers = parse_numbers(text.substr(0, end));
        if (numbers.size() == 3) map.push_back({numbers[0], numbers[1], numbers[2]});
        if (end == std::string_view::npos) break;
        text.remove_prefix(end + 1);
    }
    return map;
}

bool is_initial_id_map(const std::vector<id_mapping>& map) noexcept {
    return map.size() == 1 && map.front() == id_mapping{0, 0, std::numeric_limits<std::uint32_t>::max()};
}

bool in_user_namespace() {
    const auto text = read_proc_file("/proc/self/uid_map");
    // A fresh namespace whose map is not written yet shows an empty file.
    return text && !is_initial_id_map(parse_id_map(*text));
}

std::vector<gid_t> mapped_groups(std::vector<gid_t> groups, const std::vector<id_mapping>& map) {
    std::erase_if(groups, [&](gid_t group) {
        return std::none_of(map.begin(), map.end(), [&](const id_mapping& m) { return m.covers(group); });
    });
    std::sort(groups.begin(), groups.end());
    groups.erase(std::unique(groups.begin(), groups.end()), groups.end());
    return groups;
}

std::vector<gid_t> process_groups() {
    std::vector<gid_t> groups;
    const int count = ::getgroups(0, nullptr);
    if (count > 0) {
        groups.resize(static_cast<std::size_t>(count));
        groups.resize(static_cast<std::size_t>(std::max(0, ::getgroups(count, groups.data()))));
    }
    groups.push_back(::getegid());
    const auto text = read_proc_file("/proc/self/gid_map");
    return mapped_groups(std::move(groups), text ? parse_id_map(*text) : std::vector<id_mapping>{{0, 0, UINT32_MAX}});
}

bool any_in_range(const std::vector<gid_t>& groups, const group_range& range) noexcept {
    return std::any_of(groups.begin(), groups.end(), [&](gid_t group) { return range.contains(group); });
}

group_range widest_group_range(const std::vector<id_mapping>& gid_map, gid_t group) noexcept {
    for (const auto& m : gid_map) {
        if (m.covers(group)) return {m.inside, std::min(m.inside + (m.count - 1), largest_group)};
    }
    return {0, largest_group};
}

icmp_permission examine_icmp_permission() {
    icmp_permission facts;
    if (const auto range = ping_group_range()) facts.range = *range;
    facts.groups = process_groups();
    if (const auto caps = process_capabilities()) facts.net_raw = caps->is_permitted(capability::net_raw);
    facts.root = ::geteuid() == 0;
    facts.user_namespace = in_user_namespace();
    facts.widest = widest_group_range(map_from("/proc/self/gid_map"), ::getegid());
    facts.binary = binary_path();
    return facts;
}

std::string datagram_refusal(const icmp_permission& facts) {
    if (!facts.range) return "net.ipv4.ping_group_range cannot be read";
    const std::string range = facts.range->to_string();
    if (facts.range->empty()) return fmt::format("net.ipv4.ping_group_range is '{}': nobody may", range);
    if (facts.groups.empty()) {
        return fmt::format(
            "net.ipv4.ping_group_range is '{}' and this user namespace maps none of this process's groups", range);
    }
    if (any_in_range(facts.groups, *facts.range)) {
        return fmt::format(
            "net.ipv4.ping_group_range '{}' includes gid {}, yet the kernel refuses: a seccomp filter or a "
            "security module forbids it",
            range, group_list(facts.groups));
    }
    const bool many = facts.groups.size() > 1;
    return fmt::format("net.ipv4.ping_group_range is '{}' and {} {} {} not in it", range, many ? "gids" : "gid",
                       group_list(facts.groups), many ? "are" : "is");
}

std::vector<std::string> datagram_grants(const icmp_permission& facts) {
    const std::string sudo = facts.root ? "" : "sudo ";
    const std::string range = facts.widest.to_string();
    std::vector<std::string> commands{fmt::format("{}sysctl -w net.ipv4.ping_group_range=\"{}\"", sudo, range)};
    // Inside a user namespace the sysctl goes with the network namespace: there is no boot to survive.
    if (!facts.user_namespace) {
        commands.push_back(
            fmt::format("echo 'net.ipv4.ping_group_range = {}' | {}tee /etc/sysctl.d/60-ping-group-range.conf  # from "
                        "the next boot on",
                        range, sudo));
    }
    commands.push_back(fmt::format("docker run --sysctl net.ipv4.ping_group_range=\"0 {}\" IMAGE", largest_group));
    return commands;
}

std::vector<std::string> net_raw_grants(const icmp_permission& facts) {
    return {fmt::format("{}setcap cap_net_raw+ep {}", facts.root ? "" : "sudo ", shell_word(facts.binary)),
            "docker run --cap-add NET_RAW IMAGE",
            "AmbientCapabilities=CAP_NET_RAW  # in a systemd unit, under [Service]"};
}

failure icmp_permission_failure(const icmp_permission& facts) {
    failure refused;
    refused.what = fmt::format("ICMP datagram sockets are forbidden here: {}; raw sockets need CAP_NET_RAW, which {}",
                               datagram_refusal(facts),
                               facts.net_raw ? "this process has, yet they are refused too" : "this process lacks");
    refused.remedy =
        "To allow ICMP datagram sockets (no privilege is needed then), now, for good, or in a container:\n";
    for (const auto& command : datagram_grants(facts)) refused.remedy += fmt::format("    {}\n", command);
    refused.remedy += "Or to give this program raw sockets, by its file, in a container, or as a service:\n";
    for (const auto& command : net_raw_grants(facts)) refused.remedy += fmt::format("    {}\n", command);
    refused.remedy.pop_back();
    refused.code = std::error_code(EACCES, std::generic_category());
    return refused;
}

failure icmp_permission_failure() {
    return icmp_permission_failure(examine_icmp_permission());
}

failure net_raw_failure(std::string what, int error_number) {
    if (error_number != EPERM && error_number != EACCES) return system_failure(std::move(what), error_number);
    failure refused{fmt::format("{}: {}", what, capability_refusal(capability::net_raw)), {}, {}};
    refused.remedy = "To give this program raw and packet sockets, by its file, in a container, or as a service:";
    for (const auto& command : net_raw_grants(examine_icmp_permission())) {
        refused.remedy += fmt::format("\n    {}", command);
    }
    refused.code = std::error_code(error_number, std::generic_category());
    return refused;
}

}  // namespace sonde::socket
