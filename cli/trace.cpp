// `sonde trace`: finds the path to hosts.
#include <cli/command.hpp>
#include <cli/trace_session.hpp>
#include <cli/trace_settings.hpp>

namespace sonde::cli {

int run_trace(int argc, char** argv) {
    auto read = read_trace_settings(argc, argv);
    if (const int* code = std::get_if<int>(&read)) return *code;
    return run_trace_session(std::get<trace_settings>(std::move(read)));
}

}  // namespace sonde::cli
