// Over a pair of interfaces in a namespace of its own (tests/in_namespace.sh).
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <memory>
#include <netinet/in.h>
#include <sys/capability.h>
#include <sys/socket.h>

#include <gtest/gtest.h>

#include <sonde/socket/lab_test.hpp>
#include <sonde/socket/packet_socket.hpp>
#include <sonde/socket/privilege.hpp>

#include <linux/if_arp.h>

namespace sonde::socket {
namespace {

const bpf_filter ours = bpf_filter::compile("ether proto 0x88b5", link_type::ethernet).value();

packet_socket open_on(const network_interface& on, bool send_only = false) {
    return packet_socket::open({.interface = on.index, .send_only = send_only}).value();
}

struct joined : testing::Test {
    lab::veth_pair pair;
    std::array<std::byte, 65600> buffer{};

    void SetUp() override { ASSERT_TRUE(pair.made()); }

    std::size_t send(packet_socket& from, std::uint32_t number, std::size_t size = 60) {
        const auto frame = lab::numbered_frame(pair.b, number, size);
        const bytes_view view{frame};
        return from.send(std::span{&view, 1}).sent;
    }
    std::optional<packet_socket::received> receive(packet_socket& at) {
        if (!lab::wait_readable(at.fd())) return std::nullopt;
        return at.receive(buffer);
    }
};

TEST_F(joined, captures_nothing_before_the_start_and_only_what_the_filter_accepts_after) {
    auto sender = open_on(pair.a, true);
    auto receiver = open_on(pair.b);
    for (std::uint32_t i = 0; i < 50; ++i) ASSERT_EQ(send(sender, i), 1U);
    ASSERT_TRUE(receiver.start(ours).has_value());
    auto other = lab::numbered_frame(pair.b, 60);
    store_be<std::uint16_t>(other, 12, 0x88b6);
    const std::array<bytes_view, 1> others{other};
    ASSERT_EQ(sender.send(others).sent, 1U);
    ASSERT_EQ(send(sender, 70), 1U);
    const auto first = receive(receiver);
    ASSERT_TRUE(first.has_value());
    EXPECT_EQ(lab::number_of(first->bytes), 70U);
    EXPECT_FALSE(receiver.receive(buffer).has_value());
}

TEST_F(joined, another_filter_begins_without_what_the_former_let_in) {
    auto sender = open_on(pair.a, true);
    auto receiver = open_on(pair.b);
    ASSERT_TRUE(receiver.start({}).has_value());
    for (std::uint32_t i = 0; i < 5; ++i) ASSERT_EQ(send(sender, i), 1U);
    ASSERT_TRUE(lab::wait_readable(receiver.fd()));
    ASSERT_TRUE(receiver.start(bpf_filter::compile("ether[17] = 9", link_type::ethernet).value()).has_value());
    for (std::uint32_t i = 5; i < 12; ++i) ASSERT_EQ(send(sender, i), 1U);
    const auto only = receive(receiver);
    ASSERT_TRUE(only.has_value());
    EXPECT_EQ(lab::number_of(only->bytes), 9U);
    EXPECT_FALSE(receiver.receive(buffer).has_value());
}

TEST_F(joined, says_what_the_kernel_knows_of_a_frame) {
    auto sender = open_on(pair.a);
    auto beside = open_on(pair.a);
    auto receiver = open_on(pair.b);
    for (auto* socket : {&sender, &beside, &receiver}) ASSERT_TRUE(socket->start(ours).has_value());
    const auto before = std::chrono::system_clock::now();
    ASSERT_EQ(send(sender, 1, 900), 1U);
    const auto in = receive(receiver);
    ASSERT_TRUE(in.has_value());
    EXPECT_TRUE(std::ranges::equal(in->bytes, lab::numbered_frame(pair.b, 1, 900)));
    EXPECT_EQ(in->meta.full_size, 900U);
    EXPECT_EQ(in->meta.interface, pair.b.index);
    EXPECT_EQ(in->meta.type, packet_type::host);
    EXPECT_EQ(in->meta.protocol, lab::ethertype);
    EXPECT_EQ(in->meta.hardware_type, ARPHRD_ETHER);
    ASSERT_EQ(in->meta.address_size, 6U);
    EXPECT_EQ(in->meta.address[0], std::byte{2}) << "who sent it";
    EXPECT_FALSE(in->meta.tag || in->meta.checksum_unfinished);
    ASSERT_TRUE(in->meta.at.has_value());
    EXPECT_GE(*in->meta.at, before - std::chrono::seconds{1});
    EXPECT_LE(*in->meta.at, std::chrono::system_clock::now() + std::chrono::seconds{1});

    const auto left = receive(beside);
    ASSERT_TRUE(left.has_value());
    EXPECT_EQ(left->meta.type, packet_type::outgoing);
    EXPECT_FALSE(sender.receive(buffer).has_value()) << "a socket never sees what it sent itself";
}

TEST_F(joined, for_whom_a_frame_was) {
    auto sender = open_on(pair.a, true);
    auto receiver = open_on(pair.b);
    ASSERT_TRUE(receiver.start(ours).has_value());
    const std::array<std::pair<int, packet_type>, 3> kinds{
        {{0xff, packet_type::broadcast}, {0x01, packet_type::multicast}, {0x22, packet_type::other_host}}};
    for (const auto& [octet, type] : kinds) {
        auto frame = lab::numbered_frame(pair.b, 1);
        std::fill_n(frame.begin(), 6, static_cast<std::byte>(octet));
        const std::array<bytes_view, 1> frames{frame};
        ASSERT_EQ(sender.send(frames).sent, 1U);
        const auto in = receive(receiver);
        ASSERT_TRUE(in.has_value());
        EXPECT_EQ(in->meta.type, type);
    }
}

TEST_F(joined, a_short_buffer_keeps_the_beginning) {
    auto sender = open_on(pair.a, true);
    auto receiver = open_on(pair.b);
    ASSERT_TRUE(receiver.start(ours).has_value());
    ASSERT_EQ(send(sender, 3, 1000), 1U);
    ASSERT_TRUE(lab::wait_readable(receiver.fd()));
    const auto in = receiver.receive(bytes_span{buffer}.first(40));
    ASSERT_TRUE(in.has_value());
    EXPECT_EQ(in->bytes.size(), 40U);
    EXPECT_EQ(in->meta.full_size, 1000U);

    // The filter's snap length cuts in the kernel; the full size is told all the same.
    ASSERT_TRUE(receiver.start(bpf_filter::compile("ether proto 0x88b5", link_type::ethernet, 64).value()).has_value());
    ASSERT_EQ(send(sender, 4, 1000), 1U);
    const auto cut = receive(receiver);
    ASSERT_TRUE(cut.has_value());
    EXPECT_EQ(cut->bytes.size(), 64U);
    EXPECT_EQ(cut->meta.full_size, 1000U);
}

TEST_F(joined, a_tag_is_in_the_meta_data) {
    auto sender = open_on(pair.a, true);
    auto receiver = open_on(pair.b);
    ASSERT_TRUE(receiver.start(ours).has_value());
    auto frame = lab::numbered_frame(pair.b, 5);
    const std::array<std::byte, 4> tag{std::byte{0x88}, std::byte{0xa8}, std::byte{0x60}, std::byte{0x2a}};
    frame.insert(frame.begin() + 12, tag.begin(), tag.end());
    const std::array<bytes_view, 1> frames{frame};
    ASSERT_EQ(sender.send(frames).sent, 1U);
    const auto in = receive(receiver);
    ASSERT_TRUE(in.has_value());
    EXPECT_EQ(in->meta.tag, (vlan_tag{0x88a8, 0x602a}));
    EXPECT_EQ(lab::number_of(in->bytes), 5U);
}

TEST_F(joined, a_send_stops_at_the_first_bad_frame) {
    auto sender = open_on(pair.a, true);
    auto receiver = open_on(pair.b);
    ASSERT_TRUE(receiver.start(ours).has_value());
    std::vector<std::vector<std::byte>> frames;
    for (std::uint32_t i = 0; i < 700; ++i) frames.push_back(lab::numbered_frame(pair.b, i, i == 600 ? 1600 : 60));
    const std::vector<bytes_view> views(frames.begin(), frames.end());
    const auto done = sender.send(views);
    EXPECT_EQ(done.sent, 600U);
    EXPECT_EQ(done.error_number, EMSGSIZE);
    EXPECT_FALSE(done.full());
    for (std::uint32_t i = 0; i < 600; ++i) {
        const auto in = receive(receiver);
        ASSERT_TRUE(in.has_value());
        ASSERT_EQ(lab::number_of(in->bytes), i);
    }
    EXPECT_EQ(sender.send({}).error_number, 0);
    EXPECT_EQ(sender.send(std::span{views}.subspan(601)).sent, 99U) << "it goes on behind it";
}

TEST_F(joined, a_full_send_buffer_is_no_fault_of_the_frame) {
    EXPECT_TRUE((packet_socket::send_result{0, EAGAIN}.full()));
    EXPECT_TRUE((packet_socket::send_result{0, ENOBUFS}.full()));
    EXPECT_FALSE((packet_socket::send_result{1, 0}.full()));
}

TEST_F(joined, pieces_make_one_frame) {
    auto sender = packet_socket::open({.send_only = true}).value();
    auto receiver = open_on(pair.b);
    ASSERT_TRUE(receiver.start(ours).has_value());
    const auto frame = lab::numbered_frame(pair.b, 8, 80);
    const std::array<bytes_view, 3> pieces{bytes_view{frame}.first(14), bytes_view{frame}.subspan(14, 6),
                                           bytes_view{frame}.subspan(20)};
    const auto sent = sender.send_pieces(pieces, pair.a.index);
    ASSERT_TRUE(sent.has_value()) << sent.error().what;
    const auto in = receive(receiver);
    ASSERT_TRUE(in.has_value());
    EXPECT_TRUE(std::ranges::equal(in->bytes, frame));

    const std::vector<std::byte> large(1515);
    const std::array<bytes_view, 1> one{large};
    const auto refused = sender.send_pieces(one, pair.a.index);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().what, "a frame of 1515 bytes is too large for va, whose MTU is 1500");
    EXPECT_EQ(refused.error().code.value(), EMSGSIZE);
}

TEST_F(joined, a_socket_for_sending_alone_receives_nothing) {
    auto sender = open_on(pair.a, true);
    ASSERT_TRUE(sender.start({}).has_value());
    auto opposite = open_on(pair.b, true);
    auto witness = open_on(pair.a);
    ASSERT_TRUE(witness.start(ours).has_value());
    ASSERT_EQ(send(opposite, 1), 1U);
    ASSERT_TRUE(receive(witness).has_value());
    EXPECT_FALSE(sender.receive(buffer).has_value());
}

TEST_F(joined, statistics_add_up_though_reading_clears_them) {
    auto sender = open_on(pair.a, true);
    auto receiver = packet_socket::open({.interface = pair.b.index, .receive_buffer = 4096}).value();
    ASSERT_TRUE(receiver.start(ours).has_value());
    for (std::uint32_t i = 0; i < 100; ++i) ASSERT_EQ(send(sender, i), 1U);
    const auto first = receiver.read_statistics();
    EXPECT_EQ(first.passed, 100U);
    EXPECT_GT(first.dropped, 0U);
    EXPECT_LT(first.dropped, 100U);
    std::uint64_t kept = 0;
    while (receiver.receive(buffer)) ++kept;
    EXPECT_EQ(kept + first.dropped, 100U);
    ASSERT_EQ(send(sender, 100), 1U);
    const auto second = receiver.read_statistics();
    EXPECT_EQ(second.passed, 101U);
    EXPECT_EQ(second.dropped, first.dropped);
}

TEST_F(joined, an_interface_that_is_down) {
    ASSERT_TRUE(lab::ip({"link", "set", "vb", "down"}));
    auto receiver = open_on(pair.b);
    const auto started = receiver.start(ours);
    ASSERT_FALSE(started.has_value());
    EXPECT_EQ(started.error().what, "vb is down");
    EXPECT_NE(started.error().remedy.find("ip link set vb up"), std::string::npos);
    EXPECT_EQ(started.error().code.value(), ENETDOWN);

    // It hears when it comes up, and after it went down and up again.
    auto sender = open_on(pair.a, true);
    for (int round = 0; round < 2; ++round) {
        ASSERT_TRUE(lab::ip({"link", "set", "vb", "up"}));
        ASSERT_TRUE(pair.wait_until_running());
        std::uint32_t number = 0;
        ASSERT_EQ(send(sender, ++number), 1U);
        ASSERT_TRUE(receive(receiver).has_value());
        EXPECT_EQ(receiver.take_error(), 0);
        ASSERT_TRUE(lab::ip({"link", "set", "vb", "down"}));
        EXPECT_EQ(receiver.take_error(), ENETDOWN);
        EXPECT_EQ(receiver.take_error(), 0);
    }
    ASSERT_TRUE(lab::ip({"link", "set", "vb", "up"}));
    ASSERT_TRUE(lab::ip({"link", "set", "vb", "down"}));
    EXPECT_FALSE(receiver.receive(buffer).has_value());
    EXPECT_EQ(receiver.take_error(), ENETDOWN) << "the receive call came across it";
}

/// Takes every capability out of this thread's effective set for as long as it lives.
class without_capabilities {
public:
    without_capabilities() : before_(::cap_get_proc(), &::cap_free) {
        const std::unique_ptr<std::remove_pointer_t<cap_t>, int (*)(void*)> none(::cap_init(), &::cap_free);
        // Permitted too, or a scoped_capability would raise one.
        const std::unique_ptr<std::remove_pointer_t<cap_t>, int (*)(void*)> lowered(::cap_dup(before_.get()),
                                                                                    &::cap_free);
        ::cap_clear_flag(lowered.get(), CAP_EFFECTIVE);
        taken_ = ::cap_set_proc(lowered.get()) == 0;
    }
    ~without_capabilities() { ::cap_set_proc(before_.get()); }
    without_capabilities(const without_capabilities&) = delete;
    without_capabilities& operator=(const without_capabilities&) = delete;
    [[nodiscard]] bool taken() const { return taken_; }

private:
    std::unique_ptr<std::remove_pointer_t<cap_t>, int (*)(void*)> before_;
    bool taken_ = false;
};

/// What ip(8) shows of an interface.
std::string details_of(const char* interface) {
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(
        ::popen((std::string("ip -d link show ") + interface).c_str(), "r"), &::pclose);
    std::array<char, 4096> text{};
    return {text.data(), std::fread(text.data(), 1, text.size(), pipe.get())};
}

TEST_F(joined, an_interface_that_is_deleted_and_made_anew) {
    auto receiver =
        packet_socket::open({.interface = pair.b.index, .promiscuous = true, .all_multicast = true}).value();
    ASSERT_TRUE(receiver.start(ours).has_value());
    auto sender = open_on(pair.a, true);
    EXPECT_NE(details_of("vb").find("promiscuity 1"), std::string::npos) << details_of("vb");
    const std::uint32_t former = pair.b.index;

    pair.remove();
    EXPECT_EQ(receiver.take_error(), ENETDOWN);
    EXPECT_EQ(send(sender, 1), 0U);
    EXPECT_NE(sender.send(std::array<bytes_view, 1>{bytes_view{buffer}.first(60)}).error_number, 0);
    const auto gone = receiver.rebind(former);
    ASSERT_FALSE(gone.has_value());
    EXPECT_EQ(gone.error().code.value(), ENODEV);

    pair.make();
    ASSERT_TRUE(pair.made());
    ASSERT_NE(pair.b.index, former);
    {
        const without_capabilities now;
        ASSERT_TRUE(now.taken());
        const auto rebound = receiver.rebind(pair.b.index);
        ASSERT_TRUE(rebound.has_value()) << rebound.error().what;
        ASSERT_TRUE(sender.rebind(pair.a.index).has_value());
    }
    EXPECT_EQ(receiver.interface(), pair.b.index);
    EXPECT_NE(details_of("vb").find("promiscuity 1"), std::string::npos) << "the membership was made anew";
    auto other = lab::numbered_frame(pair.b, 6);
    store_be<std::uint16_t>(other, 12, 0x88b6);
    ASSERT_EQ(sender.send(std::array<bytes_view, 1>{other}).sent, 1U);
    ASSERT_EQ(send(sender, 7), 1U);
    const auto in = receive(receiver);
    ASSERT_TRUE(in.has_value());
    EXPECT_EQ(lab::number_of(in->bytes), 7U) << "the filter is still there";
}

TEST_F(joined, an_interface_that_comes_back_with_its_former_number) {
    auto receiver = packet_socket::open({.interface = pair.b.index, .promiscuous = true}).value();
    ASSERT_TRUE(receiver.start(ours).has_value());
    const std::string number = std::to_string(pair.b.index);
    pair.remove();
    ASSERT_TRUE(lab::ip({"link", "add", "vb", "index", number, "type", "veth", "peer", "name", "va"}));
    EXPECT_EQ(find_interface("vb").value().index, pair.b.index);
    for (int i = 0; i < 2; ++i) {
        const auto rebound = receiver.rebind(pair.b.index);
        ASSERT_FALSE(rebound.has_value()) << "it is down, the second time too";
        EXPECT_EQ(rebound.error().code.value(), ENETDOWN);
        const auto started = receiver.start(ours);
        ASSERT_FALSE(started.has_value()) << "likewise";
        EXPECT_EQ(started.error().code.value(), ENETDOWN);
    }
    EXPECT_NE(details_of("vb").find("promiscuity 1"), std::string::npos) << details_of("vb");
    ASSERT_TRUE(lab::ip({"link", "set", "vb", "up"}));
    EXPECT_TRUE(receiver.rebind(pair.b.index).has_value());
    EXPECT_TRUE(receiver.start(ours).has_value());
    EXPECT_NE(details_of("vb").find("promiscuity 1"), std::string::npos) << "a membership twice is one";
    EXPECT_TRUE(lab::ip({"link", "del", "vb"}));
}

TEST(packet_socket, without_permission_it_names_the_capability_and_the_commands) {
    const int code = lab::in_child([] {
        if (!drop_all_capabilities()) return 10;
        const auto refused = packet_socket::open({});
        if (refused) return 11;
        const failure& f = refused.error();
        if (f.what != "cannot open a packet socket: needs CAP_NET_RAW, which this process lacks") return 12;
        if (f.remedy.find("setcap cap_net_raw+ep ") == std::string::npos) return 13;
        if (f.remedy.find("docker run --cap-add NET_RAW") == std::string::npos) return 14;
        return f.code.value() == EPERM ? 0 : 15;
    });
    EXPECT_EQ(code, 0);
}

TEST(packet_socket, no_such_interface) {
    const auto none = packet_socket::open({.interface = 99999});
    ASSERT_FALSE(none.has_value());
    EXPECT_EQ(none.error().code.value(), ENODEV);
    EXPECT_NE(none.error().what.find("interface number 99999"), std::string::npos) << none.error().what;
}

TEST(packet_socket, local_traffic_has_no_transport_checksum_yet) {
    const auto lo = find_interface("lo").value();
    auto on_lo = open_on(lo);
    ASSERT_TRUE(on_lo.start(bpf_filter::compile("udp port 4791", link_type::ethernet).value()).has_value());
    const descriptor udp(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(4791);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(::sendto(udp.get(), "x", 1, 0, static_cast<const sockaddr*>(static_cast<const void*>(&to)), sizeof to),
              1);
    ASSERT_TRUE(lab::wait_readable(on_lo.fd()));
    std::array<std::byte, 200> buffer{};
    const auto in = on_lo.receive(buffer);
    ASSERT_TRUE(in.has_value());
    EXPECT_TRUE(in->meta.checksum_unfinished);
}

TEST(packet_socket, a_cooked_one_delivers_no_link_header) {
    const lab::veth_pair pair;
    ASSERT_TRUE(pair.made());
    auto cooked = packet_socket::open({.cooked = true}).value();
    EXPECT_TRUE(cooked.cooked());
    // The number is the first thing behind the header of 20 bytes; of two frames one is outgoing.
    const auto filter = bpf_filter::compile("ether proto 0x88b5 and ifindex " + std::to_string(pair.b.index),
                                            link_type::linux_cooked_v2)
                            .value()
                            .for_cooked_socket();
    ASSERT_TRUE(filter.has_value());
    ASSERT_TRUE(cooked.start(*filter).has_value());
    auto sender = open_on(pair.a, true);
    const auto frame = lab::numbered_frame(pair.b, 77);
    ASSERT_EQ(sender.send(std::array<bytes_view, 1>{frame}).sent, 1U);
    ASSERT_TRUE(lab::wait_readable(cooked.fd()));
    std::array<std::byte, 200> buffer{};
    const auto in = cooked.receive(buffer);
    ASSERT_TRUE(in.has_value());
    EXPECT_EQ(in->meta.interface, pair.b.index);
    EXPECT_TRUE(std::ranges::equal(in->bytes, bytes_view{frame}.subspan(14)));
    EXPECT_FALSE(cooked.receive(buffer).has_value()) << "the same frame, outgoing at va";
}

}  // namespace
}  // namespace sonde::socket
