#include <random>

#include <sonde/respond/echo_responder.hpp>
#include <sonde/respond/echo_rig_test.hpp>

namespace sonde::respond {
namespace {

using namespace std::chrono_literals;
using namespace test;
using d = disposition;

const echo v6_echo{.source = near_v6, .destination = far_v6};

TEST(EchoResponder, AnswersByteForByte) {
    for (const std::size_t size : {0U, 1U, 7U, 8U, 55U, 56U, 1452U}) {
        rig r;
        echo e{.identifier = 0xffff, .sequence = 0x8000, .payload = ramp(size), .tos = 0xb9};
        ASSERT_EQ(r.hear(frame(e)), d::answered) << size;
        EXPECT_EQ(r.reply, expected_reply(e)) << size;
        e.source = near_v6;
        e.destination = far_v6;
        e.flow_label = 0xabcde;
        ASSERT_EQ(r.hear(frame(e)), d::answered) << size;
        EXPECT_EQ(r.reply, expected_reply(e)) << size;
        EXPECT_EQ(r.responder.counts().v4, 1U);
        EXPECT_EQ(r.responder.counts().v6, 1U);
    }
}

TEST(EchoResponder, ChecksumOfNothingButZeros) {
    rig r;
    const echo e{.identifier = 0, .sequence = 0, .payload = bytes(16)};
    ASSERT_EQ(r.hear(frame(e)), d::answered);
    EXPECT_EQ(r.reply, expected_reply(e));  // 0xffff, where RFC 1624's equation alone gives 0
}

TEST(EchoResponder, KeepsCodeAndCountsIdentifications) {
    rig r;
    const echo e{.code = 3};
    for (std::uint16_t n = 1; n < 4; ++n) {
        ASSERT_EQ(r.hear(frame(e)), d::answered);
        EXPECT_EQ(r.reply, expected_reply(e, n));
    }
}

TEST(EchoResponder, PaddingIsNotPayload) {
    rig r;
    const echo e{.payload = {}};
    ASSERT_EQ(r.hear(frame(e) + bytes(18, std::byte{0xff})), d::answered);
    EXPECT_EQ(r.reply, expected_reply(e));
}

TEST(EchoResponder, PutsTheTagBack) {
    const echo e;
    rig r;
    ASSERT_EQ(r.hear(frame(e), {.tag = 0x8100'6005U}), d::answered);
    EXPECT_EQ(r.reply, expected_reply(e, 1, raw({0x81, 0x00, 0x60, 0x05})));
    // A tag in the frame, and one more that was taken out.
    const bytes inner = raw({0x81, 0x00, 0x00, 0x07});
    ASSERT_EQ(r.hear(framed(e.packet(), inner), {.tag = 0x88a8'0064U}), d::answered);
    EXPECT_EQ(r.reply, expected_reply(e, 2, raw({0x88, 0xa8, 0x00, 0x64}) + inner));
}

TEST(EchoResponder, UnfinishedChecksumIsComputed) {
    for (const echo& e : {echo{}, v6_echo}) {
        bytes f = frame(e);
        const std::size_t at = 14 + (e.source.is_v4() ? 20U : 40U) + 2;
        f[at] ^= std::byte{0x5a};
        rig r;
        EXPECT_EQ(r.hear(f), d::bad_checksum);
        ASSERT_EQ(r.hear(f, {.checksum_unfinished = true}), d::answered);
        EXPECT_EQ(r.reply, expected_reply(e));
    }
}

TEST(EchoResponder, RawIpHasNoLinkHeader) {
    auto o = rig::standard();
    o.link = link_type::raw_ip;
    o.largest_frame = 1500;
    rig r(o);
    for (const echo& e : {echo{}, v6_echo}) {
        ASSERT_EQ(r.hear(e.packet()), d::answered);
        const bytes whole = expected_reply(e);
        EXPECT_EQ(r.reply, bytes(whole.begin() + 14, whole.end()));
    }
    EXPECT_EQ(r.hear(raw({0x45})), d::truncated);
    EXPECT_EQ(r.hear(bytes(64)), d::malformed);
}

TEST(EchoResponder, ExtensionHeadersAreSteppedOver) {
    rig r;
    // Hop-by-hop with a router alert and padding, destination options, an atomic fragment, a spent routing header.
    for (const auto& [first, extension] :
         {std::pair{0U, raw({58, 0, 5, 2, 0, 0, 1, 0})}, std::pair{60U, raw({58, 0, 1, 4, 0, 0, 0, 0})},
          std::pair{44U, raw({58, 0, 0, 0, 1, 2, 3, 4})}, std::pair{43U, raw({58, 0, 2, 0, 0, 0, 0, 0})},
          std::pair{0U, raw({60, 0, 1, 4, 0, 0, 0, 0, 58, 0, 1, 4, 0, 0, 0, 0})}}) {
        echo e = v6_echo;
        e.first_extension = static_cast<std::uint8_t>(first);
        e.extensions = extension;
        ASSERT_EQ(r.hear(frame(e)), d::answered) << first;
        EXPECT_EQ(r.reply, expected_reply(v6_echo)) << first;
    }
}

struct refusal {
    const char* name;
    d what;
    bytes frame;
    heard how = {};
};

std::vector<refusal> refused_by_address() {
    const auto to = [](std::string_view a) { return frame({.destination = ip(a)}); };
    const auto from = [](std::string_view a) { return frame({.source = ip(a)}); };
    const auto from6 = [](std::string_view a) { return frame({.source = ip(a), .destination = far_v6}); };
    return {
        {"another address", d::not_ours, to("192.0.2.3")},
        {"another station", d::not_ours, ethernet(mac("02:00:00:00:00:09"), near_mac, 0x0800, echo{}.packet())},
        {"limited broadcast", d::group_destination, to("255.255.255.255")},
        {"directed broadcast", d::group_destination, to("192.0.2.255")},
        {"multicast", d::group_destination, to("224.0.0.1")},
        {"multicast v6", d::group_destination, frame({.source = near_v6, .destination = ip("ff02::1")})},
        {"link broadcast", d::group_destination, ethernet(mac_address::broadcast(), near_mac, 0x0800, echo{}.packet())},
        {"link group, says the socket", d::group_destination, frame({}), {.group = true}},
        {"from a multicast station", d::group_source,
         ethernet(far_mac, mac("03:00:00:00:00:01"), 0x0800, echo{}.packet())},
        {"from multicast", d::group_source, from("224.0.0.1")},
        {"from broadcast", d::group_source, from("255.255.255.255")},
        {"from directed broadcast", d::group_source, from("192.0.2.255")},
        {"from loopback", d::group_source, from("127.0.0.1")},
        {"from nowhere", d::group_source, from("0.0.0.0")},
        {"from multicast v6", d::group_source, from6("ff02::1")},
        {"from loopback v6", d::group_source, from6("::1")},
        {"from nowhere v6", d::group_source, from6("::")},
        {"from our own station", d::own_source, ethernet(far_mac, far_mac, 0x0800, echo{}.packet())},
        {"from our own address", d::own_source, from("192.0.2.2")},
        {"from our own v6", d::own_source, from6("2001:db8::2")},
    };
}

std::vector<refusal> refused_by_content() {
    const auto options = [](const bytes& o) { return frame({.options = o}); };
    const auto extended = [](std::uint8_t first, const bytes& e) {
        return frame({.source = near_v6, .destination = far_v6, .extensions = e, .first_extension = first});
    };
    const auto changed = [](bytes f, std::size_t at, unsigned mask) {
        f.at(at) ^= static_cast<std::byte>(mask);
        return f;
    };
    bytes long_length = frame({});
    long_length.resize(60);
    bytes tcp = frame({});
    tcp[23] = std::byte{6};
    store_be(tcp, 24, std::uint16_t{0});
    store_be(tcp, 24, wire::internet_checksum(bytes_view{tcp}.subspan(14, 20)));
    return {
        {"a reply", d::not_asked, frame({.reply = true})},
        {"TCP", d::not_asked, tcp},
        {"another protocol", d::not_asked, ethernet(far_mac, near_mac, 0x88cc, bytes(50))},
        {"first fragment", d::fragment, frame({.more_fragments = true})},
        {"later fragment", d::fragment, frame({.fragment_offset = 2})},
        {"fragment v6", d::fragment, extended(44, raw({58, 0, 0, 1, 0, 0, 0, 1}))},
        {"later fragment v6", d::fragment, extended(44, raw({58, 0, 0, 8, 0, 0, 0, 1}))},
        {"loose source route", d::source_route, options(raw({131, 7, 8, 1, 2, 3, 4, 0}))},
        {"strict source route", d::source_route, options(raw({137, 7, 4, 1, 2, 3, 4, 0}))},
        {"routing header with segments left", d::source_route, extended(43, raw({58, 0, 2, 1, 0, 0, 0, 0}))},
        {"option that says discard", d::malformed, extended(60, raw({58, 0, 0x80, 4, 0, 0, 0, 0}))},
        {"option past the end", d::malformed, extended(60, raw({58, 0, 1, 9, 0, 0, 0, 0}))},
        {"hop-by-hop in the wrong place", d::malformed,
         extended(60, raw({0, 0, 1, 4, 0, 0, 0, 0, 58, 0, 1, 4, 0, 0, 0, 0}))},
        {"record route with too little room", d::malformed, options(raw({7, 5, 4, 0, 0, 0, 0, 0}))},
        {"option of length 0", d::malformed, options(raw({7, 0, 4, 0}))},
        {"payload changed", d::bad_checksum, changed(frame({}), 60, 1)},
        {"payload changed v6", d::bad_checksum, changed(frame(v6_echo), 80, 1)},
        {"header changed", d::bad_checksum, changed(frame({}), 14 + 8, 1)},
        {"no IPv4", d::malformed, changed(frame({}), 14, 0x10)},
        {"ihl of 4", d::malformed, changed(frame({}), 14, 1)},
        {"shorter than it says", d::truncated, long_length},
        {"cut by the capture", d::truncated, long_length, {.full_size = 98}},
        {"not even a header", d::truncated, bytes(13)},
        {"nothing", d::truncated, {}},
        {"no ICMP header", d::malformed, framed(of(bytes_view{echo{.payload = {}}.packet()}))},
        {"larger than the interface takes", d::too_large, frame({.payload = ramp(1473)})},
        {"an outgoing reply",
         d::kernel_reply,
         ethernet(near_mac, far_mac, 0x0800, echo{.source = far_v4, .destination = near_v4, .reply = true}.packet()),
         {.outgoing = true}},
        {"an outgoing reply v6",
         d::kernel_reply,
         ethernet(near_mac, far_mac, 0x86dd, echo{.source = far_v6, .destination = near_v6, .reply = true}.packet()),
         {.outgoing = true}},
        {"an outgoing reply of another address",
         d::outgoing,
         ethernet(near_mac, far_mac, 0x0800, echo{.source = ip("192.0.2.9"), .reply = true}.packet()),
         {.outgoing = true}},
        {"an outgoing request", d::outgoing, frame({}), {.outgoing = true}},
        {"an outgoing scrap", d::outgoing, bytes(3), {.outgoing = true}},
    };
}

TEST(EchoResponder, RefusesAndSaysWhy) {
    auto all = refused_by_address();
    std::ranges::move(refused_by_content(), std::back_inserter(all));
    for (refusal& one : all) {
        if (std::string_view(one.name) == "no ICMP header") {
            // 4 bytes of message only.
            one.frame.resize(14 + 24);
            store_be(one.frame, 16, std::uint16_t{24});
            store_be(one.frame, 24, std::uint16_t{0});
            store_be(one.frame, 24, wire::internet_checksum(bytes_view{one.frame}.subspan(14, 20)));
        }
        rig r;
        EXPECT_EQ(to_string(r.hear(one.frame, one.how)), to_string(one.what)) << one.name;
        EXPECT_TRUE(r.reply.empty()) << one.name;
        EXPECT_EQ(r.responder.counts()[one.what], 1U) << one.name;
        EXPECT_EQ(r.responder.counts().handed_over, 0U) << one.name;
    }
}

TEST(EchoResponder, EveryTruncationIsRefused) {
    echo extended = v6_echo;
    extended.first_extension = 0;
    extended.extensions = raw({60, 0, 1, 4, 0, 0, 0, 0, 58, 0, 1, 4, 0, 0, 0, 0});
    const bytes route = raw({7, 7, 4, 0, 0, 0, 0, 0});
    for (const bytes& whole : {frame({}), frame(v6_echo), frame(extended), frame({.options = route}),
                               arp_request(near_v4, far_v4), solicitation(near_v6, far_v6, source_link_option())}) {
        rig r;
        for (std::size_t size = 0; size < whole.size(); ++size) {
            const bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
            const d what = r.hear(cut, {.full_size = static_cast<std::uint32_t>(whole.size())});
            EXPECT_EQ(what, d::truncated) << size << " of " << whole.size();
            EXPECT_TRUE(r.reply.empty());
        }
        EXPECT_LE(r.hear(whole), d::answered_neighbour);
    }
}

TEST(EchoResponder, PrefixesAnswerForAll) {
    rig r(rig::with({"10.99.0.0/16", "fd99::/64"}));
    for (const auto* address : {"10.99.0.1", "10.99.255.254", "10.99.7.7"}) {
        echo e{.source = ip("10.99.3.3"), .destination = ip(address)};
        EXPECT_EQ(r.hear(frame(e)), d::answered) << address;
    }
    EXPECT_EQ(r.hear(frame({.source = ip("fd99::5"), .destination = ip("fd99::1234:5678")})), d::answered);
    EXPECT_EQ(r.hear(frame({.destination = ip("10.99.255.255")})), d::group_destination);
    EXPECT_EQ(r.hear(frame({.destination = ip("10.99.0.0")})), d::group_destination);
    EXPECT_EQ(r.hear(frame({.destination = ip("10.98.255.255")})), d::not_ours);
    EXPECT_EQ(r.hear(frame({.source = near_v6, .destination = ip("fd99:0:0:1::1")})), d::not_ours);
    EXPECT_EQ(r.hear(frame({})), d::not_ours) << "its own address, which the kernel answers for";
}

TEST(EchoResponder, AMappedAddressOnTheWireIsNobodys) {
    rig r(rig::with({"192.0.2.0/24"}));
    bytes packet = v6_echo.packet();
    const auto mapped = far_v4.mapped_bytes();
    std::ranges::copy(mapped, packet.begin() + 24);
    EXPECT_EQ(r.hear(framed(packet)), d::not_ours);
}

TEST(EchoResponder, AddressesThatChange) {
    rig r;
    r.responder.set_own({ip("198.51.100.1")}, {}, mac("02:00:00:00:00:07"));
    EXPECT_EQ(r.hear(frame({})), d::not_ours);
    const auto packet = echo{.destination = ip("198.51.100.1")}.packet();
    ASSERT_EQ(r.hear(ethernet(mac("02:00:00:00:00:07"), near_mac, 0x0800, packet)), d::answered);
    EXPECT_EQ(mac_address::from_bytes(bytes_view{r.reply}.subspan(6, 6)), mac("02:00:00:00:00:07"));
}

TEST(EchoResponder, TwoRespondersDoNotAnswerEachOther) {
    auto other = rig::standard();
    other.mac = near_mac;
    other.own = {near_v4, near_v6};
    rig far;
    rig near(other);
    for (const echo& e : {echo{}, v6_echo}) {
        ASSERT_EQ(far.hear(frame(e)), d::answered);
        EXPECT_EQ(near.hear(far.reply), d::not_asked);
    }
    // Nor to a reply whose type has become a request's.
    ASSERT_EQ(far.hear(arp_request(near_v4, far_v4)), d::answered_arp);
    EXPECT_EQ(near.hear(far.reply), d::not_asked);
}

// Random changes to good frames, and noise: whatever comes out is a valid answer to what went in.
TEST(EchoResponder, NothingButValidRepliesComesOut) {
    std::mt19937 random(20261120);
    const auto o = [] {
        auto options = rig::with({"192.0.2.0/24", "2001:db8::/64"});
        options.answer_own = true;
        return options;
    }();
    rig r(o);
    const std::vector<bytes> good = {frame({}), frame(v6_echo), frame({.options = raw({7, 7, 4, 0, 0, 0, 0, 0})}),
                                     arp_request(near_v4, far_v4), solicitation(near_v6, far_v6, source_link_option())};
    std::uint64_t answered = 0;
    for (int i = 0; i < 100'000; ++i) {
        bytes f = good[random() % good.size()];
        for (auto changes = random() % 4; changes > 0; --changes) {
            f[random() % f.size()] ^= static_cast<std::byte>(random());
        }
        if (random() % 8 == 0) f.resize(random() % (f.size() + 40));
        const d what = r.hear(f, {.checksum_unfinished = random() % 4 == 0});
        ASSERT_EQ(r.reply.empty(), what > d::answered_neighbour);
        if (what != d::answered) continue;
        ++answered;
        const std::size_t link = 12 + 2;
        const auto packet = bytes_view{r.reply}.subspan(link);
        if ((packet[0] >> 4) == std::byte{4}) {
            const auto view = wire::ipv4_view::parse(packet, wire::checksum_check::verify).value();
            ASSERT_EQ(view.bytes().size(), packet.size());
            ASSERT_EQ(wire::icmp_view::parse(view.payload(), wire::checksum_check::verify).value().type(), 0);
        } else {
            const auto view = wire::ipv6_view::parse(packet).value();
            const wire::icmp_checksum sum{
                wire::pseudo_header_sum(view.source(), view.destination(), view.payload_length(), 58)};
            ASSERT_EQ(wire::icmp_view::parse(view.payload(), wire::checksum_check::verify, sum).value().type(), 129);
        }
    }
    EXPECT_GT(answered, 10'000U);
    EXPECT_EQ(r.responder.counts().frames, 100'000U);
}

TEST(EchoFaults, TruncateAndZero) {
    auto o = rig::standard();
    o.faults.truncate = 3;
    rig r(o);
    for (echo e : {echo{}, v6_echo}) {
        ASSERT_EQ(r.hear(frame(e)), d::answered);
        e.payload.resize(3);
        EXPECT_EQ(r.reply, expected_reply(e));
    }
    o.faults = {.zero_payload = true};
    rig z(o);
    for (echo e : {echo{}, v6_echo}) {
        ASSERT_EQ(z.hear(frame(e)), d::answered);
        e.payload = bytes(e.payload.size());
        EXPECT_EQ(z.reply, expected_reply(e));
    }
}

TEST(EchoFaults, CorruptChangesOneByteUnderARightChecksum) {
    auto o = rig::standard();
    o.faults.corrupt = 1;
    rig r(o);
    for (int i = 0; i < 200; ++i) {
        echo e = i % 2 == 0 ? echo{} : v6_echo;
        ASSERT_EQ(r.hear(frame(e)), d::answered);
        const auto payload = bytes_view{r.reply}.last(56);
        int different = 0;
        for (std::size_t n = 0; n < 56; ++n) different += payload[n] != e.payload[n] ? 1 : 0;
        EXPECT_EQ(different, 1);
        e.payload = of(payload);
        EXPECT_EQ(r.reply, expected_reply(e, static_cast<std::uint16_t>(i / 2 + 1)));
    }
    EXPECT_EQ(r.responder.counts().corrupted, 200U);
    ASSERT_EQ(r.hear(frame({.payload = {}})), d::answered);
    EXPECT_EQ(r.responder.counts().corrupted, 200U) << "there is nothing to change";
}

TEST(EchoFaults, WrongSourceOfItsFamily) {
    auto o = rig::standard();
    o.faults.wrong_source = ip("2001:db8::bad");
    rig r(o);
    ASSERT_EQ(r.hear(frame({})), d::answered);
    EXPECT_EQ(r.reply, expected_reply({}));
    ASSERT_EQ(r.hear(frame(v6_echo)), d::answered);
    echo e = v6_echo;
    e.destination = ip("2001:db8::bad");
    EXPECT_EQ(r.reply, expected_reply(e));
}

TEST(EchoFaults, DropsAsManyAsTheSeedSays) {
    const auto dropped = [](std::uint64_t seed) {
        auto o = rig::standard();
        o.faults = {.drop = 0.25, .seed = seed};
        rig r(o);
        std::string pattern;
        for (int i = 0; i < 1000; ++i) pattern += r.hear(frame({})) == d::fault_dropped ? 'd' : '.';
        EXPECT_EQ(static_cast<std::uint64_t>(std::ranges::count(pattern, 'd')), r.responder.counts()[d::fault_dropped]);
        return pattern;
    };
    const auto once = dropped(1);
    EXPECT_EQ(once, dropped(1));
    EXPECT_NE(once, dropped(2));
    EXPECT_NEAR(static_cast<double>(std::ranges::count(once, 'd')), 250, 60);
}

TEST(EchoFaults, DuplicatesFollow) {
    auto o = rig::standard();
    o.faults.duplicate = 1;
    rig r(o);
    ASSERT_EQ(r.hear(frame({})), d::answered);
    EXPECT_EQ(r.reply, expected_reply({}));
    ASSERT_EQ(r.responder.next_deadline(), r.now);
    EXPECT_EQ(r.poll(), expected_reply({}));
    EXPECT_TRUE(r.poll().empty());
    const auto& c = r.responder.counts();
    EXPECT_EQ(c.duplicated, 1U);
    EXPECT_EQ(c.replies_made, 2U);
    EXPECT_EQ(c.handed_over, 2U);
}

TEST(EchoFaults, DelaysWithinTheJitter) {
    auto o = rig::standard();
    o.faults = {.delay = 10ms, .jitter = 20ms};
    rig r(o);
    const time_point began = r.now;
    for (std::uint16_t i = 0; i < 300; ++i) {
        ASSERT_EQ(r.hear(frame({.sequence = i})), d::answered);
        EXPECT_TRUE(r.reply.empty());
    }
    EXPECT_EQ(r.responder.counts().delayed, 300U);
    int at_once = 0;
    time_point last = began;
    while (const auto next = r.responder.next_deadline()) {
        EXPECT_GE(*next, last);
        EXPECT_LE(*next, began + 30ms);
        at_once += *next == began ? 1 : 0;
        if (*next > began) {
            r.now = *next - 1ns;
            EXPECT_TRUE(r.poll().empty());
        }
        r.now = last = *next;
        EXPECT_FALSE(r.poll().empty());
    }
    EXPECT_EQ(r.responder.counts().handed_over, 300U);
    EXPECT_NEAR(at_once, 75, 35) << "a quarter of -10 ms to 30 ms is not above 0";
}

TEST(EchoFaults, WhatWaitsHasABound) {
    auto o = rig::standard();
    o.faults = {.duplicate = 1, .delay = 1s};
    o.delayed_limit = 3;
    rig r(o);
    EXPECT_EQ(r.hear(frame({})), d::answered);
    EXPECT_EQ(r.hear(frame({})), d::answered);
    EXPECT_EQ(r.hear(frame({})), d::delayed_overflow);
    const auto& c = r.responder.counts();
    EXPECT_EQ(c.delayed, 3U);
    EXPECT_EQ(c.duplicated, 1U);
}

TEST(Disposition, NamesAreDistinct) {
    std::vector<std::string_view> names;
    for (std::size_t i = 0; i < disposition_count; ++i) names.push_back(to_string(static_cast<d>(i)));
    EXPECT_EQ(names.back(), "too_large");
    std::ranges::sort(names);
    EXPECT_EQ(std::ranges::adjacent_find(names), names.end());
}

}  // namespace
}  // namespace sonde::respond
