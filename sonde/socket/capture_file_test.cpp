#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

#include <sonde/socket/capture_file.hpp>
#include <sonde/socket/descriptor.hpp>
#include <sonde/socket/lab_test.hpp>

namespace sonde::socket {
namespace {

using namespace std::chrono_literals;
using std::string;

/// A folder that goes with the test.
struct capture_files : testing::Test {
    std::filesystem::path folder;

    void SetUp() override {
        string name = (std::filesystem::temp_directory_path() / "sonde-capture-XXXXXX").string();
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        folder = name;
    }
    void TearDown() override { std::filesystem::remove_all(folder); }

    [[nodiscard]] string path(const char* name) const { return (folder / name).string(); }
    [[nodiscard]] string written(const char* name, const string& bytes) const {
        std::ofstream(path(name), std::ios::binary) << bytes;
        return path(name);
    }
};

string big(std::uint64_t value, int size) {
    string bytes;
    for (int i = size - 1; i >= 0; --i) bytes += static_cast<char>(value >> (8 * i));
    return bytes;
}
string little(std::uint64_t value, int size) {
    string bytes = big(value, size);
    return {bytes.rbegin(), bytes.rend()};
}

using integer = string (*)(std::uint64_t, int);

string pcap_header(integer order, std::uint32_t magic = 0xa1b2c3d4, std::uint32_t snap = 65535,
                   std::uint32_t link = 1) {
    return order(magic, 4) + order(2, 2) + order(4, 2) + order(0, 8) + order(snap, 4) + order(link, 4);
}
string pcap_record(integer order, std::uint32_t seconds, std::uint32_t fraction, const string& bytes,
                   std::uint32_t full_size) {
    return order(seconds, 4) + order(fraction, 4) + order(bytes.size(), 4) + order(full_size, 4) + bytes;
}

string ng_block(std::uint32_t type, string body) {
    body.resize((body.size() + 3) / 4 * 4);
    const auto size = static_cast<std::uint32_t>(body.size() + 12);
    return little(type, 4) + little(size, 4) + body + little(size, 4);
}
string ng_section() {
    return ng_block(0x0a0d0d0a, little(0x1a2b3c4d, 4) + little(1, 2) + little(0, 2) + little(~std::uint64_t{0}, 8));
}
/// `resolution` as the option if_tsresol has it.
string ng_interface(std::uint16_t link, std::uint8_t resolution = 9) {
    return ng_block(1, little(link, 2) + little(0, 2) + little(0, 4) + little(9, 2) + little(1, 2) +
                           little(resolution, 4) + little(0, 4));
}
string ng_packet(std::uint32_t interface, std::uint64_t time, const string& bytes) {
    return ng_block(6, little(interface, 4) + little(time >> 32, 4) + little(time & 0xffffffff, 4) +
                           little(bytes.size(), 4) + little(bytes.size(), 4) + bytes);
}

string text_of(bytes_view bytes) {
    string text;
    for (const std::byte b : bytes) text += static_cast<char>(b);
    return text;
}
bytes_view bytes_of(const string& text) {
    return std::as_bytes(std::span{text});
}

struct reading {
    std::vector<string> packets;
    string failed;
};
reading read_all(const string& path) {
    auto reader = capture_reader::open(path);
    if (!reader) return {{}, reader.error().what};
    reading all;
    for (;;) {
        const auto packet = reader->next();
        if (!packet) {
            all.failed = packet.error().what;
            EXPECT_FALSE(reader->next().has_value()) << "a failure ends the file";
            break;
        }
        if (!*packet) {
            EXPECT_FALSE(reader->next().value().has_value());
            break;
        }
        all.packets.push_back(text_of((*packet)->bytes));
    }
    EXPECT_EQ(reader->packets(), all.packets.size());
    return all;
}

TEST_F(capture_files, what_is_written_is_read) {
    const wall_time first{1'700'000'000s + 123'456'789ns};
    {
        auto writer = capture_writer::create(path("x.pcap"), link_type::raw_ip, 1000).value();
        ASSERT_TRUE(writer.write({bytes_of("hello"), 5, first}).has_value());
        ASSERT_TRUE(writer.write({{}, 77, first + 1ns}).has_value());
        ASSERT_TRUE(writer.write({bytes_of(string(2000, 'x')), 3000, first}).has_value());
        ASSERT_TRUE(writer.write({bytes_of("before 1970"), 11, wall_time{-1ns}}).has_value());
        EXPECT_EQ(writer.packets(), 4U);
    }
    auto reader = capture_reader::open(path("x.pcap")).value();
    EXPECT_EQ(reader.link(), link_type::raw_ip);
    EXPECT_EQ(reader.snap_length(), 1000U);
    const auto a = reader.next().value().value();
    EXPECT_EQ(text_of(a.bytes), "hello");
    EXPECT_EQ(a.full_size, 5U);
    EXPECT_EQ(a.at, first);
    const auto b = reader.next().value().value();
    EXPECT_TRUE(b.bytes.empty());
    EXPECT_EQ(b.full_size, 77U);
    EXPECT_EQ(b.at, first + 1ns);
    const auto c = reader.next().value().value();
    EXPECT_EQ(c.bytes.size(), 1000U) << "the snap length";
    EXPECT_EQ(c.full_size, 3000U);
    EXPECT_EQ(text_of(reader.next().value().value().bytes), "before 1970");
    EXPECT_FALSE(reader.next().value().has_value());
}

TEST_F(capture_files, a_large_file_many_buffers_long) {
    constexpr int packets = 5000;
    {
        auto writer = capture_writer::create(path("x.pcap"), link_type::ethernet, 262144).value();
        for (int i = 0; i < packets; ++i) {
            const string bytes(static_cast<std::size_t>(i % 3001), static_cast<char>(i));
            ASSERT_TRUE(writer.write({bytes_of(bytes), 0, wall_time{std::chrono::seconds{i}}}).has_value());
        }
        ASSERT_TRUE(writer.flush().has_value());
        EXPECT_EQ(read_all(path("x.pcap")).packets.size(), packets) << "flushed, though not closed";
    }
    const auto all = read_all(path("x.pcap"));
    ASSERT_EQ(all.packets.size(), packets);
    EXPECT_TRUE(all.failed.empty());
    for (int i = 0; i < packets; ++i)
        ASSERT_EQ(all.packets[static_cast<std::size_t>(i)].size(), static_cast<std::size_t>(i % 3001));
}

TEST_F(capture_files, either_byte_order_and_precision) {
    for (const integer order : {&big, &little}) {
        for (const std::uint32_t magic : {0xa1b2c3d4U, 0xa1b23c4dU}) {
            auto reader = capture_reader::open(
                              written("x", pcap_header(order, magic) + pcap_record(order, 1000, 123456, "abc", 60)))
                              .value();
            const auto packet = reader.next().value().value();
            EXPECT_EQ(text_of(packet.bytes), "abc");
            EXPECT_EQ(packet.full_size, 60U);
            EXPECT_EQ(packet.at, wall_time{1000s} + (magic == 0xa1b2c3d4U ? 123456us : 123456ns));
        }
    }
}

TEST_F(capture_files, pcapng_with_several_interfaces) {
    const string section = ng_section() + ng_interface(1) + ng_interface(1, 6);
    auto reader = capture_reader::open(
                      written("x", section + ng_packet(0, 5'000'000'007, "one") + ng_packet(1, 5'000'007, "three")))
                      .value();
    EXPECT_EQ(reader.link(), link_type::ethernet);
    const auto one = reader.next().value().value();
    EXPECT_EQ(text_of(one.bytes), "one");
    EXPECT_EQ(one.at, wall_time{5s + 7ns});
    const auto two = reader.next().value().value();
    EXPECT_EQ(text_of(two.bytes), "three");
    EXPECT_EQ(two.at, wall_time{5s + 7us});
    EXPECT_FALSE(reader.next().value().has_value());

    const auto mixed = read_all(written(
        "y", ng_section() + ng_interface(1) + ng_packet(0, 1, "one") + ng_interface(101) + ng_packet(1, 1, "two")));
    EXPECT_EQ(mixed.packets, std::vector<string>{"one"});
    EXPECT_NE(mixed.failed.find("different from the type of the first interface"), string::npos) << mixed.failed;

    // 64 bits of seconds do not fit into 64 bits of nanoseconds.
    const auto absurd = capture_reader::open(
        written("z", ng_section() + ng_interface(1, 0) + ng_packet(0, ~std::uint64_t{0} >> 2, "late")));
    ASSERT_TRUE(absurd.has_value());
    EXPECT_EQ(text_of(const_cast<capture_reader&>(*absurd).next().value().value().bytes), "late");
}

TEST_F(capture_files, cut_anywhere) {
    const string header = pcap_header(&little);
    const string record = pcap_record(&little, 1, 2, "sixteen bytes it", 16);
    const string whole = header + record + record;
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const auto read = read_all(written("x", whole.substr(0, size)));
        const std::size_t complete = size < header.size() ? 0 : (size - header.size()) / record.size();
        EXPECT_EQ(read.packets.size(), complete);
        const bool clean = size >= header.size() && (size - header.size()) % record.size() == 0;
        EXPECT_EQ(read.failed.empty(), clean) << size << ' ' << read.failed;
        if (!clean && size > header.size()) {
            const string after = complete == 1 ? "is cut off after 1 packet: " : "is cut off after 0 packets: ";
            EXPECT_NE(read.failed.find(after), string::npos) << read.failed;
        }
    }
}

TEST_F(capture_files, absurd_lengths) {
    for (const std::uint32_t length : {262145U, 0x7fffffffU, 0xffffffffU}) {
        string record = little(1, 4) + little(0, 4) + little(length, 4) + little(60, 4) + string(100, 'x');
        const auto read = read_all(written("x", pcap_header(&little) + pcap_record(&little, 1, 1, "good", 4) + record));
        EXPECT_EQ(read.packets, std::vector<string>{"good"});
        EXPECT_NE(read.failed.find("x is damaged after 1 packet: "), string::npos) << read.failed;
    }
    // A snap length that promises the impossible, and a packet above a small one.
    EXPECT_EQ(
        read_all(written("x", pcap_header(&little, 0xa1b2c3d4, 0xffffffff) + pcap_record(&little, 1, 1, "good", 4)))
            .packets.size(),
        1U);
    EXPECT_EQ(
        read_all(written("x", pcap_header(&little, 0xa1b2c3d4, 10) + pcap_record(&little, 1, 1, string(20, 'x'), 20)))
            .packets,
        std::vector<string>{string(10, 'x')});
    // A frame that claims to have been smaller than what is there of it.
    auto smaller = capture_reader::open(written("x", pcap_header(&little) + pcap_record(&little, 1, 1, "abcdef", 2)));
    ASSERT_TRUE(smaller.has_value());
    EXPECT_EQ(smaller->next().value().value().full_size, 6U);
}

TEST_F(capture_files, no_capture_file) {
    struct other {
        string bytes;
        const char* complaint;
    };
    for (const auto& [bytes, complaint] :
         {other{"", "it is empty"}, other{"\x1f\x8b\x08 and more of it, compressed", "gzip data: unpack it first"},
          other{"#!/bin/sh\necho hello\nexit 0\n", "it looks like text"},
          other{string("\x7f"
                       "ELF\x02\x01\x01",
                       7) +
                    string(100, '\0'),
                "a program"},
          other{string(100, '\x80'), "unknown file format"}}) {
        const auto read = read_all(written("x", bytes));
        EXPECT_TRUE(read.failed.ends_with(string("x is not a capture file (pcap, pcapng): ") + complaint))
            << read.failed;
    }
    const auto missing = capture_reader::open(path("missing"));
    ASSERT_FALSE(missing.has_value());
    EXPECT_EQ(missing.error().code.value(), ENOENT);
    EXPECT_NE(missing.error().what.find("missing"), string::npos);
    const auto directory = capture_reader::open(folder.string());
    ASSERT_FALSE(directory.has_value());
    EXPECT_EQ(directory.error().code.value(), EISDIR);
}

TEST_F(capture_files, from_a_pipe) {
    const string fifo = path("fifo");
    ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
    const string whole = pcap_header(&big) + pcap_record(&big, 1, 2, "first", 5) + pcap_record(&big, 1, 2, "second", 6);
    std::jthread slow([&] {
        const descriptor to(::open(fifo.c_str(), O_WRONLY | O_CLOEXEC));
        for (const char c : whole) {
            if (::write(to.get(), &c, 1) != 1) return;
        }
    });
    EXPECT_EQ(read_all(fifo).packets, (std::vector<string>{"first", "second"}));
}

TEST_F(capture_files, an_unwritable_path) {
    const auto nowhere = capture_writer::create(path("no/such/folder.pcap"), link_type::ethernet, 100);
    ASSERT_FALSE(nowhere.has_value());
    EXPECT_TRUE(nowhere.error().what.starts_with("cannot write ")) << nowhere.error().what;
    EXPECT_NE(nowhere.error().what.find("no/such/folder.pcap"), string::npos);
    EXPECT_EQ(nowhere.error().code.value(), ENOENT);
    EXPECT_EQ(capture_writer::create(folder.string(), link_type::ethernet, 100).error().code.value(), EISDIR);
}

TEST_F(capture_files, no_room_at_all) {
    const auto full = capture_writer::create("/dev/full", link_type::ethernet, 100);
    ASSERT_FALSE(full.has_value());
    EXPECT_EQ(full.error().what, "cannot write /dev/full: No space left on device");
}

TEST_F(capture_files, a_disk_that_runs_full) {
    // A limit on the size of files stands in for the disk: the last write is a partial one, as on a disk.
    const string file = path("x.pcap");
    const int code = lab::in_child([&] {
        ::signal(SIGXFSZ, SIG_IGN);
        const rlimit narrow{1'500'007, 1'500'007};
        if (::setrlimit(RLIMIT_FSIZE, &narrow) != 0) return 10;
        auto writer = capture_writer::create(file, link_type::ethernet, 2000);
        if (!writer) return 11;
        const string bytes(1000, 'x');
        result<void> outcome;
        std::uint64_t tried = 0;
        while (outcome && tried < 5000) {
            outcome = writer->write({bytes_of(bytes), 1000, {}});
            ++tried;
        }
        if (outcome) return 12;
        if (outcome.error().code.value() != EFBIG) return 13;
        if (writer->packets() != (1'500'007 - 24) / 1016) return 14;
        if (outcome.error().what.find("after 1476 packets") == string::npos) return 15;
        if (writer->write({bytes_of(bytes), 1000, {}})) return 16;
        return writer->flush() ? 17 : 0;
    });
    EXPECT_EQ(code, 0);
    const auto read = read_all(file);
    EXPECT_TRUE(read.failed.empty()) << read.failed;
    EXPECT_EQ(read.packets.size(), 1476U);
    EXPECT_EQ(std::filesystem::file_size(file), 24U + 1476U * 1016U);
}

}  // namespace
}  // namespace sonde::socket
