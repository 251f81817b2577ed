// On the loopback of a namespace of its own (tests/in_namespace.sh).
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <sonde/socket/icmp_socket.hpp>

namespace sonde::socket {
namespace {

const ip_address loopback = ip_address::v4(0x7f000001);
const ip_address nowhere = ip_address::v4(0xc0000201);

std::vector<std::byte> request(std::uint16_t sequence, std::size_t payload = 8) {
    std::vector<std::byte> bytes(8 + payload, std::byte{0x5a});
    store_be<std::uint64_t>(bytes, 0, 0x0800'0000'0000'0000U | sequence);
    return bytes;
}

void wait_for(const icmp_socket& s, short events) {
    pollfd ready{s.fd(), events, 0};
    ::poll(&ready, 1, 2000);
}

struct opened : testing::Test {
    icmp_socket s = icmp_socket::open(family::v4, {}).value();
    receive_batch batch{64, 2048};
    std::vector<std::byte> bytes = request(7);
    outgoing out{
        .datagram = bytes, .destination = loopback, .source = {}, .interface = 0, .hop_limit = {}, .traffic_class = {}};

    incoming receive_one() {
        wait_for(s, POLLIN);
        EXPECT_EQ(s.receive(batch), 1U);
        return s.datagram(batch, 0);
    }
};

TEST_F(opened, unprivileged_sockets_are_preferred) {
    EXPECT_EQ(s.kind(), icmp_socket_kind::datagram);
    EXPECT_FALSE(s.delivers_ip_header());
    EXPECT_NE(s.identifier(), 0);
    EXPECT_GT(s.receive_buffer(), 100'000);
}

/// A further network namespace for this thread, in which nobody may open ICMP datagram sockets: the kernel's default.
class closed_namespace {
public:
    closed_namespace() : before_(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC)) {
        if (before_.valid() && ::unshare(CLONE_NEWNET) == 0) entered_ = set_loopback_up();
    }
    ~closed_namespace() { (void)::setns(before_.get(), CLONE_NEWNET); }
    closed_namespace(const closed_namespace&) = delete;
    closed_namespace& operator=(const closed_namespace&) = delete;
    [[nodiscard]] bool entered() const { return entered_; }

private:
    static bool set_loopback_up() {
        const descriptor any{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
        ifreq request{};
        request.ifr_name[0] = 'l';
        request.ifr_name[1] = 'o';
        request.ifr_flags = IFF_UP;
        return ::ioctl(any.get(), SIOCSIFFLAGS, &request) == 0;
    }
    descriptor before_;
    bool entered_ = false;
};

TEST_F(opened, falls_back_to_a_raw_socket_that_hears_echo_replies_only) {
    const closed_namespace here;
    ASSERT_TRUE(here.entered());
    auto raw = icmp_socket::open(family::v4, {});
    ASSERT_TRUE(raw.has_value()) << raw.error().what;
    ASSERT_EQ(raw->kind(), icmp_socket_kind::raw);
    EXPECT_TRUE(raw->delivers_ip_header());
    bytes = request(7, 0);
    store_be<std::uint16_t>(bytes, 2, static_cast<std::uint16_t>(~(0x0800U + 7U)));
    out.datagram = bytes;
    // Request and reply both pass a raw socket on loopback; the filter keeps the request out.
    ASSERT_EQ(raw->send(std::span{&out, 1}).sent, 1U);
    wait_for(*raw, POLLIN);
    ASSERT_EQ(raw->receive(batch), 1U);
    EXPECT_EQ(raw->datagram(batch, 0).bytes[0], std::byte{0x45}) << "an IP header";
    EXPECT_EQ(raw->datagram(batch, 0).bytes[20], std::byte{0}) << "an echo reply";
}

TEST_F(opened, a_reply_comes_with_its_hop_limit_and_stamp) {
    bool stamped = false;
    // A worker of the kernel turns receive stamping on, some time after it was asked to: wait for it,
    // however busy the machine is.
    for (int i = 0; i < 5000 && !stamped; ++i) {
        if (i > 0) ::usleep(1000);
        ASSERT_EQ(s.send(std::span{&out, 1}).sent, 1U);
        const incoming in = receive_one();
        EXPECT_EQ(in.from, loopback);
        EXPECT_EQ(in.hop_limit, 64);
        EXPECT_EQ(in.full_size, 16U);
        EXPECT_EQ(load_be<std::uint16_t>(in.bytes, 6), 7);
        stamped = in.received_at.has_value();
    }
    EXPECT_TRUE(stamped);
}

TEST_F(opened, transmit_stamps_carry_the_number_of_the_message) {
    ASSERT_TRUE(s.stamps_transmits());
    const std::array<outgoing, 3> three{out, out, out};
    const auto first = s.send(three);
    EXPECT_EQ(first.sent, 3U);
    EXPECT_EQ(first.first_stamp, 0U);
    EXPECT_EQ(s.send(three).first_stamp, 3U);
    wait_for(s, POLLERR);
    // Each is stamped on entering the device layer and on reaching the device.
    ASSERT_EQ(s.receive_errors(batch), 12U);
    for (std::uint32_t i = 0; i < 12; i += 2) {
        const queued_error entered = s.error(batch, i);
        const queued_error reached = s.error(batch, i + 1);
        EXPECT_EQ(entered.from, queued_error::origin::transmit_timestamp);
        EXPECT_EQ(entered.stamp_id, i / 2);
        EXPECT_EQ(reached.stamp_id, i / 2);
        ASSERT_TRUE(entered.at && reached.at);
        EXPECT_LE(*entered.at, *reached.at);
    }
}

TEST_F(opened, a_failed_message_says_why_and_the_stamps_begin_anew) {
    outgoing bad = out;
    bad.destination = nowhere;
    const std::array<outgoing, 3> messages{out, bad, out};
    auto done = s.send(messages);
    EXPECT_EQ(done.sent, 1U);
    EXPECT_EQ(done.error_number, ENETUNREACH);
    (void)s.receive_errors(batch);
    done = s.send(std::span{messages}.subspan(2));
    EXPECT_EQ(done.sent, 1U);
    EXPECT_EQ(done.first_stamp, 0U);
    wait_for(s, POLLERR);
    ASSERT_EQ(s.receive_errors(batch), 2U);
    EXPECT_EQ(s.error(batch, 0).stamp_id, 0U);
}

TEST_F(opened, what_the_buffer_cannot_hold_is_cut_and_told) {
    bytes = request(1, 1000);
    out.datagram = bytes;
    receive_batch small(4, 100);
    ASSERT_EQ(s.send(std::span{&out, 1}).sent, 1U);
    wait_for(s, POLLIN);
    ASSERT_EQ(s.receive(small), 1U);
    EXPECT_EQ(s.datagram(small, 0).bytes.size(), 100U);
    EXPECT_GT(s.datagram(small, 0).full_size, 100U);
}

TEST_F(opened, source_and_interface_are_the_messages_own) {
    out.source = ip_address::v4(0x7f000033);
    out.destination = ip_address::v4(0x7f000044);
    ASSERT_EQ(s.send(std::span{&out, 1}).sent, 1U);
    EXPECT_EQ(receive_one().from, ip_address::v4(0x7f000044));
    out.source = nowhere;
    EXPECT_NE(s.send(std::span{&out, 1}).error_number, 0) << "not an address of this machine";
}

TEST_F(opened, the_path_mtu_mode_holds_for_its_message) {
    bytes = request(1, 65'500);
    out.datagram = bytes;
    EXPECT_EQ(s.send(std::span{&out, 1}).sent, 1U);
    bytes = request(1, 65'507);
    out.datagram = bytes;
    EXPECT_EQ(s.send(std::span{&out, 1}).sent, 1U) << "loopback's MTU is 65,536, so this one is fragmented";
    // The largest payload and 28 bytes of headers: 65,535.
    out.mtu = path_mtu::require;
    EXPECT_EQ(s.send(std::span{&out, 1}).sent, 1U);
    out.mtu = path_mtu::system;
    EXPECT_EQ(s.send(std::span{&out, 1}).sent, 1U);
}

TEST_F(opened, counts_what_the_kernel_dropped) {
    icmp_socket tiny = icmp_socket::open(family::v4, {.receive_buffer = 1, .mark = {}}).value();
    EXPECT_EQ(tiny.dropped(), 0U);
    for (int i = 0; i < 100; ++i) (void)tiny.send(std::span{&out, 1});
    EXPECT_GT(tiny.dropped(), 0U);
}

TEST(icmp_socket, ipv6_speaks_the_same) {
    auto s = icmp_socket::open(family::v6, {});
    if (!s) {
        EXPECT_EQ(s.error().code.value(), EAFNOSUPPORT) << s.error().what;
        GTEST_SKIP() << "SKIP: this system has no IPv6";
    }
    auto bytes = request(9);
    bytes[0] = std::byte{128};
    const auto self = ip_address::parse("::1").value();
    const outgoing out{.datagram = bytes,
                       .destination = self,
                       .source = {},
                       .interface = 0,
                       .hop_limit = std::uint8_t{5},
                       .traffic_class = {}};
    ASSERT_EQ(s->send(std::span{&out, 1}).sent, 1U);
    wait_for(*s, POLLIN);
    receive_batch batch(4, 2048);
    ASSERT_EQ(s->receive(batch), 1U);
    EXPECT_EQ(s->datagram(batch, 0).from, self);
    EXPECT_EQ(s->datagram(batch, 0).hop_limit, 64);
}

TEST(icmp_socket, a_mark_without_the_capability_names_the_command) {
    // In this namespace the capability is there; the mark is set.
    EXPECT_TRUE(icmp_socket::open(family::v4, {.mark = 7U}).has_value());
}

}  // namespace
}  // namespace sonde::socket
