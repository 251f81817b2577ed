#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <memory>
#include <unistd.h>
#include <utility>

#include <cli/send_input.hpp>
#include <fmt/format.h>

#include <sonde/craft/scanner.hpp>
#include <sonde/report/escape.hpp>

namespace sonde::cli {

namespace {

constexpr std::array<std::uint32_t, 5> capture_magics{0xa1b2c3d4, 0xd4c3b2a1, 0xa1b23c4d, 0x4d3cb2a1, 0x0a0d0d0a};
constexpr std::size_t largest_packet = craft::most_bytes;

failure wrong(std::string what, std::string remedy = {}) {
    return {std::move(what), std::move(remedy), std::make_error_code(std::errc::invalid_argument)};
}

std::string shown(const std::string& path) {
    return path == "-" ? std::string("standard input") : fmt::format("'{}'", report::escape_text(path));
}

/// At most `most` bytes; nothing with errno when reading fails.
std::optional<std::vector<std::byte>> read_some(int fd, std::size_t most) {
    std::vector<std::byte> out(most);
    std::size_t have = 0;
    while (have < most) {
        const ssize_t got = ::read(fd, out.data() + have, most - have);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return std::nullopt;
        if (got == 0) break;
        have += static_cast<std::size_t>(got);
    }
    out.resize(have);
    return out;
}

bool write_all(int fd, bytes_view bytes) {
    while (!bytes.empty()) {
        const ssize_t put = ::write(fd, bytes.data(), bytes.size());
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return false;
        bytes = bytes.subspan(static_cast<std::size_t>(put));
    }
    return true;
}

/// A file without a name.
socket::descriptor nameless_file() {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::tmpfile(),
                                                               [](std::FILE* f) { return std::fclose(f); });
    return socket::descriptor(file ? ::fcntl(::fileno(file.get()), F_DUPFD_CLOEXEC, 3) : -1);
}

// A pipe cannot be looked at and then read from its beginning: `head`, which has been read, and what is still to come
// are put into a file.
result<socket::descriptor> spooled(int from, bytes_view head, const std::string& name) {
    socket::descriptor spool = nameless_file();
    const auto cannot_keep = [&] {
        return system_failure(fmt::format("cannot keep {} in a temporary file", name), errno);
    };
    if (!spool || !write_all(spool.get(), head)) return cannot_keep();
    constexpr std::size_t at_once = 1 << 16;
    for (;;) {
        const auto some = read_some(from, at_once);
        if (!some) return system_failure(fmt::format("cannot read {}", name), errno);
        if (some->empty()) return spool;
        if (!write_all(spool.get(), *some)) return cannot_keep();
    }
}

/// An IP packet begins with its version and a header that fits; anything else is taken for a frame.
link_type guessed_link(bytes_view bytes) {
    const auto first = load_be<std::uint8_t>(bytes, 0);
    const std::size_t header = std::size_t{4} * (first & 0x0fU);
    const bool v4 = first >> 4U == 4 && bytes.size() >= 20 && header >= 20 && header <= bytes.size();
    const bool v6 = first >> 4U == 6 && bytes.size() >= 40;
    return v4 || v6 ? link_type::raw_ip : link_type::ethernet;
}

}  // namespace

result<send_input> send_input::open(const send_settings& settings, packet_preparer& preparer) {
    send_input out(settings, preparer);
    if (settings.kind == input_kind::file) {
        if (auto read = out.read_file(); !read) return read.error();
        return out;
    }
    if (settings.kind == input_kind::words) {
        auto packet = preparer.from_words(settings.input);
        if (!packet) return packet.error();
        out.single_ = std::make_shared<const prepared_packet>(*std::move(packet));
        return out;
    }
    auto bytes = craft::bytes_in(settings.input, 1);
    if (!bytes) {
        return wrong(
            fmt::format("--hex: column {}: {}", bytes.error().column, report::escape_text(bytes.error().what)));
    }
    if (auto taken = out.take_bytes(*std::move(bytes), "--hex"); !taken) return taken.error();
    return out;
}

// Opened once: what a path names may be there but once (a named pipe, /dev/fd).
result<void> send_input::read_file() {
    const std::string& path = settings_->input;
    file_ = socket::descriptor(path == "-" ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                                           : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file_) return system_failure(fmt::format("cannot read {}", shown(path)), errno);
    begin_ = ::lseek(file_.get(), 0, SEEK_CUR);
    auto head = read_some(file_.get(), largest_packet + 1);
    if (!head) return system_failure(fmt::format("cannot read {}", shown(path)), errno);
    const bool capture = head->size() >= 4 && std::ranges::count(capture_magics, load_be<std::uint32_t>(*head, 0)) != 0;
    if (!capture) return take_bytes(*std::move(head), shown(path));
    if (begin_ < 0) {
        auto spool = spooled(file_.get(), *head, shown(path));
        if (!spool) return spool.error();
        file_ = *std::move(spool);
        begin_ = 0;
    }
    return read_capture();
}

result<void> send_input::read_capture() {
    const std::string name = shown(settings_->input);
    socket::descriptor again(::fcntl(file_.get(), F_DUPFD_CLOEXEC, 3));
    if (!again || ::lseek(again.get(), begin_, SEEK_SET) < 0)
        return system_failure(fmt::format("cannot read {}", name), errno);
    auto reader = socket::capture_reader::from(std::move(again), name);
    if (!reader) return reader.error();
    reader_ = *std::move(reader);
    return {};
}

result<void> send_input::take_bytes(std::vector<std::byte> bytes, const std::string& what) {
    if (bytes.empty()) return wrong(fmt::format("{} holds no bytes", what));
    if (bytes.size() > largest_packet) {
        return wrong(fmt::format("{} holds more than {} bytes, and no capture file", what, largest_packet));
    }
    auto packet = preparer_->from_bytes(guessed_link(bytes), bytes);
    if (!packet) return packet.error();
    if (!*packet) return wrong(fmt::format("{} holds no IP packet", what), "--layer link sends it as a frame");
    single_ = std::make_shared<const prepared_packet>(**std::move(packet));
    return {};
}

result<std::shared_ptr<const prepared_packet>> send_input::next() {
    if (is_single()) {
        const bool first = !std::exchange(given_, true);
        return first ? single_ : std::shared_ptr<const prepared_packet>{};
    }
    for (;;) {
        const auto captured = reader_->next();
        if (!captured) return captured.error();
        if (!*captured) return std::shared_ptr<const prepared_packet>{};
        // What the capture cut short cannot be sent as it was.
        const bool whole = (*captured)->bytes.size() == (*captured)->full_size;
        if (!whole || (*captured)->bytes.empty()) {
            ++skipped_;
            continue;
        }
        auto packet = preparer_->from_bytes(reader_->link(), (*captured)->bytes);
        if (!packet) return packet.error();
        if (*packet) return std::make_shared<const prepared_packet>(**std::move(packet));
        ++skipped_;
    }
}

result<void> send_input::rewind() {
    given_ = false;
    if (is_single()) return {};
    return read_capture();
}

}  // namespace sonde::cli
