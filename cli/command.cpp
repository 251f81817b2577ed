#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <vector>

#include <cli/command.hpp>
#include <cli/output.hpp>
#include <cli/suggestion.hpp>
#include <fmt/format.h>

#include <sonde/report/escape.hpp>

namespace sonde::cli {

namespace {

constexpr std::array<command, 9> table{{
    {"ping", "ask hosts whether they answer, and how fast", run_ping},
    {"trace", "find the path to hosts: who is on the way, how fast, and what is odd about it", run_trace},
    {"echo", "answer echo requests beside the kernel, for addresses it knows nothing of too", run_echo},
    {"send", "send any packet, and show who wrote which byte", run_send},
    {"recv", "show what a raw socket receives: the datagrams of one protocol", run_recv},
    {"sniff", "see what passes: capture, show, write and read packets", run_sniff},
    {"lab", "put an internet in memory behind a TUN or TAP device, for every tool to see", run_lab},
    {"tap", "make a TAP or TUN device that a user owns, with addresses, routes and masquerading", run_tap},
    {"doctor", "find out what sonde can use on this machine, and what would grant the rest", run_doctor},
}};

std::string help_text() {
    std::string text =
        "sonde: asks, answers and carries packets below TCP and UDP\n"
        "Usage: sonde COMMAND [OPTIONS] [ARGUMENTS]\n\n"
        "Commands:\n";
    for (const auto& c : table) text += fmt::format("  {:<10}  {}\n", c.name, c.help);
    text += fmt::format("  {:<10}  {}\n", "help", "explain a command: sonde help COMMAND");
    text +=
        "\nOptions:\n"
        "  -h, --help     this text\n"
        "  -V, --version  the version\n\n"
        "Exit codes: 0 answered yes, 1 answered no, 2 usage or an operation failed.\n"
        "Example: sonde ping -c 3 127.0.0.1\n";
    return text;
}

int unknown(std::string_view word) {
    const bool option = word.starts_with('-');
    std::vector<std::string> known;
    if (option) {
        known = {"--help", "--version"};
    } else {
        for (const auto& c : table) known.emplace_back(c.name);
        known.emplace_back("help");
    }
    print_error("sonde", fmt::format("unknown {} '{}'{}", option ? "option" : "command", report::escape_text(word),
                                     did_you_mean(word, known, "; see 'sonde --help'")));
    return exit_trouble;
}

int help(int argc, char** argv) {
    if (argc < 2) return write_out(help_text()) ? exit_yes : exit_trouble;
    const command* wanted = find_command(argv[1]);
    if (wanted == nullptr) return unknown(argv[1]);
    std::string name(wanted->name);
    std::string flag = "--help";
    std::array<char*, 3> arguments{name.data(), flag.data(), nullptr};
    return wanted->run(2, arguments.data());
}

}  // namespace

std::span<const command> commands() noexcept {
    return table;
}

const command* find_command(std::string_view name) noexcept {
    const auto* found = std::find_if(table.begin(), table.end(), [&](const command& c) { return c.name == name; });
    return found == table.end() ? nullptr : found;
}

std::string_view version_line() noexcept {
    return "sonde " SONDE_VERSION;
}

int run_command_line(int argc, char** argv) {
    if (argc < 2) {
        std::fputs(help_text().c_str(), stderr);
        return exit_trouble;
    }
    const std::string_view word = argv[1];
    if (word == "-h" || word == "--help") return write_out(help_text()) ? exit_yes : exit_trouble;
    if (word == "help") return help(argc - 1, argv + 1);
    if (word == "-V" || word == "--version") {
        return write_out(fmt::format("{}\n", version_line())) ? exit_yes : exit_trouble;
    }
    const command* wanted = find_command(word);
    return wanted == nullptr ? unknown(word) : wanted->run(argc - 1, argv + 1);
}

}  // namespace sonde::cli
