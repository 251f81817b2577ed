// `sonde ping`: asks hosts whether they answer.
#include <cli/command.hpp>
#include <cli/ping_session.hpp>
#include <cli/ping_settings.hpp>

namespace sonde::cli {

int run_ping(int argc, char** argv) {
    auto read = read_ping_settings(argc, argv);
    if (const int* code = std::get_if<int>(&read)) return *code;
    return run_ping_session(std::get<ping_settings>(std::move(read)));
}

}  // namespace sonde::cli
