#include <exception>

#include <cli/command.hpp>
#include <cli/output.hpp>

#include <sonde/base/error.hpp>

int main(int argc, char** argv) {
    using namespace sonde::cli;
    prepare_standard_streams();
    try {
        return settle_output(run_command_line(argc, argv));
    } catch (const sonde::failure_error& error) {
        print_failure("sonde", error.reason());
    } catch (const std::exception& error) {
        print_error("sonde", error.what());
    }
    return exit_trouble;
}
