#include <algorithm>

#include <cli/command.hpp>
#include <cli/options.hpp>
#include <cli/output.hpp>
#include <cli/tap_settings.hpp>
#include <fmt/format.h>

#include <sonde/report/escape.hpp>

namespace sonde::cli {

namespace {

failure wrong(std::string why) {
    return {std::move(why), {}, std::make_error_code(std::errc::invalid_argument)};
}

/// An option that may be given again and again, each time `parse` reads one more value.
template <class Value, class Parse>
void add_list(options& o, const std::string& names, std::vector<Value>& values, Parse parse, const std::string& type,
              const std::string& help) {
    o.word(
         names,
         [parse, &values](const std::string& word) -> result<void> {
             auto read = parse(word);
             if (!read) return wrong(report::escape_text(read.error().what));
             values.push_back(std::move(*read));
             return {};
         },
         help)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->type_name(type);
}

void add_name(options& o, std::string& name) {
    o.word(
         "NAME",
         [&name](const std::string& word) -> result<void> {
             if (auto fault = socket::interface_name_fault(word)) return wrong(std::move(*fault));
             name = word;
             return {};
         },
         "of the device, such as tap0")
        ->required();
}

void add_owners(options& o, tap_creation& c) {
    o.word(
         "--user",
         [&c](const std::string& word) -> result<void> {
             auto user = find_user(word);
             if (!user) return user.error();
             c.owner = std::move(*user);
             return {};
         },
         "this user may attach to it without a privilege")
        ->type_name("USER");
    o.word(
         "--group",
         [&c](const std::string& word) -> result<void> {
             const auto gid = find_group(word);
             if (!gid) return gid.error();
             c.group = {word, *gid};
             return {};
         },
         "members of this group may; with --user it takes both")
        ->type_name("GROUP");
}

/// The complaint has been printed when there is a code.
std::optional<int> check(const options& o, tap_creation& c) {
    const auto complain = [&o](std::string_view what) {
        print_error(o.title(), what);
        return exit_trouble;
    };
    if (!c.owner && !c.group) {
        // The kernel lets anybody attach to a device that is nobody's.
        return complain(
            "whose is it to be? --user USER, --group GROUP, or both; without, everybody could attach to it");
    }
    if (c.masquerade && c.addresses.empty()) {
        return complain("--masquerade hides what comes from the device's prefixes: it needs an --address");
    }
    constexpr std::string_view safe = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
    if (c.masquerade && c.name.find_first_not_of(safe) != std::string::npos) {
        return complain("--masquerade: nftables takes only letters, digits, '_', '.' and '-' in the device's name");
    }
    // The kernel makes the route of each address's own prefix by itself; the article says it once more.
    std::erase_if(c.routes, [&c](const socket::link_route& r) {
        return !r.gateway && std::ranges::any_of(c.addresses, [&r](const socket::link_address_setting& a) {
            return a.link().network() == r.to.network() && a.link().length() == r.to.length();
        });
    });
    return std::nullopt;
}

}  // namespace

std::variant<tap_creation, int> read_tap_creation(int argc, char** argv) {
    options o("tap create", "make a TAP or TUN device that a user owns, with all that it needs to be useful");
    tap_creation c;
    add_name(o, c.name);
    add_owners(o, c);
    bool tun = false;
    o.app().add_flag("--tun", tun, "a TUN device, which carries IP packets, instead of a TAP device with its frames");
    add_list(o, "--address", c.addresses, socket::link_address_setting::parse, "ADDRESS/LENGTH",
             "of this machine on the device (repeatable)");
    add_list(o, "--route", c.routes, socket::link_route::parse, "ROUTE",
             "a prefix that is reached by it, or 'PREFIX via GATEWAY' (repeatable)");
    o.number("--mtu", c.mtu, {68, 65535}, "the longest packet in bytes (1500)");
    o.app().add_flag("--masquerade", c.masquerade,
                     "let it reach what this machine reaches: forwarding, and this machine's addresses in front");
    o.app().add_flag("--dry-run", c.dry_run,
                     "print the ip, nft and sysctl commands that this stands for, and do nothing");
    o.app().footer(
        "All or nothing: when a step fails, those before it are undone. 'sonde tap delete NAME' undoes all.\n"
        "Exit codes: 0 it is there, 2 usage or an operation failed.\n"
        "Example: sonde tap create tap0 --user $USER --address 192.168.69.100/24 --address fdaa::100/64 --masquerade");
    if (const auto done = o.parse(argc, argv)) return *done;
    if (tun) c.kind = socket::tun_kind::tun;
    if (const auto done = check(o, c)) return *done;
    return c;
}

std::variant<tap_deletion, int> read_tap_deletion(int argc, char** argv) {
    options o("tap delete", "delete a device that sonde made, and undo what came with it");
    tap_deletion d;
    add_name(o, d.name);
    o.app().add_flag("--force", d.force, "also a device that something else made, or that is in use");
    o.app().add_flag("--dry-run", d.dry_run, "print the commands that this stands for, and do nothing");
    o.app().footer("Exit codes: 0 it is gone, 1 there was none, 2 usage or an operation failed.");
    if (const auto done = o.parse(argc, argv)) return *done;
    return d;
}

std::variant<tap_listing, int> read_tap_listing(int argc, char** argv) {
    options o("tap list", "show the TUN and TAP devices, and whose they are");
    tap_listing l;
    o.app().add_flag("--json", l.json, "one JSON object a line (docs/sonde.schema.json)");
    if (const auto done = o.parse(argc, argv)) return *done;
    return l;
}

}  // namespace sonde::cli
