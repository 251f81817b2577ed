// The lab's inside: virtual time, which passes when everybody has had a turn, and the packets that the vantage sends
// and hears.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include <sonde/async/timekeeper.hpp>
#include <sonde/base/bytes.hpp>
#include <sonde/base/error.hpp>
#include <sonde/base/ip_address.hpp>
#include <sonde/sim/network.hpp>

namespace sonde::async {

/// What arrived at the vantage, whole and with right checksums: the rest is dropped there as a kernel would.
struct lab_arrival {
    time_point at{};
    ip_address from = {};
    ip_address to = {};
    std::uint8_t protocol = 0;
    std::uint8_t hop_limit = 0;
    bytes_view payload = {};  ///< borrowed; begins with the header of `protocol`
};

class lab_station {
public:
    virtual ~lab_station() = default;
    virtual void hear(const lab_arrival& arrived) = 0;
};

/// An IP packet to be sent from the vantage. The payload is borrowed; checksums of ICMPv6, TCP and UDP are filled in.
struct lab_packet {
    ip_address destination = {};
    ip_address source = {};  ///< `::` for the vantage's
    std::uint8_t protocol = 0;
    std::uint8_t hop_limit = 64;
    std::uint8_t traffic_class = 0;
    bool dont_fragment = false;
    bytes_view payload = {};
};

class lab_alarm;

/// One thread at a time.
class lab_core final : public timekeeper, public std::enable_shared_from_this<lab_core> {
public:
    lab_core(boost::asio::any_io_executor executor, sim::scenario scenario, sim::node_index vantage);

    [[nodiscard]] time_point now() const override { return now_; }
    [[nodiscard]] std::unique_ptr<alarm> make_alarm(const boost::asio::any_io_executor& executor) override;

    [[nodiscard]] const boost::asio::any_io_executor& executor() const noexcept { return executor_; }
    [[nodiscard]] const sim::network& network() const noexcept { return network_; }
    [[nodiscard]] result<ip_address> address(family f) const;
    /// The name of the first node that has the address; empty when none has.
    [[nodiscard]] std::string name_of(const ip_address& address) const;
    /// A number that no other socket of the lab has: a port or an identifier.
    [[nodiscard]] std::uint16_t take_identifier() noexcept { return ++last_identifier_; }

    /// Whether there was a source address of the destination's family.
    bool send(const lab_packet& packet);
    void add(lab_station& station) { stations_.push_back(&station); }
    void remove(lab_station& station) { std::erase(stations_, &station); }

private:
    friend class lab_alarm;
    struct setting {
        boost::asio::any_io_executor executor;
        std::function<void()> ring;
        std::shared_ptr<bool> wanted;  // false: cancelled on its way
        lab_alarm* owner = nullptr;
    };
    using settings = std::multimap<time_point, setting>;

    [[nodiscard]] const std::optional<ip_address>& source_of(family f) const noexcept {
        return sources_[f == family::v4 ? 0 : 1];
    }
    void turn_soon();
    void post_turn();
    void turn();
    void carry(time_point until);
    void deliver(time_point at, bytes_view packet);
    void ring();

    boost::asio::any_io_executor executor_;
    sim::node_index vantage_;
    time_point now_;
    sim::network network_;
    std::array<std::optional<ip_address>, 2> sources_;  // of the vantage
    std::unordered_map<ip_address, sim::node_index> holders_;
    settings alarms_;
    std::vector<lab_station*> stations_;
    std::vector<std::byte> packet_;
    std::uint16_t last_identifier_ = 0x5000;
    std::uint16_t last_identification_ = 0;
    int patience_ = 0;
    bool turn_posted_ = false;
};

}  // namespace sonde::async
