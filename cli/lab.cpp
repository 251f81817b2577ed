#include <variant>

#include <cli/command.hpp>
#include <cli/lab_session.hpp>
#include <cli/lab_settings.hpp>

namespace sonde::cli {

int run_lab(int argc, char** argv) {
    const auto read = read_lab_settings(argc, argv);
    if (const int* done = std::get_if<int>(&read)) return *done;
    return run_lab_session(std::get<lab_settings>(read));
}

}  // namespace sonde::cli
