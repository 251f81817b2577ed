// What `sonde tap create`, `delete` and `list` were told to do.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <cli/account.hpp>

#include <sonde/socket/link_setup.hpp>
#include <sonde/socket/tun_tap.hpp>

namespace sonde::cli {

struct tap_creation {
    std::string name;
    socket::tun_kind kind = socket::tun_kind::tap;
    std::optional<user_account> owner;
    struct named_group {
        std::string name;
        std::uint32_t gid = 0;
    };
    std::optional<named_group> group;
    std::vector<socket::link_address_setting> addresses;
    std::vector<socket::link_route> routes;
    std::optional<std::uint32_t> mtu;
    bool masquerade = false;
    bool dry_run = false;
};

struct tap_deletion {
    std::string name;
    bool force = false;
    bool dry_run = false;
};

struct tap_listing {
    bool json = false;
};

/// The settings; or, when all has been said already (help, a complaint), the exit code. `argv[0]` is the action.
[[nodiscard]] std::variant<tap_creation, int> read_tap_creation(int argc, char** argv);
[[nodiscard]] std::variant<tap_deletion, int> read_tap_deletion(int argc, char** argv);
[[nodiscard]] std::variant<tap_listing, int> read_tap_listing(int argc, char** argv);

}  // namespace sonde::cli
