// `sonde recv`: the datagrams of one protocol, as a raw socket delivers them.
#include <cli/command.hpp>
#include <cli/recv_session.hpp>
#include <cli/recv_settings.hpp>

namespace sonde::cli {

int run_recv(int argc, char** argv) {
    auto read = read_recv_settings(argc, argv);
    if (const int* code = std::get_if<int>(&read)) return *code;
    return run_recv_session(std::get<recv_settings>(std::move(read)));
}

}  // namespace sonde::cli
