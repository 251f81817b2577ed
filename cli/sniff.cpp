// `sonde sniff`: sees what passes.
#include <string>

#include <cli/command.hpp>
#include <cli/output.hpp>
#include <cli/sniff_session.hpp>
#include <cli/sniff_settings.hpp>
#include <fmt/format.h>

#include <sonde/report/escape.hpp>
#include <sonde/socket/interface.hpp>

namespace sonde::cli {

namespace {

// As tcpdump -D lists them; `any` comes last.
int list_interfaces() {
    const auto all = socket::interfaces();
    if (!all) {
        print_failure("sonde sniff", all.error());
        return exit_trouble;
    }
    std::string text;
    std::size_t number = 0;
    for (const socket::network_interface& i : *all) {
        text += fmt::format("{}.{} [{}{}{}]\n", ++number, report::escape_text(i.name), i.up ? "Up" : "Down",
                            i.running ? ", Running" : "", i.loopback ? ", Loopback" : "");
    }
    text += fmt::format("{}.any (all of them) [Up, Running]\n", ++number);
    return write_out(text) ? exit_yes : exit_trouble;
}

}  // namespace

int run_sniff(int argc, char** argv) {
    const auto read = read_sniff_settings(argc, argv);
    if (const int* code = std::get_if<int>(&read)) return *code;
    const auto& settings = std::get<sniff_settings>(read);
    if (settings.list_interfaces) return list_interfaces();
    return settings.read_path.empty() ? sniff_interface(settings) : sniff_file(settings);
}

}  // namespace sonde::cli
