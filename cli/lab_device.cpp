#include <algorithm>
#include <cerrno>
#include <poll.h>
#include <unistd.h>

#include <cli/lab_device.hpp>
#include <fmt/format.h>

#include <sonde/report/escape.hpp>
#include <sonde/socket/interface.hpp>
#include <sonde/socket/neighbour.hpp>
#include <sonde/socket/network_namespace.hpp>
#include <sonde/socket/privilege.hpp>
#include <sonde/socket/route.hpp>

namespace sonde::cli {

namespace {

using socket::network_interface;

/// Whoever may make no device is told how to get one.
failure with_advice(failure f, const lab_settings& s, const lab_plan& plan) {
    if (f.code.value() != EPERM || socket::interface_index(s.device) != 0) return f;
    f.remedy = fmt::format(
        "In a network namespace of this user's own, which needs no privilege:\n"
        "    unshare -Urn sonde lab {}{}\n"
        "or once as root, a device that needs none from then on:\n    {}{}\n    sonde lab {}{} --name lab0",
        socket::shell_word(s.file), s.kind == socket::tun_kind::tap ? " --tap" : "", socket::sudo_prefix(),
        fitting_device(plan, s.kind, "lab0", fmt::to_string(::geteuid())), socket::shell_word(s.file),
        s.kind == socket::tun_kind::tap ? " --tap" : "");
    return f;
}

/// IPv6 is off on this machine (as in many containers), or for this interface, or its MTU is too small.
bool says_no_v6(const failure& f) noexcept {
    const int why = f.code.value();
    return why == EACCES || why == EINVAL || why == EAFNOSUPPORT || why == EOPNOTSUPP;
}

/// Why there is no IPv6, where there is none and IPv4 can do without; that is taken out of the plan then.
result<std::string> add_addresses(std::uint32_t index, lab_plan& plan) {
    const bool has_v4 = std::ranges::any_of(plan.addresses, [](const auto& a) { return a.address.is_v4(); });
    const auto all = plan.addresses;
    for (const auto& a : all) {
        const auto done = socket::add_address(index, a);
        if (done) continue;
        if (a.address.is_v4() || !has_v4 || !says_no_v6(done.error())) return done.error();
        plan.leave_out(family::v6);
        return result<std::string>(boost::system::in_place_value, done.error().what);
    }
    return result<std::string>(boost::system::in_place_value);
}

result<void> set_up(std::uint32_t index, const lab_settings& s, lab_plan& plan, std::string& without_v6) {
    // No address that the kernel makes up, and no questions for routers with it.
    auto up = socket::change_link(index, {.up = true, .mtu = plan.mtu, .link_local = false});
    // Without IPv6 there is none to make up.
    if (!up && up.error().code.value() == EAFNOSUPPORT) {
        up = socket::change_link(index, {.up = true, .mtu = plan.mtu});
    }
    if (!up) return up.error();
    // IPv4 first: what comes after is left out where there is no IPv6.
    std::stable_partition(plan.addresses.begin(), plan.addresses.end(),
                          [](const auto& a) { return a.address.is_v4(); });
    auto added = add_addresses(index, plan);
    if (!added) return added.error();
    without_v6 = std::move(*added);
    for (const auto& r : plan.routes(s.kind)) {
        if (const auto done = socket::add_route(index, r); !done) {
            failure f = done.error();
            if (f.code.value() == EEXIST) {
                f.remedy =
                    "Another interface has that prefix. In a network namespace of its own the lab disturbs "
                    "nobody:\n    unshare -Urn";
            }
            return f;
        }
    }
    return {};
}

/// A device that was there takes up its link in the kernel's own time, and drops what is sent before.
void wait_until_running(network_interface& i) {
    constexpr int patience_ms = 3000;
    for (int waited = 0; i.up && !i.running && waited < patience_ms; ++waited) {
        ::poll(nullptr, 0, 1);
        if (auto now = socket::find_interface(i.name)) i = std::move(*now);
    }
}

/// Some address of it; prefixes of one address have no hosts beside.
ip_address sample_of(const prefix& p) {
    return p.host_count() > 0 ? p.host(0) : p.network();
}

void note_lacking(lab_device& d, const network_interface& i, const lab_settings& s, const lab_plan& plan) {
    const std::string name = socket::shell_word(i.name);
    const auto lack = [&d](const std::string& command) {
        d.lacking += fmt::format("{}    {}", d.lacking.empty() ? "" : "\n", command);
        ++d.lacks;
    };
    const auto ip_of = [](const ip_address& a) { return a.is_v4() ? "ip" : "ip -6"; };
    if (!i.up) lack(fmt::format("ip link set {} up", name));
    for (const auto& a : plan.addresses) {
        const bool there = std::ranges::any_of(
            i.addresses, [&a](const socket::interface_address& own) { return own.address.same_octets(a.address); });
        if (!there) lack(fmt::format("{} addr add {} dev {}", ip_of(a.address), a.to_string(), name));
    }
    for (const auto& r : plan.routes(s.kind)) {
        const auto hop = socket::next_hop_towards(sample_of(r.to), 0);
        if (hop && hop->interface == i.index) continue;
        lack(fmt::format("{} route add {} dev {}", ip_of(r.to.network()), r.to_string(), name));
    }
}

}  // namespace

result<lab_device> open_lab_device(const lab_settings& s, lab_plan& plan) {
    if (!s.network_namespace.empty()) {
        if (const auto done = socket::enter_network_namespace(s.network_namespace); !done) return done.error();
    }
    auto opened = socket::tun_tap::open({.name = s.device, .kind = s.kind});
    if (!opened) return with_advice(opened.error(), s, plan);
    lab_device d{.tap = std::move(*opened)};
    const std::uint32_t index = socket::interface_index(d.tap.name());
    if (d.tap.made()) {
        if (const auto done = set_up(index, s, plan, d.without_v6); !done) return done.error();
    }
    auto there = socket::find_interface(d.tap.name());
    if (!there) return there.error();
    wait_until_running(*there);
    d.station = there->mac;
    if (!d.tap.made()) note_lacking(d, *there, s, plan);
    return d;
}

std::vector<std::string> overlaps(const lab_plan& plan, std::string_view device) {
    std::vector<std::string> found;
    const auto all = socket::interfaces();
    if (!all) return found;
    for (const auto& i : *all) {
        if (i.name == device || i.loopback || !i.up) continue;
        for (const auto& a : i.addresses) {
            if (a.address.is_link_local()) continue;
            const prefix link = socket::link_address_setting{a.address, a.prefix_length}.link();
            for (const auto& p : plan.prefixes) {
                if (!p.contains(link.network()) && !link.contains(p.network())) continue;
                found.push_back(fmt::format("{}/{} is also within {}/{} on {}", p.network().to_string(), p.length(),
                                            link.network().to_string(), link.length(), report::escape_text(i.name)));
            }
        }
    }
    return found;
}

}  // namespace sonde::cli
