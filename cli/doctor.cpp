// `sonde doctor`: what sonde can use on this machine, tried.
#include <cli/command.hpp>
#include <cli/doctor_table.hpp>
#include <cli/local_time.hpp>
#include <cli/options.hpp>
#include <cli/output.hpp>
#include <cli/text_layout.hpp>

#include <sonde/socket/mechanism.hpp>

namespace sonde::cli {

int run_doctor(int argc, char** argv) {
    bool json = false;
    options o("doctor", "find out what sonde can use on this machine, and what would grant the rest");
    o.app().add_flag("--json", json, "one JSON object a line (NDJSON): a `mechanism` for each, and a `total`");
    o.app().footer(
        "Every mechanism is tried, on loopback alone: nothing leaves this machine.\n"
        "Exit codes: 0 sonde ping can work, 1 it cannot, 2 usage or an operation failed.");
    if (const auto done = o.parse(argc, argv)) return *done;

    const auto found = socket::examine_mechanisms();
    const auto now = wall_now();
    const doctor_layout layout{.columns = output_columns(), .colour = output_takes_colour()};
    // A write that fails is settled by main; the answer stays what it is.
    static_cast<void>(write_out(json ? doctor_json(found, now) : doctor_table(found, layout)));
    return socket::find_ping_paths(found).any() ? exit_yes : exit_no;
}

}  // namespace sonde::cli
