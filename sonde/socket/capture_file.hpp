// Capture files (pcap, pcapng) through libpcap.
#pragma once

#include <csignal>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <sonde/base/bytes.hpp>
#include <sonde/base/error.hpp>
#include <sonde/base/link_type.hpp>
#include <sonde/base/time.hpp>
#include <sonde/socket/descriptor.hpp>

namespace sonde::socket {

struct captured_packet {
    bytes_view bytes;             ///< borrowed until the next read
    std::uint32_t full_size = 0;  ///< on the wire
    wall_time at{};
};

/// Reads pcap of either byte order and precision, and pcapng whose interfaces are all of one link type. What it reads
/// may be a pipe. Move-only; one thread at a time.
class capture_reader {
public:
    /// `-` is standard input. The failure names the file and what is wrong with it. A read that a signal interrupts
    /// goes on, unless its handler has set `*stop` by then: that is the end of the file. Must outlive the reader.
    [[nodiscard]] static result<capture_reader> open(const std::string& path,
                                                     const volatile std::sig_atomic_t* stop = nullptr);
    /// From where `file` stands; `name` is what failures call it, escaped already.
    [[nodiscard]] static result<capture_reader> from(descriptor file, std::string name,
                                                     const volatile std::sig_atomic_t* stop = nullptr);
    capture_reader(capture_reader&&) noexcept;
    capture_reader& operator=(capture_reader&&) noexcept;
    ~capture_reader();

    /// LINKTYPE_* number; `link_type` has names for those that sonde takes apart.
    [[nodiscard]] link_type link() const noexcept;
    [[nodiscard]] std::uint32_t snap_length() const noexcept;

    /// Nothing at the end of the file. A failure (cut short, an absurd length) names the file and after how many
    /// packets it came, and ends the file: what came before was good.
    [[nodiscard]] result<std::optional<captured_packet>> next();
    /// Read so far.
    [[nodiscard]] std::uint64_t packets() const noexcept;

private:
    struct state;
    explicit capture_reader(std::unique_ptr<state> s) noexcept;
    std::unique_ptr<state> state_;
};

/// Writes pcap with nanoseconds. Move-only; one thread at a time. Whatever happens, what was flushed is a readable
/// file. The destructor flushes, and cannot say whether that went well: call `flush` before.
class capture_writer {
public:
    /// `-` is standard output. The failure names the path. The file's header is there at once.
    [[nodiscard]] static result<capture_writer> create(const std::string& path, link_type link,
                                                       std::uint32_t snap_length);
    capture_writer(capture_writer&&) noexcept;
    capture_writer& operator=(capture_writer&&) noexcept;
    ~capture_writer();

    /// Buffered. A failure (disk full) names the path and how many packets are safe, and leaves the file readable up to
    /// the last whole packet; every later call fails the same way and writes nothing. Bytes beyond the file's snap
    /// length are left out.
    [[nodiscard]] result<void> write(const captured_packet& packet);
    [[nodiscard]] result<void> flush();
    /// Written, those that a failure threw away left out.
    [[nodiscard]] std::uint64_t packets() const noexcept;

private:
    struct state;
    explicit capture_writer(std::unique_ptr<state> s) noexcept;
    std::unique_ptr<state> state_;
};

}  // namespace sonde::socket
