// A small internet in memory for the tests of what is shown of one.
#pragma once

#include <array>
#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include <sonde/report/lab_page.hpp>
#include <sonde/sim/network.hpp>
#include <sonde/sim/scenario_file.hpp>
#include <sonde/wire/checksum.hpp>

namespace sonde::report {

/// me - r1 - ... - h, and echo requests from `me` to `h`, whose answers are taken.
class lab_rig {
public:
    explicit lab_rig(unsigned routers = 1) : network_(scenario(routers)) {}

    void ask(unsigned times, std::uint8_t ttl) {
        for (unsigned i = 0; i < times; ++i) {
            network_.send(now_, 0, request(ttl));
            ++counts_.read;
            ++counts_.injected;
            now_ += std::chrono::seconds{1};
            network_.advance(now_);
            while (network_.poll_delivery()) {
                ++counts_.delivered;
                ++counts_.written;
            }
        }
    }
    [[nodiscard]] lab_view view() const {
        return {"two hops", "tun0", network_, counts_, std::chrono::milliseconds{1500}};
    }

private:
    static sim::scenario scenario(unsigned routers) {
        std::string text = "[[node]]\nname = \"me\"\nkind = \"outside\"\naddresses = [\"192.0.2.1\"]\n";
        std::string path = "\"me\"";
        for (unsigned i = 1; i <= routers; ++i) {
            text += "[[node]]\nname = \"r" + std::to_string(i) + "\"\n";
            path += ", \"r" + std::to_string(i) + "\"";
        }
        text += "[[node]]\nname = \"h\"\nkind = \"host\"\naddresses = [\"203.0.113.80\"]\n";
        text += "[[link]]\npath = [" + path + ", \"h\"]\n";
        return sim::read_scenario(text, "rig.toml").value().scenario;
    }
    static std::array<std::byte, 28> request(std::uint8_t ttl) {
        std::array<std::byte, 28> packet{};
        store_be<std::uint32_t>(packet, 0, 0x4500'001c);
        store_be<std::uint8_t>(packet, 8, ttl);
        store_be<std::uint8_t>(packet, 9, 1);
        store_be<std::uint32_t>(packet, 12, 0xc000'0201);
        store_be<std::uint32_t>(packet, 16, 0xcb00'7150);
        store_be<std::uint16_t>(packet, 10, wire::internet_checksum(bytes_view{packet}.first(20)));
        store_be<std::uint32_t>(packet, 20, 0x0800'0000);
        store_be<std::uint16_t>(packet, 22, wire::internet_checksum(bytes_view{packet}.subspan(20)));
        return packet;
    }

    sim::network network_;
    time_point now_{};
    lab_counts counts_;
};

}  // namespace sonde::report
