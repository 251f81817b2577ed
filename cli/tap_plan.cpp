#include <algorithm>

#include <cli/tap_plan.hpp>
#include <fmt/format.h>

#include <sonde/socket/privilege.hpp>

namespace sonde::cli {

namespace {

using socket::shell_word;

std::string_view ip_command(const ip_address& address) noexcept {
    return address.is_v4() ? "ip" : "ip -6";
}

/// One word for the shell, in single quotes where it has a space or such: what is in it holds none itself.
std::string quoted(std::string_view words) {
    return fmt::format("'{}'", words);
}

}  // namespace

std::string masquerade_table(std::string_view device) {
    return fmt::format("inet sonde_{}", device);
}

std::vector<std::string> masquerade_commands(const tap_creation& c) {
    const std::string table = masquerade_table(c.name);
    // `create`, because what an earlier device of that name left behind is not ours to add to.
    std::vector<std::string> commands{
        fmt::format("create table {}", table),
        fmt::format("add chain {} postrouting {{ type nat hook postrouting priority srcnat; }}", table)};
    for (const auto& a : c.addresses) {
        if (a.address.is_link_local()) continue;
        const prefix p = a.link();
        commands.push_back(fmt::format("add rule {} postrouting {} saddr {}/{} oifname != \"{}\" masquerade", table,
                                       a.address.is_v4() ? "ip" : "ip6", p.network().to_string(), p.length(), c.name));
    }
    return commands;
}

std::vector<family> masqueraded_families(const tap_creation& c) {
    std::vector<family> families;
    if (!c.masquerade) return families;
    for (const family f : {family::v4, family::v6}) {
        const bool any = std::ranges::any_of(c.addresses, [f](const socket::link_address_setting& a) {
            return a.address.family() == f && !a.address.is_link_local();
        });
        if (any) families.push_back(f);
    }
    return families;
}

std::string creation_script(const tap_creation& c) {
    const std::string name = shell_word(c.name);
    std::string text = fmt::format("ip tuntap add name {} mode {}", name, to_string(c.kind));
    if (c.owner) text += fmt::format(" user {}", shell_word(c.owner->name));
    if (c.group) text += fmt::format(" group {}", shell_word(c.group->name));
    text += '\n';
    if (c.mtu) text += fmt::format("ip link set {} mtu {}\n", name, *c.mtu);
    text += fmt::format("ip link set {} up\n", name);
    for (const auto& a : c.addresses) {
        text += fmt::format("{} addr add {} dev {}{}\n", ip_command(a.address), a.to_string(), name,
                            a.address.is_v4() ? "" : " nodad");
    }
    for (const auto& r : c.routes) {
        text += fmt::format("{} route add {} dev {}\n", ip_command(r.to.network()), r.to_string(), name);
    }
    if (c.masquerade) {
        for (const auto& command : masquerade_commands(c)) text += fmt::format("nft {}\n", quoted(command));
        for (const family f : masqueraded_families(c)) {
            const auto& s = *std::ranges::find(forwarding_switches, f, &forwarding_switch::of);
            text += fmt::format("sysctl -w {}=1\n", s.name);
        }
    }
    return text;
}

std::string deletion_script(std::string_view device, bool masquerade, const std::vector<forwarding_value>& after) {
    std::string text;
    if (masquerade) text += fmt::format("nft {}\n", quoted("delete table " + masquerade_table(device)));
    for (const auto& f : after) text += fmt::format("sysctl -w {}={}\n", f.which->name, f.value);
    return text + fmt::format("ip link delete {}\n", shell_word(device));
}

}  // namespace sonde::cli
