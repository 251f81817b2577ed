#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <sonde/wire/icmp_extension.hpp>
#include <sonde/wire/wire_rig_test.hpp>

namespace sonde::wire {
namespace {

using bytes = std::vector<std::byte>;

bytes joined(std::initializer_list<bytes> parts) {
    bytes all;
    for (const bytes& part : parts) all.insert(all.end(), part.begin(), part.end());
    return all;
}

// RFC 4950 section 3 of labels 16001 (ttl 1) and 24001 (class 5, bottom of stack, ttl 2).
bytes mpls_object() {
    return rig::hex("000c 0101 03e81001 05dc1b02");
}

bytes structure(const bytes& objects) {
    bytes all = joined({rig::hex("2000 0000"), objects});
    store_be(bytes_span{all}, 2, internet_checksum(all));
    return all;
}

bytes error(std::string_view head, std::size_t quote_size, const bytes& extension) {
    return joined({rig::hex(head), bytes(quote_size, std::byte{0x45}), extension});
}

TEST(icmp_extension, is_where_the_length_field_says_in_the_words_of_the_family) {
    const bytes extension = structure(mpls_object());
    const bytes v4 = error("0b00 0000 0020 0000", 128, extension);
    const auto parts = split_icmp_error(family::v4, v4);
    EXPECT_EQ(parts.quote.data(), v4.data() + 8);
    EXPECT_EQ(parts.quote.size(), 128U);
    EXPECT_TRUE(std::ranges::equal(parts.extension, extension));

    const bytes v6 = error("0300 0000 11000000", 136, extension);
    EXPECT_EQ(split_icmp_error(family::v6, v6).quote.size(), 136U);
    EXPECT_TRUE(std::ranges::equal(split_icmp_error(family::v6, v6).extension, extension));

    const bytes problem = error("0c00 0000 0720 0000", 128, extension);
    EXPECT_TRUE(std::ranges::equal(split_icmp_error(family::v4, problem).extension, extension));
}

TEST(icmp_extension, a_length_is_believed_without_a_checksum_but_not_without_the_version) {
    bytes extension = structure(mpls_object());
    store_be(bytes_span{extension}, 2, std::uint16_t{0});
    EXPECT_FALSE(split_icmp_error(family::v4, error("0b00 0000 0020 0000", 128, extension)).extension.empty());
    extension[0] = std::byte{0x10};
    const bytes message = error("0b00 0000 0020 0000", 128, extension);
    EXPECT_TRUE(split_icmp_error(family::v4, message).extension.empty());
    EXPECT_EQ(split_icmp_error(family::v4, message).quote.size(), message.size() - 8) << "all of it is the quote";
}

TEST(icmp_extension, of_an_old_router_is_at_byte_128_if_its_checksum_is_right) {
    const bytes extension = structure(mpls_object());
    const bytes message = error("0b00 0000 0000 0000", 128, extension);
    EXPECT_TRUE(std::ranges::equal(split_icmp_error(family::v4, message).extension, extension));

    bytes wrong = extension;
    wrong.back() ^= std::byte{1};
    EXPECT_TRUE(split_icmp_error(family::v4, error("0b00 0000 0000 0000", 128, wrong)).extension.empty());
    bytes none = extension;
    store_be(bytes_span{none}, 2, std::uint16_t{0});
    EXPECT_TRUE(split_icmp_error(family::v4, error("0b00 0000 0000 0000", 128, none)).extension.empty());
    EXPECT_TRUE(split_icmp_error(family::v4, error("0b00 0000 0000 0000", 124, extension)).extension.empty());
}

TEST(icmp_extension, is_not_looked_for_elsewhere) {
    const bytes extension = structure(mpls_object());
    EXPECT_TRUE(split_icmp_error(family::v4, error("0501 0000 0020 0000", 128, extension)).extension.empty())
        << "a redirect: the bytes are the gateway's address";
    EXPECT_TRUE(split_icmp_error(family::v6, error("0200 0000 10000500", 128, extension)).extension.empty())
        << "packet too big: the bytes are the MTU";
    EXPECT_TRUE(split_icmp_error(family::v6, error("0400 0000 10000000", 128, extension)).extension.empty())
        << "ICMPv6's parameter problem: the bytes are the pointer";
    EXPECT_TRUE(split_icmp_error(family::v4, error("0b00 0000 00ff 0000", 128, extension)).extension.empty())
        << "past the end";
    EXPECT_TRUE(split_icmp_error(family::v4, rig::hex("0b000000002000")).quote.empty()) << "no header";
}

TEST(icmp_extension, a_structure_and_its_checksum) {
    bytes extension = structure(mpls_object());
    const auto view = icmp_extension_view::parse(extension, checksum_check::verify);
    ASSERT_TRUE(view);
    EXPECT_EQ(view->version(), 2);
    EXPECT_EQ(view->objects().size(), 12U);
    extension.back() ^= std::byte{1};
    EXPECT_EQ(icmp_extension_view::parse(extension, checksum_check::verify).error(), parse_error::bad_checksum);
    EXPECT_TRUE(icmp_extension_view::parse(extension, checksum_check::trust));
    store_be(bytes_span{extension}, 2, std::uint16_t{0});
    EXPECT_TRUE(icmp_extension_view::parse(extension, checksum_check::verify)) << "zero: none was sent";
    extension[0] = std::byte{0x30};
    EXPECT_EQ(icmp_extension_view::parse(extension, checksum_check::trust).error(), parse_error::bad_version);
    EXPECT_EQ(icmp_extension_view::parse(rig::hex("200000"), checksum_check::trust).error(), parse_error::truncated);
}

TEST(icmp_extension, a_label_stack) {
    const bytes objects = mpls_object();
    bytes_view rest = objects;
    const auto object = next_icmp_object(rest);
    ASSERT_TRUE(object && *object);
    EXPECT_TRUE((*object)->is_mpls_label_stack());
    EXPECT_TRUE(rest.empty());
    bytes_view labels = (*object)->data;
    EXPECT_EQ(next_mpls_label(labels), (mpls_label{16001, 0, false, 1}));
    EXPECT_EQ(next_mpls_label(labels), (mpls_label{24001, 5, true, 2}));
    EXPECT_FALSE(next_mpls_label(labels));
    EXPECT_FALSE(next_icmp_object(rest).value()) << "the end";
}

TEST(icmp_extension, lengths_that_would_walk_for_ever_or_too_far) {
    for (const auto* object : {"0000 0101", "0003 0101", "0005 0101", "ffff 0101 00000000", "0004 01", "00"}) {
        const bytes objects = rig::hex(object);
        bytes_view rest = objects;
        const auto next = next_icmp_object(rest);
        ASSERT_FALSE(next) << object;
        EXPECT_EQ(next.error(), parse_error::bad_option);
        EXPECT_TRUE(rest.empty()) << "a walk ends";
    }
    const bytes empty_object = rig::hex("0004 0101");
    bytes_view rest = empty_object;
    const auto next = next_icmp_object(rest);
    ASSERT_TRUE(next && *next);
    EXPECT_TRUE((*next)->data.empty()) << "a stack without labels";
}

icmp_object interface_object(std::uint8_t c_type, const bytes& data) {
    return {2, c_type, data};
}

std::string text(bytes_view name) {
    std::string out;
    for (const std::byte b : name) out += std::to_integer<char>(b);
    return out;
}

TEST(icmp_extension, interface_information_in_full) {
    const bytes data = rig::hex("00000003 00010000 0a000001 08 65746830 000000 000005dc");
    const auto all = interface_information::from(interface_object(0x8f, data));
    ASSERT_TRUE(all);
    EXPECT_EQ(all->role, interface_role::outgoing);
    EXPECT_EQ(all->index, 3U);
    EXPECT_EQ(all->address, rig::ip("10.0.0.1"));
    EXPECT_EQ(text(all->name), "eth0");
    EXPECT_EQ(all->mtu, 1500U);
}

TEST(icmp_extension, interface_information_in_parts) {
    const bytes v6 = rig::hex("00020000 20010db8000000000000000000000001");
    const auto address = interface_information::from(interface_object(0x44, v6));
    ASSERT_TRUE(address);
    EXPECT_EQ(address->role, interface_role::sub_ip);
    EXPECT_EQ(address->address, rig::ip("2001:db8::1"));
    EXPECT_FALSE(address->index || address->mtu);
    EXPECT_TRUE(address->name.empty());
    const bytes mtu = rig::hex("000005dc");
    EXPECT_EQ(interface_information::from(interface_object(0x01, mtu))->mtu, 1500U);
    EXPECT_TRUE(interface_information::from(interface_object(0xc0, {}))) << "a next hop of which nothing is said";
    const bytes full_name = rig::hex("04 657468");
    EXPECT_EQ(text(interface_information::from(interface_object(0x02, full_name))->name), "eth") << "no padding";
}

TEST(icmp_extension, interface_information_that_is_malformed) {
    const auto error_of = [](std::uint8_t c_type, const char* data) {
        const bytes object = rig::hex(data);
        return interface_information::from(interface_object(c_type, object)).error();
    };
    EXPECT_EQ(error_of(0x08, "000000"), parse_error::truncated);
    EXPECT_EQ(error_of(0x01, ""), parse_error::truncated);
    EXPECT_EQ(error_of(0x04, "0001 00"), parse_error::truncated);
    EXPECT_EQ(error_of(0x04, "0001 0000 0a0000"), parse_error::truncated);
    EXPECT_EQ(error_of(0x04, "0003 0000 0a000001"), parse_error::bad_option) << "neither IPv4 nor IPv6";
    EXPECT_EQ(error_of(0x02, ""), parse_error::truncated);
    EXPECT_EQ(error_of(0x02, "00 000000"), parse_error::bad_option) << "its length counts itself";
    EXPECT_EQ(error_of(0x02, "05 6162636400"), parse_error::bad_option) << "no multiple of four";
    EXPECT_EQ(error_of(0x02, "08 616263"), parse_error::truncated);
    EXPECT_EQ(error_of(0x02, "44 616263"), parse_error::bad_option) << "longer than 64";
    EXPECT_EQ(interface_information::from({1, 1, {}}).error(), parse_error::wrong_type);
}

TEST(icmp_extension, what_is_written_reads_back) {
    rig::seeded random{1};
    for (int i = 0; i < 300; ++i) {
        const mpls_label label{.label = random.number<std::uint32_t>() & 0xf'ffffU,
                               .traffic_class = static_cast<std::uint8_t>(random.below(8)),
                               .bottom_of_stack = random.coin(),
                               .ttl = random.number<std::uint8_t>()};
        const bytes entry = rig::emitted(label);
        bytes_view rest = entry;
        EXPECT_EQ(next_mpls_label(rest), label);
        rig::expect_needs_its_room(label);

        const bytes data = random.bytes(random.below(40));
        const icmp_object object{random.number<std::uint8_t>(), random.number<std::uint8_t>(), data};
        const bytes written = rig::emitted(object);
        rest = written;
        EXPECT_EQ(**next_icmp_object(rest), object);
        rig::expect_needs_its_room(object);

        const icmp_extension_message message{.objects = written};
        const bytes whole = rig::emitted(message, checksum_fill::compute);
        EXPECT_NE(icmp_extension_view::parse(whole, checksum_check::verify)->checksum(), 0);
        EXPECT_EQ(icmp_extension_message::from(*icmp_extension_view::parse(whole, checksum_check::verify)), message);
        rig::expect_needs_its_room(message, checksum_fill::compute);
    }
}

TEST(icmp_extension, interface_information_that_is_written_reads_back) {
    rig::seeded random{2};
    for (int i = 0; i < 500; ++i) {
        const std::string name(random.below(64), 'e');
        interface_information m{.role = static_cast<interface_role>(random.below(4)),
                                .name = std::as_bytes(std::span{name})};
        if (random.coin()) m.index = random.number<std::uint32_t>();
        if (random.coin()) m.address = random.coin() ? random.v4() : random.v6();
        if (random.coin()) m.mtu = random.number<std::uint32_t>();
        const bytes written = rig::emitted(m);
        EXPECT_EQ(written.size() % 4, 0U);
        bytes_view rest = written;
        const auto object = next_icmp_object(rest);
        ASSERT_TRUE(object && *object);
        const auto read = interface_information::from(**object);
        ASSERT_TRUE(read);
        EXPECT_EQ(*read, m);
        EXPECT_TRUE(rest.empty());
        rig::expect_needs_its_room(m);
    }
}

TEST(icmp_extension, what_cannot_be_written) {
    bytes out(70'000);
    EXPECT_EQ((mpls_label{.label = 0x10'0000U}.emit(out)), 0U);
    EXPECT_EQ((mpls_label{.traffic_class = 8}.emit(out)), 0U);
    const bytes large(65'532);
    EXPECT_EQ((icmp_object{.data = large}.emit(out)), 0U);
    const std::string name(64, 'x');
    EXPECT_EQ((interface_information{.name = std::as_bytes(std::span{name})}.emit(out)), 0U);
}

TEST(icmp_extension, survives_what_the_network_sends) {
    const bytes interface = rig::hex("001c 028f 00000003 00010000 0a000001 08657468 30000000 000005dc");
    const bytes message = error("0b00 0000 0020 0000", 128, structure(joined({mpls_object(), interface})));
    rig::survive(message, [](bytes_view cut) {
        for (const family f : {family::v4, family::v6}) {
            const auto parts = split_icmp_error(f, cut);
            const auto view = icmp_extension_view::parse(parts.extension, checksum_check::trust);
            if (!view) continue;
            bytes_view rest = view->objects();
            while (!rest.empty()) {
                const auto object = next_icmp_object(rest);
                if (!object || !*object) break;
                static_cast<void>(interface_information::from(**object));
            }
        }
    });
}

}  // namespace
}  // namespace sonde::wire
