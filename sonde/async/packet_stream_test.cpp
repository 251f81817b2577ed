// Captures on real interfaces: loopback, and a veth pair that is deleted and made anew, in a namespace of its own.
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <functional>
#include <future>
#include <optional>
#include <string>
#include <sys/ioctl.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include <sonde/async/packet_stream.hpp>
#include <sonde/socket/descriptor.hpp>
#include <sonde/socket/lab_test.hpp>

#include <linux/if_tun.h>

namespace sonde {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using boost::system::error_code;
using socket::lab::ip;

constexpr std::uint16_t port = 40'007;
constexpr std::size_t udp_payload = 14 + 20 + 8;

/// Sends datagrams to loopback, each with a number of its own.
class talker {
public:
    explicit talker(std::uint16_t to = port) : to_(asio::ip::address_v4::loopback(), to) {
        socket_.open(asio::ip::udp::v4());
    }
    void say(std::uint32_t number, std::size_t size = 4) {
        std::vector<std::byte> bytes(size);
        store_be<std::uint32_t>(bytes, 0, number);
        socket_.send_to(asio::buffer(bytes), to_);
    }

private:
    asio::io_context io_;
    asio::ip::udp::socket socket_{io_};
    asio::ip::udp::endpoint to_;
};

std::uint32_t number_in(const captured_frame& frame) {
    return frame.bytes.size() < udp_payload + 4 ? 0 : load_be<std::uint32_t>(frame.bytes, udp_payload);
}

std::string port_filter(std::uint16_t p = port) {
    return "udp dst port " + std::to_string(p);
}

/// A veth pair whose ends speak only when asked to: `first` has an address and asks by ARP, `second` is listened to.
class link_pair {
public:
    explicit link_pair(const std::string& name) : first(name + "0"), second(name + "1") { make(); }
    ~link_pair() { remove(); }
    link_pair(const link_pair&) = delete;
    link_pair& operator=(const link_pair&) = delete;

    void make() {
        made = ip({"link", "add", first, "type", "veth", "peer", "name", second}) &&
               ip({"addr", "add", "198.18.77.1/24", "dev", first}) && ip({"link", "set", first, "up"}) &&
               ip({"link", "set", second, "up"});
    }
    void remove() {
        if (made) made = !ip({"link", "del", first});
    }

    const std::string first;
    const std::string second;
    bool made = false;
};

/// An interface whose frames this program writes; up when `made`.
class tunnel {
public:
    tunnel(const std::string& name, int flags, unsigned long hardware_type) : fd_(::open("/dev/net/tun", O_RDWR)) {
        ifreq request{};
        name.copy(request.ifr_name, sizeof request.ifr_name - 1);
        request.ifr_flags = static_cast<short>(flags | IFF_NO_PI);
        made = ::ioctl(fd_.get(), TUNSETIFF, &request) == 0 && ::ioctl(fd_.get(), TUNSETLINK, hardware_type) == 0 &&
               ip({"link", "set", name, "up"});
    }
    void say(bytes_view frame) const { ASSERT_EQ(::write(fd_.get(), frame.data(), frame.size()), std::ssize(frame)); }

    bool made = false;

private:
    socket::descriptor fd_;
};

constexpr std::array<std::byte, 20> ip_header{std::byte{0x45}, std::byte{0}, std::byte{0}, std::byte{20}};

/// Asks for an address that nobody has, again and again: a link takes its time to come up.
void ask_until(asio::steady_timer& timer, const std::function<bool()>& over) {
    if (over()) return;
    asio::io_context own;
    asio::ip::udp::socket socket(own, asio::ip::udp::v4());
    error_code ignored;
    socket.send_to(asio::buffer("x", 1), {asio::ip::make_address("198.18.77.9"), 9}, 0, ignored);
    timer.expires_after(20ms);
    timer.async_wait([&timer, over](error_code) { ask_until(timer, over); });
}

struct streaming : testing::Test {
    asio::io_context io{1};

    packet_stream open(packet_stream_options options = {.interface = "lo", .filter = port_filter()}) {
        auto opened = packet_stream::open(io.get_executor(), std::move(options));
        if (!opened) throw std::runtime_error(opened.error().what);
        return *std::move(opened);
    }
};

TEST_F(streaming, completes_through_a_callback) {
    auto stream = open();
    talker().say(7);
    bool called = false;
    stream.async_receive([&](error_code error, const captured_frame& frame) {
        called = true;
        EXPECT_FALSE(error);
        EXPECT_EQ(number_in(frame), 7U);
        EXPECT_EQ(frame.bytes.size(), udp_payload + 4);
        EXPECT_EQ(frame.meta.full_size, udp_payload + 4);
        EXPECT_EQ(frame.link, link_type::ethernet);
        EXPECT_TRUE(frame.meta.at);
        EXPECT_NE(frame.meta.type, socket::packet_type::outgoing) << "loopback's other copy";
    });
    EXPECT_FALSE(called) << "never inside the initiating call";
    io.run();
    EXPECT_TRUE(called);
}

TEST_F(streaming, what_is_there_already_does_not_complete_inside_the_call) {
    auto stream = open();
    talker t;
    t.say(1);
    t.say(2);
    auto first = stream.async_receive(asio::use_future);
    io.run();
    EXPECT_EQ(number_in(first.get()), 1U);
    bool called = false;
    stream.async_receive([&](error_code, const captured_frame& frame) { called = number_in(frame) == 2; });
    EXPECT_FALSE(called);
    io.restart();
    io.run();
    EXPECT_TRUE(called);
}

TEST_F(streaming, completes_through_a_deferred_operation) {
    auto stream = open();
    auto operation = stream.async_receive(asio::deferred);
    io.run();
    talker().say(3);
    std::uint32_t got = 0;
    std::move(operation)([&](error_code, const captured_frame& frame) { got = number_in(frame); });
    io.restart();
    io.run();
    EXPECT_EQ(got, 3U);
}

TEST_F(streaming, a_coroutine_gets_every_frame_in_order) {
    constexpr std::uint32_t many = 2000;
    auto stream = open();
    std::vector<std::uint32_t> numbers;
    asio::co_spawn(
        io,
        [&]() -> asio::awaitable<void> {
            while (numbers.size() < many) {
                std::optional frame = co_await stream.async_receive(asio::use_awaitable);
                for (; frame; frame = stream.try_receive()) numbers.push_back(number_in(*frame));
            }
        },
        asio::detached);
    std::thread sender([] {
        talker t;
        for (std::uint32_t i = 0; i < many; ++i) t.say(i);
    });
    io.run();
    sender.join();
    ASSERT_EQ(numbers.size(), many);
    for (std::uint32_t i = 0; i < many; ++i) ASSERT_EQ(numbers[i], i);
    const auto counts = stream.statistics();
    EXPECT_EQ(counts.delivered, many);
    EXPECT_EQ(counts.dropped, 0U);
    EXPECT_EQ(counts.passed, counts.delivered + counts.skipped + counts.dropped);
}

TEST_F(streaming, the_filter_lets_nothing_else_through) {
    auto stream = open({.interface = "lo", .filter = port_filter(40'009)});
    talker other(40'008);
    talker wanted(40'009);
    for (std::uint32_t i = 0; i < 20; ++i) other.say(100 + i);
    wanted.say(1);
    auto got = stream.async_receive(asio::use_future);
    io.run();
    EXPECT_EQ(number_in(got.get()), 1U);
    EXPECT_FALSE(stream.try_receive());
}

TEST_F(streaming, a_filter_that_does_not_compile_is_refused) {
    const auto refused = packet_stream::open(io.get_executor(), {.interface = "lo", .filter = "udp prot 53"});
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().what.find("column"), std::string::npos) << refused.error().what;
}

TEST_F(streaming, an_interface_that_is_not_there_is_refused) {
    const auto refused = packet_stream::open(io.get_executor(), {.interface = "nosuch0"});
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().what.find("nosuch0"), std::string::npos);
    EXPECT_NE(refused.error().what.find("lo"), std::string::npos) << "it names those that exist";
}

TEST_F(streaming, the_snap_length_cuts_and_says_so) {
    auto stream = open({.interface = "lo", .filter = port_filter(), .snap_length = 60});
    talker().say(9, 1000);
    auto got = stream.async_receive(asio::use_future);
    io.run();
    const captured_frame frame = got.get();
    EXPECT_EQ(frame.bytes.size(), 60U);
    EXPECT_EQ(frame.meta.full_size, udp_payload + 1000);
    EXPECT_EQ(number_in(frame), 9U);
}

TEST_F(streaming, directions) {
    for (const auto direction : {capture_direction::both, capture_direction::incoming, capture_direction::outgoing}) {
        auto stream = open({.interface = "lo", .filter = port_filter(), .direction = direction});
        talker t;
        t.say(1);
        t.say(2);
        std::vector<std::uint32_t> numbers;
        for (int i = 0; i < 2; ++i) {
            auto got = stream.async_receive(asio::use_future);
            io.restart();
            io.run();
            const captured_frame frame = got.get();
            numbers.push_back(number_in(frame));
            EXPECT_EQ(frame.meta.type == socket::packet_type::outgoing, direction == capture_direction::outgoing);
        }
        EXPECT_EQ(numbers, (std::vector<std::uint32_t>{1, 2}));
        EXPECT_FALSE(stream.try_receive());
        const auto counts = stream.statistics();
        EXPECT_EQ(counts.delivered, 2U);
        EXPECT_EQ(counts.passed, counts.delivered + counts.skipped + counts.dropped);
    }
}

TEST_F(streaming, all_interfaces_come_with_a_cooked_header) {
    auto stream = open({.interface = "any", .filter = port_filter()});
    EXPECT_EQ(stream.link(), link_type::linux_cooked_v2);
    talker().say(5);
    auto got = stream.async_receive(asio::use_future);
    io.run();
    const captured_frame frame = got.get();
    constexpr std::size_t header = 20;
    ASSERT_EQ(frame.bytes.size(), header + 20 + 8 + 4);
    EXPECT_EQ(frame.meta.full_size, frame.bytes.size());
    EXPECT_EQ(load_be<std::uint16_t>(frame.bytes, 0), 0x0800U);
    EXPECT_EQ(load_be<std::uint32_t>(frame.bytes, 4), 1U) << "loopback's index";
    EXPECT_EQ(load_be<std::uint16_t>(frame.bytes, 8), 772U) << "ARPHRD_LOOPBACK";
    EXPECT_EQ(load_be<std::uint32_t>(frame.bytes, header + 28), 5U);
}

TEST_F(streaming, cancelling_leaves_the_stream_usable) {
    auto stream = open();
    asio::cancellation_signal signal;
    std::optional<error_code> first;
    stream.async_receive(
        asio::bind_cancellation_slot(signal.slot(), [&](error_code error, const captured_frame&) { first = error; }));
    asio::post(io, [&] { signal.emit(asio::cancellation_type::total); });
    io.run();
    EXPECT_EQ(first, error_code(asio::error::operation_aborted));
    talker().say(4);
    auto second = stream.async_receive(asio::use_future);
    io.restart();
    io.run();
    EXPECT_EQ(number_in(second.get()), 4U);
}

TEST_F(streaming, a_race_cancels_the_loser) {
    auto stream = open();
    std::size_t winner = 9;
    asio::co_spawn(
        io,
        [&]() -> asio::awaitable<void> {
            using namespace asio::experimental::awaitable_operators;
            asio::steady_timer timer(io, 20ms);
            winner =
                (co_await (stream.async_receive(asio::use_awaitable) || timer.async_wait(asio::use_awaitable))).index();
        },
        asio::detached);
    io.run();
    EXPECT_EQ(winner, 1U);
}

TEST_F(streaming, a_second_receive_is_refused_while_one_waits) {
    auto stream = open();
    auto first = stream.async_receive(asio::use_future);
    std::optional<error_code> second;
    stream.async_receive([&](error_code error, const captured_frame&) {
        second = error;
        talker().say(6);
    });
    EXPECT_FALSE(stream.try_receive());
    io.run();
    EXPECT_EQ(second, error_code(asio::error::already_started));
    EXPECT_EQ(number_in(first.get()), 6U);
}

TEST_F(streaming, closing_completes_what_waits) {
    auto stream = open();
    std::optional<error_code> got;
    stream.async_receive([&](error_code error, const captured_frame&) { got = error; });
    asio::post(io, [&] { stream.close(); });
    io.run();
    EXPECT_EQ(got, error_code(asio::error::operation_aborted));
    EXPECT_FALSE(stream.is_open());
    got.reset();
    stream.async_receive([&](error_code error, const captured_frame&) { got = error; });
    io.restart();
    io.run();
    EXPECT_EQ(got, error_code(asio::error::operation_aborted)) << "also a receive after that";
    EXPECT_FALSE(stream.try_receive());
    EXPECT_FALSE(stream.reopen());
}

TEST_F(streaming, dropping_the_stream_completes_what_waits) {
    std::optional<packet_stream> stream = open();
    std::optional<error_code> got;
    stream->async_receive([&](error_code error, const captured_frame&) { got = error; });
    asio::post(io, [&] { stream.reset(); });
    io.run();
    EXPECT_EQ(got, error_code(asio::error::operation_aborted));
}

TEST_F(streaming, dropping_the_stream_before_a_frame_is_handed_over_hands_over_none) {
    std::optional<packet_stream> stream = open();
    talker t;
    t.say(1);
    t.say(2);
    std::optional<error_code> got;
    stream->async_receive([&](error_code, const captured_frame&) {
        // The second frame lies in the ring: its receive is complete but for the turn.
        stream->async_receive([&](error_code error, const captured_frame& frame) {
            got = error;
            EXPECT_TRUE(frame.bytes.empty());
        });
        stream.reset();
    });
    io.run();
    EXPECT_EQ(got, error_code(asio::error::operation_aborted));
}

TEST_F(streaming, moving_closes_what_is_replaced) {
    auto first = open();
    std::optional<error_code> got;
    first.async_receive([&](error_code error, const captured_frame&) { got = error; });
    first = open();
    talker().say(8);
    io.run();
    EXPECT_EQ(got, error_code(asio::error::operation_aborted));
    auto second = std::move(first);
    auto frame = second.async_receive(asio::use_future);
    io.restart();
    io.run();
    EXPECT_EQ(number_in(frame.get()), 8U);
}

TEST_F(streaming, what_the_kernel_drops_is_counted) {
    constexpr std::uint32_t many = 400;
    constexpr std::size_t large = 30'000;
    auto stream = open({.interface = "lo", .filter = port_filter(), .memory = 1});
    talker t;
    for (std::uint32_t i = 0; i < many; ++i) t.say(i, large);
    auto first = stream.async_receive(asio::use_future);
    io.run();
    EXPECT_EQ(number_in(first.get()), 0U);
    asio::steady_timer retired(io);
    packet_stream_statistics counts;
    const std::function<void()> read_on = [&] {  // until the last block was handed over too
        while (stream.try_receive()) continue;
        counts = stream.statistics();
        if (counts.passed == counts.delivered + counts.skipped + counts.dropped) return;
        retired.expires_after(2ms);
        retired.async_wait([&](error_code) { read_on(); });
    };
    read_on();
    io.restart();
    io.run_for(10s);
    EXPECT_EQ(counts.passed, 2 * many) << "out and in";
    EXPECT_GT(counts.dropped, 0U);
    EXPECT_EQ(counts.passed, counts.delivered + counts.skipped + counts.dropped);
}

TEST_F(streaming, without_a_receive_there_is_no_work) {
    const auto stream = open();
    talker().say(1);
    EXPECT_EQ(io.run(), 0U);
}

TEST_F(streaming, an_interface_that_is_deleted_is_an_error_until_it_is_back) {
    link_pair link("psd");
    if (!link.made) GTEST_SKIP() << "SKIP no veth pair can be made here";
    auto stream = open({.interface = link.second, .filter = "arp"});
    std::optional<error_code> got;
    const auto receive = [&] {
        got.reset();
        stream.async_receive([&](error_code error, const captured_frame&) { got = error; });
        io.restart();
        io.run_for(20s);
    };
    asio::post(io, [&] { link.remove(); });
    receive();
    EXPECT_EQ(got, error_code(ENODEV, boost::system::system_category()));
    ASSERT_TRUE(stream.trouble());
    EXPECT_EQ(stream.trouble()->what, "interface '" + link.second + "' was deleted");
    receive();
    EXPECT_EQ(got, error_code(ENODEV, boost::system::system_category())) << "it stays so";
    EXPECT_FALSE(stream.reopen()) << "there is none of that name yet";

    link.make();
    ASSERT_TRUE(link.made);
    const auto again = stream.reopen();
    ASSERT_TRUE(again) << again.error().what;
    asio::steady_timer timer(io);
    asio::post(io, [&] { ask_until(timer, [&] { return got.has_value(); }); });
    receive();
    EXPECT_EQ(got, error_code());
}

TEST_F(streaming, an_interface_that_goes_down_is_an_error_once) {
    const link_pair link("psn");
    if (!link.made) GTEST_SKIP() << "SKIP no veth pair can be made here";
    auto stream = open({.interface = link.second, .filter = "arp"});
    std::optional<error_code> got;
    const auto receive = [&] {
        got.reset();
        stream.async_receive([&](error_code error, const captured_frame&) { got = error; });
        io.restart();
        io.run_for(20s);
    };
    asio::post(io, [&] { ip({"link", "set", link.second, "down"}); });
    receive();
    EXPECT_EQ(got, error_code(asio::error::network_down));
    ASSERT_TRUE(stream.trouble());
    EXPECT_NE(stream.trouble()->what.find(link.second), std::string::npos);
    ASSERT_TRUE(ip({"link", "set", link.second, "up"}));
    asio::steady_timer timer(io);
    asio::post(io, [&] { ask_until(timer, [&] { return got.has_value(); }); });
    receive();
    EXPECT_EQ(got, error_code()) << "nothing had to be done";
}

TEST_F(streaming, an_interface_of_a_strange_kind_is_cooked) {
    constexpr unsigned long infiniband = 32;
    const tunnel strange("pss", IFF_TAP, infiniband);
    if (!strange.made) GTEST_SKIP() << "SKIP no TAP device can be made here";
    auto stream = open({.interface = "pss", .filter = "ip"});
    EXPECT_EQ(stream.link(), link_type::linux_cooked_v2);
    std::array<std::byte, 14 + ip_header.size()> frame{};
    store_be<std::uint16_t>(frame, 12, 0x0800);
    std::ranges::copy(ip_header, frame.begin() + 14);
    strange.say(frame);
    auto received = stream.async_receive(asio::use_future);
    io.run_for(20s);
    ASSERT_EQ(received.wait_for(0s), std::future_status::ready);
    const auto got = received.get();
    ASSERT_EQ(got.bytes.size(), 40U);
    EXPECT_EQ(load_be<std::uint16_t>(got.bytes, 0), 0x0800);
    EXPECT_EQ(load_be<std::uint16_t>(got.bytes, 8), infiniband);
    EXPECT_TRUE(std::ranges::equal(got.bytes.subspan(20), ip_header)) << "right behind it, without the link's header";
}

TEST_F(streaming, an_interface_that_comes_back_as_another_kind_of_link) {
    constexpr unsigned long none = 0xfffe;
    link_pair link("psk");
    if (!link.made) GTEST_SKIP() << "SKIP no veth pair can be made here";
    auto stream = open({.interface = link.second, .latency = 1s});
    asio::steady_timer timer(io);
    ask_until(timer, [&] { return stream.statistics().passed > 0; });
    io.run_for(20s);
    // Its last frames lie in a block that the kernel has not handed over yet.
    link.remove();
    std::optional<error_code> got;
    std::vector<std::uint8_t> first_bytes;
    const auto receive = [&] {
        got.reset();
        stream.async_receive([&](error_code error, const captured_frame& frame) {
            got = error;
            if (error) return;
            EXPECT_EQ(frame.link, stream.link());
            first_bytes.push_back(load_be<std::uint8_t>(frame.bytes, 0));
        });
        io.restart();
        io.run_for(3s);
    };
    do receive();
    while (got == error_code());
    ASSERT_EQ(got, error_code(ENODEV, boost::system::system_category()));
    first_bytes.clear();
    {
        const tunnel strange(link.second, IFF_TAP, 32);
        ASSERT_TRUE(strange.made);
        EXPECT_FALSE(stream.reopen()) << "with the link's header it cannot be cooked any more";
    }
    const tunnel tun(link.second, IFF_TUN, none);
    ASSERT_TRUE(tun.made);
    const auto again = stream.reopen();
    ASSERT_TRUE(again) << again.error().what;
    EXPECT_EQ(stream.link(), link_type::raw_ip);
    tun.say(ip_header);
    receive();
    EXPECT_EQ(got, error_code());
    ASSERT_FALSE(first_bytes.empty());
    EXPECT_TRUE(std::ranges::all_of(first_bytes, [](unsigned b) { return b >> 4 == 4 || b >> 4 == 6; }));
    EXPECT_GT(stream.statistics().skipped, 0U) << "what was of the other kind";
}

TEST_F(streaming, several_threads_and_a_strand) {
    constexpr std::uint32_t many = 500;
    asio::thread_pool pool(3);
    const auto strand = asio::make_strand(pool.get_executor());
    auto opened = packet_stream::open(strand, {.interface = "lo", .filter = port_filter()});
    ASSERT_TRUE(opened);
    std::optional<packet_stream> stream = *std::move(opened);
    std::atomic<std::uint32_t> sum = 0;
    std::uint32_t count = 0;
    asio::co_spawn(
        strand,
        [&]() -> asio::awaitable<void> {
            while (count < many) {
                const auto frame = co_await stream->async_receive(asio::use_awaitable);
                sum += number_in(frame);
                ++count;
            }
            stream.reset();
        },
        asio::detached);
    talker t;
    for (std::uint32_t i = 1; i <= many; ++i) t.say(i);
    pool.join();
    EXPECT_EQ(sum, many * (many + 1) / 2);
}

}  // namespace
}  // namespace sonde
