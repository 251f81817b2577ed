#include <sonde/respond/address_book.hpp>
#include <sonde/respond/echo_rig_test.hpp>

namespace sonde::respond {
namespace {

using namespace test;

address_key key(std::string_view text) {
    return address_key::of(ip(text));
}

TEST(AddressKey, SameFromPacketAndAddress) {
    for (const auto* text : {"192.0.2.1", "2001:db8::1", "::", "0.0.0.0", "255.255.255.255"}) {
        EXPECT_EQ(address_key::from_wire(ip(text).bytes()), key(text)) << text;
        EXPECT_EQ(key(text).is_v4(), ip(text).is_v4()) << text;
    }
}

TEST(AddressKey, Kinds) {
    EXPECT_TRUE(key("224.0.0.1").is_group());
    EXPECT_TRUE(key("239.255.255.255").is_group());
    EXPECT_TRUE(key("255.255.255.255").is_group());
    EXPECT_TRUE(key("ff02::1").is_group());
    EXPECT_FALSE(key("240.0.0.1").is_group());
    EXPECT_FALSE(key("fe80::1").is_group());
    EXPECT_TRUE(key("0.1.2.3").is_unspecified());
    EXPECT_TRUE(key("::").is_unspecified());
    EXPECT_FALSE(key("::2").is_unspecified());
    EXPECT_TRUE(key("127.9.9.9").is_loopback());
    EXPECT_TRUE(key("::1").is_loopback());
    EXPECT_FALSE(key("1.0.0.1").is_loopback());
}

TEST(AddressBook, AgreesWithPrefix) {
    for (const auto* text : {"10.99.0.0/16", "10.99.4.0/23", "192.0.2.4/31", "192.0.2.9/32", "0.0.0.0/0", "fd99::/64",
                             "fd99::/1", "2001:db8::8/125", "2001:db8::1/128", "2001:db8:8000::/33", "::/0"}) {
        address_book book;
        book.set_prefixes({net(text)});
        const auto p = net(text);
        for (const auto* address :
             {"10.99.0.1", "10.99.4.1", "10.99.5.255", "10.99.6.1", "192.0.2.4", "192.0.2.5", "192.0.2.9", "fd99::1",
              "fd99:0:0:1::1", "2001:db8::9", "2001:db8::1", "2001:db8:8000::1", "7fff::1", "8000::1"}) {
            const bool end =
                p.network().is_v4() && p.length() < 31 && (ip(address) == ip("10.99.5.255") && p.length() == 23);
            EXPECT_EQ(book.answers(key(address)), p.contains(ip(address)) && !end) << text << " " << address;
        }
    }
}

TEST(AddressBook, EndsOfAPrefixAreBroadcastUnlessAnotherHoldsThem) {
    address_book book;
    book.set_prefixes({net("10.99.0.0/16")});
    EXPECT_TRUE(book.is_broadcast(key("10.99.0.0")));
    EXPECT_TRUE(book.is_broadcast(key("10.99.255.255")));
    EXPECT_FALSE(book.is_broadcast(key("10.99.0.255")));
    EXPECT_FALSE(book.answers(key("10.99.255.255")));
    book.set_prefixes({net("10.99.0.0/16"), net("10.99.255.255/32")});
    EXPECT_FALSE(book.is_broadcast(key("10.99.255.255")));
    EXPECT_TRUE(book.answers(key("10.99.255.255")));
    EXPECT_TRUE(book.is_lone(key("10.99.255.255")));
    EXPECT_FALSE(book.is_lone(key("10.99.255.254")));
}

TEST(AddressBook, Own) {
    address_book book;
    book.set_own({near_v4, near_v6, ip("fe80::1")}, true);
    book.set_broadcasts({ip("192.0.2.255"), ip("::")});
    EXPECT_TRUE(book.answers(key("fe80::1")));
    EXPECT_TRUE(book.is_own(key("192.0.2.1")));
    EXPECT_TRUE(book.is_broadcast(key("192.0.2.255")));
    EXPECT_FALSE(book.is_broadcast(key("::"))) << "where an address has no broadcast address";
    book.set_own({near_v4}, false);
    EXPECT_FALSE(book.answers(key("192.0.2.1")));
    EXPECT_TRUE(book.is_own(key("192.0.2.1")));
    EXPECT_FALSE(book.is_own(key("fe80::1")));
}

}  // namespace
}  // namespace sonde::respond
