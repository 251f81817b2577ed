#include <array>
#include <string_view>
#include <variant>

#include <cli/command.hpp>
#include <cli/output.hpp>
#include <cli/suggestion.hpp>
#include <cli/tap_list.hpp>
#include <cli/tap_session.hpp>
#include <cli/tap_settings.hpp>
#include <fmt/format.h>

#include <sonde/report/escape.hpp>

namespace sonde::cli {

namespace {

constexpr std::string_view title = "sonde tap";

template <class Settings>
int carry_out(const std::variant<Settings, int>& read, int (*run)(const Settings&)) {
    if (const int* done = std::get_if<int>(&read)) return *done;
    return run(std::get<Settings>(read));
}

struct action {
    std::string_view name;
    std::string_view help;
    int (*run)(int argc, char** argv);
};
constexpr std::array<action, 3> actions{{
    {"create", "make a device that a user owns, with addresses, routes and masquerading",
     [](int argc, char** argv) { return carry_out(read_tap_creation(argc, argv), run_tap_creation); }},
    {"delete", "delete one, and undo what came with it",
     [](int argc, char** argv) { return carry_out(read_tap_deletion(argc, argv), run_tap_deletion); }},
    {"list", "show those that are there",
     [](int argc, char** argv) {
         return carry_out<tap_listing>(read_tap_listing(argc, argv),
                                       [](const tap_listing& l) { return run_tap_listing(l.json); });
     }},
}};

std::string help_text() {
    std::string text =
        "sonde tap: TUN and TAP devices that a user owns\n"
        "Usage: sonde tap ACTION [OPTIONS]\n\n"
        "Actions:\n";
    for (const auto& a : actions) text += fmt::format("  {:<10}  {}\n", a.name, a.help);
    text +=
        "\nOptions:\n"
        "  -h, --help     this text; after an action, the action's\n"
        "  -V, --version  the version\n\n"
        "Example: sonde tap create tap0 --user $USER --address 192.168.69.100/24 --dry-run\n";
    return text;
}

}  // namespace

int run_tap(int argc, char** argv) {
    const std::string_view word = argc < 2 ? std::string_view{} : argv[1];
    if (word == "-h" || word == "--help") return write_out(help_text()) ? exit_yes : exit_trouble;
    if (word == "-V" || word == "--version") {
        return write_out(fmt::format("{}\n", version_line())) ? exit_yes : exit_trouble;
    }
    std::vector<std::string> known;
    for (const auto& a : actions) {
        if (a.name == word) return a.run(argc - 1, argv + 1);
        known.emplace_back(a.name);
    }
    if (word.empty()) {
        print_error(title, "what is to be done? create, delete or list; see 'sonde tap --help'");
    } else {
        print_error(title, fmt::format("unknown action '{}'{}", report::escape_text(word),
                                       did_you_mean(word, known, "; see 'sonde tap --help'")));
    }
    return exit_trouble;
}

}  // namespace sonde::cli
