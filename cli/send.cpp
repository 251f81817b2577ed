// `sonde send`: sends any packet, and shows who wrote which byte.
#include <cli/command.hpp>
#include <cli/send_session.hpp>
#include <cli/send_settings.hpp>

namespace sonde::cli {

int run_send(int argc, char** argv) {
    const auto read = read_send_settings(argc, argv);
    if (const int* code = std::get_if<int>(&read)) return *code;
    return run_send_session(std::get<send_settings>(read));
}

}  // namespace sonde::cli
