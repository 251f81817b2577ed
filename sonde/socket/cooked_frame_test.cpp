#include <array>

#include <gtest/gtest.h>

#include <sonde/socket/cooked_frame.hpp>

namespace sonde::socket {

namespace {

std::vector<std::byte> bytes_of(std::initializer_list<int> values) {
    std::vector<std::byte> all;
    for (const int v : values) all.push_back(static_cast<std::byte>(v));
    return all;
}

std::vector<std::byte> copy(bytes_view view) {
    return {view.begin(), view.end()};
}

frame_meta example() {
    frame_meta meta;
    meta.interface = 0x01020304;
    meta.type = packet_type::outgoing;
    meta.protocol = 0x0800;
    meta.hardware_type = 0x0304;
    meta.address_size = 6;
    meta.address = {std::byte{0xa}, std::byte{0xb}, std::byte{0xc}, std::byte{0xd}, std::byte{0xe}, std::byte{0xf}};
    meta.full_size = 1000;
    return meta;
}

}  // namespace

TEST(cooked_frame, the_header) {
    std::vector<std::byte> room(64, std::byte{0xff});
    const auto whole = cook(bytes_of({0x45, 0x46}), example(), room);
    EXPECT_EQ(copy(whole.bytes),
              bytes_of({8, 0, 0, 0, 1, 2, 3, 4, 3, 4, 4, 6, 10, 11, 12, 13, 14, 15, 0, 0, 0x45, 0x46}));
    EXPECT_EQ(whole.full_size, 1020U);
    EXPECT_EQ(room.size(), 64U) << "larger than needed: used as it is";
}

TEST(cooked_frame, a_tag_is_put_back) {
    auto meta = example();
    meta.tag = vlan_tag{.tpid = 0x88a8, .tci = 0x6007};
    std::vector<std::byte> room;
    const auto whole = cook(bytes_of({0x45}), meta, room);
    EXPECT_EQ(copy(whole.bytes.first(2)), bytes_of({0x88, 0xa8}));
    EXPECT_EQ(copy(whole.bytes.subspan(20)), bytes_of({0x60, 7, 8, 0, 0x45}));
    EXPECT_EQ(whole.full_size, 1024U);
}

TEST(cooked_frame, nothing_but_the_header) {
    std::vector<std::byte> room;
    EXPECT_EQ(cook({}, example(), room).bytes.size(), 20U);
}

}  // namespace sonde::socket
