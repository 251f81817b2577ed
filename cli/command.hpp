// The table of subcommands.
#pragma once

#include <span>
#include <string_view>

namespace sonde::cli {

/// Exit codes of every subcommand: the question was answered yes, answered no, or could not be asked.
inline constexpr int exit_yes = 0;
inline constexpr int exit_no = 1;
inline constexpr int exit_trouble = 2;

struct command {
    std::string_view name;
    std::string_view help;              ///< one line
    int (*run)(int argc, char** argv);  ///< argv[0] is the subcommand's name; returns the exit code
};

/// In the order of the help.
[[nodiscard]] std::span<const command> commands() noexcept;

/// Null when there is none of that name.
[[nodiscard]] const command* find_command(std::string_view name) noexcept;

/// `sonde 0.1.0`.
[[nodiscard]] std::string_view version_line() noexcept;

/// What `main` does, given its arguments: picks the subcommand and runs it.
[[nodiscard]] int run_command_line(int argc, char** argv);

int run_ping(int argc, char** argv);
int run_trace(int argc, char** argv);
int run_echo(int argc, char** argv);
int run_send(int argc, char** argv);
int run_recv(int argc, char** argv);
int run_sniff(int argc, char** argv);
int run_lab(int argc, char** argv);
int run_tap(int argc, char** argv);
int run_doctor(int argc, char** argv);

}  // namespace sonde::cli
