// A pair of joined interfaces for tests, in the namespace that tests/in_namespace.sh made.
#pragma once

#include <array>
#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>
#include <poll.h>
#include <spawn.h>
#include <sstream>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <sonde/socket/interface.hpp>

namespace sonde::socket::lab {

/// Runs ip(8); whether it went well.
inline bool ip(std::vector<std::string> words) {
    words.insert(words.begin(), "ip");
    std::vector<char*> arguments;
    arguments.reserve(words.size() + 1);
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    pid_t child = 0;
    if (::posix_spawnp(&child, "ip", nullptr, nullptr, arguments.data(), environ) != 0) return false;
    int status = 0;
    return ::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/// Adds an address and waits until what is sent to it is received: of IPv6 the kernel sees to that in its own time.
inline bool add_address(const std::string& with_length, const ip_address& address, const std::string& device) {
    if (address.is_v4()) return ip({"addr", "add", with_length, "dev", device});
    if (!ip({"addr", "add", with_length, "dev", device, "nodad"})) return false;
    std::string digits;
    for (const std::byte b : address.bytes()) digits += fmt::format("{:02x}", std::to_integer<unsigned>(b));
    constexpr unsigned long local_route = 0x8000'0000UL;
    for (int i = 0; i < 5000; ++i) {
        std::ifstream routes("/proc/net/ipv6_route");
        for (std::string line; std::getline(routes, line);) {
            std::istringstream words(line);
            const std::vector<std::string> fields(std::istream_iterator<std::string>{words}, {});
            if (fields.size() < 10 || fields[0] != digits || fields[1] != "80") continue;
            if ((std::stoul(fields[8], nullptr, 16) & local_route) != 0) return true;
        }
        ::usleep(1000);
    }
    return false;
}

inline bool wait_readable(int fd, int milliseconds = 5000) {
    pollfd ready{fd, POLLIN, 0};
    return ::poll(&ready, 1, milliseconds) == 1 && (ready.revents & POLLIN) != 0;
}

/// `va` and `vb`, up, with MTU 1500 and nothing on them that speaks by itself.
class veth_pair {
public:
    veth_pair() { make(); }
    ~veth_pair() { remove(); }
    veth_pair(const veth_pair&) = delete;
    veth_pair& operator=(const veth_pair&) = delete;

    void make() {
        made_ = ip({"link", "add", "va", "type", "veth", "peer", "name", "vb"});
        for (const char* name : {"va", "vb"}) {
            made_ = made_ && ip({"link", "set", name, "addrgenmode", "none", "arp", "off"}) &&
                    ip({"link", "set", name, "up"});
        }
        made_ = made_ && wait_until_running();
    }
    /// The kernel takes up a link in its own time, and drops what is sent before.
    [[nodiscard]] bool wait_until_running() {
        for (int i = 0; i < 5000; ++i) {
            a = find_interface("va").value();
            b = find_interface("vb").value();
            if (a.running && b.running) return true;
            ::usleep(1000);
        }
        return false;
    }
    void remove() {
        if (made_) made_ = !ip({"link", "del", "va"});
    }
    [[nodiscard]] bool made() const { return made_; }

    network_interface a;
    network_interface b;

private:
    bool made_ = false;
};

/// Of the ethertype for experiments (IEEE 802 local experimental 1), so that nothing else looks like it.
inline constexpr std::uint16_t ethertype = 0x88b5;

/// A frame with a number in it, `size` bytes in all.
inline std::vector<std::byte> numbered_frame(const network_interface& to, std::uint32_t number, std::size_t size = 60) {
    std::vector<std::byte> frame(size, std::byte{0x5a});
    std::ranges::copy(to.mac.bytes(), frame.begin());
    std::fill_n(frame.begin() + 6, 6, std::byte{0x02});
    store_be<std::uint16_t>(frame, 12, ethertype);
    store_be<std::uint32_t>(frame, 14, number);
    return frame;
}
inline std::uint32_t number_of(bytes_view frame) {
    return load_be<std::uint32_t>(frame, 14);
}

/// Runs `body` in a child process, for limits that would outlast a test; what it returns. 99 when it died.
inline int in_child(const std::function<int()>& body) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(body());
    int status = 0;
    if (child < 0 || ::waitpid(child, &status, 0) != child || !WIFEXITED(status)) return 99;
    return WEXITSTATUS(status);
}

}  // namespace sonde::socket::lab
