// The kernel's own answers to echo requests: whether it gives them, and silencing it for a while.
#pragma once

#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

#include <sonde/base/error.hpp>
#include <sonde/base/ip_address.hpp>
#include <sonde/socket/descriptor.hpp>

namespace sonde::cli {

/// Whether the kernel of this network namespace answers echo requests of that family where no firewall drops them:
/// net.ipv4.icmp_echo_ignore_all, net.ipv6.icmp.echo_ignore_all.
[[nodiscard]] bool kernel_answers(family f);

/// The commands that silence the kernel for good, one a line.
[[nodiscard]] std::string silencing_commands(bool v4, bool v6);

/// The kernel answers no echo requests as long as this lives. A process of its own restores the former state when this
/// one ends, however it does: it holds the other end of a pipe. Move-only; make it before threads are started, and
/// before privileges are dropped: that process keeps CAP_NET_ADMIN, and nothing else.
class kernel_silence {
public:
    /// The failure says what could not be set, and the command.
    [[nodiscard]] static result<kernel_silence> begin();

    kernel_silence(kernel_silence&& other) noexcept;
    kernel_silence& operator=(kernel_silence&&) = delete;
    /// Waits until the former state is there again.
    ~kernel_silence();

private:
    kernel_silence(socket::descriptor alive, pid_t keeper) noexcept : alive_(std::move(alive)), keeper_(keeper) {}
    socket::descriptor alive_;
    pid_t keeper_;
};

}  // namespace sonde::cli
