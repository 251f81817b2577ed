// `sonde echo`: the echo server beside the kernel.
#include <variant>

#include <cli/command.hpp>
#include <cli/echo_session.hpp>
#include <cli/echo_settings.hpp>

namespace sonde::cli {

int run_echo(int argc, char** argv) {
    const auto read = read_echo_settings(argc, argv);
    if (const int* done = std::get_if<int>(&read)) return *done;
    return run_echo_session(std::get<echo_settings>(read));
}

}  // namespace sonde::cli
