// What `sonde lab` was told to do.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include <cli/account.hpp>

#include <sonde/base/time.hpp>
#include <sonde/socket/tun_tap.hpp>

namespace sonde::cli {

struct lab_settings {
    std::string file;
    /// Without its folder, for people.
    [[nodiscard]] std::string file_name() const {
        return file == "-" ? "standard input" : file.substr(file.rfind('/') + 1);
    }
    std::string device;  ///< empty: the kernel chooses
    socket::tun_kind kind = socket::tun_kind::tun;
    std::optional<user_account> user;
    std::string network_namespace;    ///< empty: this one
    std::optional<duration> longest;  ///< it runs at most
    bool check = false;
    bool quiet = false;
    bool json = false;
};

/// The settings; or, when all has been said already (help, a complaint), the exit code.
[[nodiscard]] std::variant<lab_settings, int> read_lab_settings(int argc, char** argv);

}  // namespace sonde::cli
