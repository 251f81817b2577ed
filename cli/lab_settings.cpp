#include <cli/command.hpp>
#include <cli/lab_settings.hpp>
#include <cli/options.hpp>
#include <cli/output.hpp>

namespace sonde::cli {

namespace {

using namespace std::chrono_literals;

failure wrong(std::string why) {
    return {std::move(why), {}, std::make_error_code(std::errc::invalid_argument)};
}

}  // namespace

std::variant<lab_settings, int> read_lab_settings(int argc, char** argv) {
    options o("lab", "put an internet in memory behind a TUN or TAP device, where every tool on this machine sees it");
    lab_settings s;
    o.app().add_option("FILE", s.file, "the scenario (docs/scenario.md); - is standard input");
    bool tap = false;
    o.app().add_flag("--tap", tap, "a TAP device, with Ethernet, ARP and neighbour discovery, instead of a TUN device");
    o.word(
         "--name",
         [&s](const std::string& word) -> result<void> {
             if (auto fault = socket::interface_name_fault(word)) return wrong(std::move(*fault));
             s.device = word;
             return {};
         },
         "of the device; one that is there already is taken as it is, and needs no privilege if it is this user's")
        ->type_name("DEV");
    o.word(
         "--user",
         [&s](const std::string& word) -> result<void> {
             auto user = find_user(word);
             if (!user) return user.error();
             s.user = std::move(*user);
             return {};
         },
         "become this user once everything is set up")
        ->type_name("USER");
    o.word(
         "--netns",
         [&s](const std::string& word) -> result<void> {
             if (word.empty()) return wrong("a network namespace needs a name or a path");
             s.network_namespace = word;
             return {};
         },
         "in this network namespace: a name (ip netns) or a path")
        ->type_name("NAME|PATH");
    o.duration("--duration", s.longest, 1s, "end after this time");
    auto* check = o.app().add_flag("--check", s.check,
                                   "read the scenario and show what is in it; needs no device and no privilege");
    o.app().add_flag("-q,--quiet", s.quiet, "no live page");
    o.app().add_flag("--json", s.json, "one JSON object a line (docs/sonde.schema.json)")->excludes(check);
    o.app().footer(
        "Ctrl-C prints the summary, removes the device and exits; Ctrl-\\ says how it is going.\n"
        "Exit codes: 0 it ran and was ended, 2 usage or an operation failed.\n"
        "Example, needing no root: unshare -Urn sonde lab isp.toml");
    if (const auto done = o.parse(argc, argv)) return *done;
    if (s.file.empty()) {
        print_error(o.title(), "no scenario given; try 'sonde lab isp.toml' or 'sonde lab --help'");
        return exit_trouble;
    }
    if (tap) s.kind = socket::tun_kind::tap;
    return s;
}

}  // namespace sonde::cli
