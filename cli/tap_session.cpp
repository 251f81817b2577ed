#include <algorithm>
#include <cerrno>
#include <csignal>

#include <cli/command.hpp>
#include <cli/nft_session.hpp>
#include <cli/output.hpp>
#include <cli/tap_plan.hpp>
#include <cli/tap_record.hpp>
#include <cli/tap_session.hpp>
#include <fmt/format.h>

#include <sonde/socket/privilege.hpp>
#include <sonde/socket/proc_file.hpp>
#include <sonde/socket/route.hpp>

namespace sonde::cli {

namespace {

using socket::shell_word;
using socket::tun_device;

constexpr std::string_view create_title = "sonde tap create";
constexpr std::string_view delete_title = "sonde tap delete";

/// A signal that ends the process waits until what belongs together is done or undone: that is milliseconds.
class signals_held {
public:
    signals_held() noexcept {
        sigset_t held;
        sigemptyset(&held);
        for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) sigaddset(&held, number);
        ::sigprocmask(SIG_BLOCK, &held, &former_);
    }
    signals_held(const signals_held&) = delete;
    signals_held& operator=(const signals_held&) = delete;
    ~signals_held() { ::sigprocmask(SIG_SETMASK, &former_, nullptr); }

private:
    sigset_t former_{};
};

/// The records of our devices but for the one of that name.
std::vector<tap_record> records_beside(const std::vector<tun_device>& devices, std::string_view name) {
    std::vector<tap_record> records;
    for (const auto& d : devices) {
        if (d.name == name) continue;
        if (const auto record = tap_record::from_alias(d.alias)) records.push_back(*record);
    }
    return records;
}

result<void> set_forwarding(const forwarding_switch& s, std::uint32_t value) {
    int why = 0;
    {
        const socket::scoped_capability guard(socket::capability::net_admin);
        why = socket::write_number(s.path, value);
    }
    if (why == 0) return {};
    return system_failure(
        fmt::format("cannot set {}={}{}", s.name, value, why == EROFS ? " (/proc/sys is mounted read-only here)" : ""),
        why, fmt::format("By hand:\n    {}sysctl -w {}={}", socket::sudo_prefix(), s.name, value));
}

/// Undoes what does not go with the device by itself, in reverse, unless it is told that all went well.
class masquerade_undo {
public:
    explicit masquerade_undo(const tap_creation& c) : device_(c.name) {}
    masquerade_undo(const masquerade_undo&) = delete;
    masquerade_undo& operator=(const masquerade_undo&) = delete;
    ~masquerade_undo() {
        for (const auto& f : forwarding_) (void)set_forwarding(*f.which, f.value);
        if (table_) (void)run_nft("delete table " + masquerade_table(device_));
    }

    void table_made() noexcept { table_ = true; }
    void forwarding_was(const forwarding_switch& s, std::uint32_t value) {
        forwarding_.insert(forwarding_.begin(), {&s, value});
    }
    void keep() noexcept {
        table_ = false;
        forwarding_.clear();
    }

private:
    std::string device_;
    bool table_ = false;
    std::vector<forwarding_value> forwarding_;
};

/// The record with what forwarding was.
result<tap_record> make_record(const tap_creation& c, const std::vector<tun_device>& devices) {
    tap_record record{.masquerade = c.masquerade};
    const auto others = records_beside(devices, c.name);
    for (const auto& s : forwarding_switches) {
        if (!std::ranges::count(masqueraded_families(c), s.of)) continue;
        const auto now = socket::read_number(s.path);
        if (!now) {
            return failure{fmt::format("cannot read {}: this kernel does not forward that family", s.name), {}, {}};
        }
        record.forwarding(s.of) = forwarding_before(s.of, others, *now);
    }
    return record;
}

result<void> make_masquerade(const tap_creation& c, masquerade_undo& undo) {
    std::string commands;
    for (const auto& command : masquerade_commands(c)) commands += command + '\n';
    const auto there = has_nft_table(masquerade_table(c.name));
    if (!there) return there.error();
    if (*there) {
        return failure{
            fmt::format("nftables has a table '{}' already, from an earlier device of that name",
                        masquerade_table(c.name)),
            fmt::format("To delete it:\n    {}sonde tap delete {}", socket::sudo_prefix(), shell_word(c.name)),
            std::error_code(EEXIST, std::generic_category())};
    }
    if (const auto made = run_nft(commands); !made) return made.error();
    undo.table_made();
    for (const auto& s : forwarding_switches) {
        if (!std::ranges::count(masqueraded_families(c), s.of)) continue;
        const std::uint32_t now = socket::read_number(s.path).value_or(0);
        if (now != 0) continue;
        if (const auto set = set_forwarding(s, 1); !set) return set.error();
        undo.forwarding_was(s, now);
    }
    return {};
}

/// The device is no longer than its descriptor until the last step keeps it: what fails before leaves nothing of it.
result<void> create(const tap_creation& c) {
    // Who lacks it may not even open /dev/net/tun everywhere, and to be let in there would not help.
    const auto capabilities = socket::process_capabilities();
    if (capabilities && !capabilities->is_permitted(socket::capability::net_admin)) {
        return failure{
            fmt::format("{}: {}", shell_word(c.name), socket::capability_refusal(socket::capability::net_admin)),
            fmt::format("As root, once for its user; or see what root would do:\n"
                        "    {0}sonde tap create {1} ...\n    sonde tap create {1} ... --dry-run",
                        socket::sudo_prefix(), shell_word(c.name)),
            std::error_code(EPERM, std::generic_category())};
    }
    const signals_held held;
    const auto devices = socket::tun_devices();
    if (!devices) return devices.error();
    const auto record = make_record(c, *devices);
    if (!record) return record.error();
    auto device = socket::tun_tap::open({.name = c.name, .kind = c.kind, .must_be_new = true});
    if (!device) return device.error();
    const std::uint32_t index = socket::interface_index(device->name());

    if (c.owner) {
        if (const auto done = device->set_owner(c.owner->uid); !done) return done.error();
    }
    if (c.group) {
        if (const auto done = device->set_group(c.group->gid); !done) return done.error();
    }
    if (const auto done = socket::change_link(index, {.up = true, .mtu = c.mtu, .alias = record->to_alias()}); !done) {
        return done.error();
    }
    for (const auto& a : c.addresses) {
        if (const auto done = socket::add_address(index, a); !done) return done.error();
    }
    for (const auto& r : c.routes) {
        if (const auto done = socket::add_route(index, r); !done) return done.error();
    }
    masquerade_undo undo(c);
    if (c.masquerade) {
        if (const auto done = make_masquerade(c, undo); !done) return done.error();
    }
    if (const auto done = device->set_persistent(true); !done) return done.error();
    undo.keep();
    return {};
}

std::string creation_line(const tap_creation& c) {
    std::string whose;
    if (c.owner) whose = fmt::format("of user {}", shell_word(c.owner->name));
    if (c.group) whose += fmt::format("{}of group {}", whose.empty() ? "" : ", ", shell_word(c.group->name));
    std::string text = fmt::format("{}: {} device {}", shell_word(c.name), to_string(c.kind), whose);
    for (const auto& a : c.addresses) text += fmt::format(", {}", a.to_string());
    if (!c.routes.empty()) text += fmt::format(", {} route{}", c.routes.size(), c.routes.size() == 1 ? "" : "s");
    if (c.masquerade) text += ", masqueraded";
    return text + '\n';
}

// --- delete -------------------------------------------------------------------------------------------------------

failure not_ours(const tun_device& d) {
    const std::string name = shell_word(d.name);
    return {fmt::format("{} was not made by sonde", name),
            fmt::format("To delete it all the same:\n    {}sonde tap delete {} --force", socket::sudo_prefix(), name),
            std::error_code(EPERM, std::generic_category())};
}

failure in_use(const tun_device& d) {
    const std::string name = shell_word(d.name);
    return {fmt::format("{} is in use: a program is attached to it", name),
            fmt::format("To delete it under its feet:\n    {}sonde tap delete {} --force", socket::sudo_prefix(), name),
            std::error_code(EBUSY, std::generic_category())};
}

result<void> delete_table(std::string_view device) {
    const std::string table = masquerade_table(device);
    const auto there = has_nft_table(table);
    if (!there) return there.error();
    if (!*there) return {};
    if (const auto done = run_nft("delete table " + table); !done) return done.error();
    return {};
}

std::vector<forwarding_value> forwarding_to_restore(const tap_record& going, const std::vector<tap_record>& others) {
    std::vector<forwarding_value> values;
    for (const auto& s : forwarding_switches) {
        const auto now = socket::read_number(s.path);
        if (!now) continue;
        if (const auto after = forwarding_after(s.of, going, others, *now)) values.push_back({&s, *after});
    }
    return values;
}

/// The device went in another way, and its table is still there. The exit code.
int delete_leftover(const tap_deletion& d) {
    const bool nothing = socket::interface_index(d.name) != 0;
    if (nothing) {
        print_error(delete_title, fmt::format("{} is no TUN or TAP device", shell_word(d.name)));
        return exit_trouble;
    }
    const auto there = has_nft_table(masquerade_table(d.name));
    if (there && *there) {
        if (d.dry_run) {
            const std::string text = fmt::format("nft 'delete table {}'\n", masquerade_table(d.name));
            return write_out(text) ? exit_yes : exit_trouble;
        }
        if (const auto done = delete_table(d.name); !done) {
            print_failure(delete_title, done.error());
            return exit_trouble;
        }
        print_error(delete_title, fmt::format("{} was gone already; its nftables table is deleted now. What forwarding "
                                              "was before went with the device: it stays as it is",
                                              shell_word(d.name)));
        return exit_yes;
    }
    print_error(delete_title,
                fmt::format("there is no device {}; 'sonde tap list' shows those that are there", shell_word(d.name)));
    return exit_no;
}

// The device last: it holds the record of what is to be undone, so that a failure before can be tried again.
result<void> delete_device(const tun_device& device, const tap_record& record,
                           const std::vector<forwarding_value>& after) {
    const signals_held held;
    if (record.masquerade) {
        if (const auto done = delete_table(device.name); !done) return done.error();
    }
    for (const auto& f : after) {
        if (const auto done = set_forwarding(*f.which, f.value); !done) return done.error();
    }
    return socket::delete_link(device.index);
}

}  // namespace

int run_tap_creation(const tap_creation& c) {
    if (c.dry_run) return write_out(creation_script(c)) ? exit_yes : exit_trouble;
    if (const auto done = create(c); !done) {
        print_failure(create_title, done.error());
        return exit_trouble;
    }
    if (std::ranges::count(masqueraded_families(c), family::v6)) {
        // The kernel stops listening to routers when it becomes one (accept_ra=1): the uplink's IPv6 route may go.
        print_error(create_title,
                    "IPv6 forwarding is on: where this machine has its IPv6 route from router advertisements, its "
                    "uplink needs net.ipv6.conf.UPLINK.accept_ra=2 to keep it");
    }
    return write_out(creation_line(c)) ? exit_yes : exit_trouble;
}

int run_tap_deletion(const tap_deletion& d) {
    const auto devices = socket::tun_devices();
    if (!devices) {
        print_failure(delete_title, devices.error());
        return exit_trouble;
    }
    const auto found = std::ranges::find(*devices, d.name, &tun_device::name);
    if (found == devices->end()) return delete_leftover(d);
    const auto record = tap_record::from_alias(found->alias);
    const auto refuse = [](const failure& f) {
        print_failure(delete_title, f);
        return exit_trouble;
    };
    if (!record && !d.force) return refuse(not_ours(*found));
    if (found->in_use && !d.force) return refuse(in_use(*found));
    const tap_record going = record.value_or(tap_record{});
    const auto after = forwarding_to_restore(going, records_beside(*devices, d.name));
    if (d.dry_run) {
        return write_out(deletion_script(d.name, going.masquerade, after)) ? exit_yes : exit_trouble;
    }
    if (const auto done = delete_device(*found, going, after); !done) return refuse(done.error());
    return exit_yes;
}

}  // namespace sonde::cli
