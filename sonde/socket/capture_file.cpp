#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <limits>
#include <pcap/pcap.h>
#include <stdio_ext.h>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>

#include <sonde/socket/capture_file.hpp>
#include <sonde/socket/data_link_type.hpp>
#include <sonde/socket/descriptor.hpp>
#include <sonde/socket/privilege.hpp>

namespace sonde::socket {

namespace {

constexpr std::size_t buffer_size = 1 << 20;
constexpr std::size_t record_header_size = 16;
constexpr std::size_t file_header_size = 24;

struct file_close {
    void operator()(FILE* file) const noexcept { ::fclose(file); }
};
using file_stream = std::unique_ptr<FILE, file_close>;

struct pcap_release {
    void operator()(pcap_t* handle) const noexcept { ::pcap_close(handle); }
};
using pcap_handle = std::unique_ptr<pcap_t, pcap_release>;

std::string name_of(const std::string& path, std::string_view standard) {
    return path == "-" ? std::string(standard) : shell_word(path);
}

/// What a file that is no capture seems to be, from its first bytes.
std::string_view looks_like(std::string_view head) {
    using namespace std::string_view_literals;
    struct kind {
        std::string_view magic;
        std::string_view name;
    };
    static constexpr std::array<kind, 10> kinds{{
        {"\x1f\x8b"sv, "gzip data: unpack it first"},
        {"\x28\xb5\x2f\xfd"sv, "zstd data: unpack it first"},
        {"\xfd"
         "7zXZ"sv,
         "xz data: unpack it first"},
        {"BZh"sv, "bzip2 data: unpack it first"},
        {"PK\x03\x04"sv, "a zip archive: unpack it first"},
        {"\x7f"
         "ELF"sv,
         "a program"},
        {"snoop\0"sv, "a snoop file"},
        {"GMBU"sv, "a file of Microsoft's Network Monitor"},
        {"RTSS"sv, "a file of Microsoft's Network Monitor"},
        {"TRSNIFF data"sv, "a Sniffer file"},
    }};
    if (head.empty()) return "it is empty";
    for (const auto& k : kinds) {
        if (head.starts_with(k.magic)) return k.name;
    }
    const bool text =
        std::ranges::all_of(head, [](char c) { return (c >= ' ' && c <= '~') || (c >= '\t' && c <= '\r'); });
    return text ? "it looks like text" : std::string_view{};
}

/// The stream's source: a descriptor, whose first bytes are kept for `looks_like`.
struct source {
    descriptor fd;
    std::array<char, 16> head{};
    std::size_t head_size = 0;
    int error = 0;
    const volatile std::sig_atomic_t* stop = nullptr;
};

ssize_t read_source(void* cookie, char* buffer, std::size_t size) noexcept {
    auto& from = *static_cast<source*>(cookie);
    ssize_t count = 0;
    do {
        count = ::read(from.fd.get(), buffer, size);
    } while (count < 0 && errno == EINTR && (from.stop == nullptr || *from.stop == 0));
    if (count < 0) from.error = errno;
    if (count > 0 && from.head_size < from.head.size()) {
        const std::size_t more = std::min(static_cast<std::size_t>(count), from.head.size() - from.head_size);
        std::copy_n(buffer, more, from.head.begin() + from.head_size);
        from.head_size += more;
    }
    return count;
}

wall_time time_of(const pcap_pkthdr& header) noexcept {
    // pcapng counts in 64 bits of any unit: as much as fits into nanoseconds.
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max() / 1'000'000'000 - 1;
    const auto seconds = std::clamp<std::int64_t>(header.ts.tv_sec, -most, most);
    const auto nanoseconds = std::clamp<std::int64_t>(header.ts.tv_usec, 0, 999'999'999);
    return wall_time{std::chrono::seconds{seconds} + std::chrono::nanoseconds{nanoseconds}};
}

std::string counted(std::uint64_t packets) {
    return fmt::format("{} packet{}", packets, packets == 1 ? "" : "s");
}

}  // namespace

// ---- reading

struct capture_reader::state {
    source from;
    std::unique_ptr<char[]> buffer;
    std::string name;
    pcap_handle handle;  // owns the stream
    link_type link{};
    std::uint64_t packets = 0;
    std::optional<failure> ended;
    bool at_end = false;
};

capture_reader::capture_reader(std::unique_ptr<state> s) noexcept : state_(std::move(s)) {}
capture_reader::capture_reader(capture_reader&&) noexcept = default;
capture_reader& capture_reader::operator=(capture_reader&&) noexcept = default;
capture_reader::~capture_reader() = default;

result<capture_reader> capture_reader::open(const std::string& path, const volatile std::sig_atomic_t* stop) {
    std::string name = name_of(path, "standard input");
    descriptor file(path == "-" ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                                : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return system_failure(fmt::format("cannot read {}", name), errno);
    return from(std::move(file), std::move(name), stop);
}

result<capture_reader> capture_reader::from(descriptor file, std::string name, const volatile std::sig_atomic_t* stop) {
    auto s = std::make_unique<state>();
    s->from.stop = stop;
    s->name = std::move(name);
    s->from.fd = std::move(file);
    file_stream stream(::fopencookie(&s->from, "r", cookie_io_functions_t{&read_source, nullptr, nullptr, nullptr}));
    if (!stream) return system_failure(fmt::format("cannot read {}", s->name), errno);
    s->buffer = std::make_unique_for_overwrite<char[]>(buffer_size);
    ::setvbuf(stream.get(), s->buffer.get(), _IOFBF, buffer_size);
    // One thread at a time, as the class says.
    ::__fsetlocking(stream.get(), FSETLOCKING_BYCALLER);

    std::array<char, PCAP_ERRBUF_SIZE> error{};
    s->handle.reset(::pcap_fopen_offline_with_tstamp_precision(stream.get(), PCAP_TSTAMP_PRECISION_NANO, error.data()));
    if (!s->handle) {
        if (s->from.error != 0) return system_failure(fmt::format("cannot read {}", s->name), s->from.error);
        std::string what = fmt::format("{} is not a capture file (pcap, pcapng)", s->name);
        const std::string_view seems = looks_like({s->from.head.data(), s->from.head_size});
        what += seems.empty() ? fmt::format(": {}", error.data()) : fmt::format(": {}", seems);
        return failure{std::move(what), {}, std::make_error_code(std::errc::invalid_argument)};
    }
    (void)stream.release();
    s->link = link_of_data_link_type(::pcap_datalink(s->handle.get()));
    return capture_reader(std::move(s));
}

link_type capture_reader::link() const noexcept {
    return state_->link;
}
std::uint32_t capture_reader::snap_length() const noexcept {
    return static_cast<std::uint32_t>(::pcap_snapshot(state_->handle.get()));
}
std::uint64_t capture_reader::packets() const noexcept {
    return state_->packets;
}

result<std::optional<captured_packet>> capture_reader::next() {
    state& s = *state_;
    if (s.ended) return *s.ended;
    if (s.at_end) return std::optional<captured_packet>{};
    pcap_pkthdr* header = nullptr;
    const u_char* bytes = nullptr;
    const int got = ::pcap_next_ex(s.handle.get(), &header, &bytes);
    if (got == 1) {
        ++s.packets;
        const auto* begin = static_cast<const std::byte*>(static_cast<const void*>(bytes));
        return std::optional<captured_packet>{captured_packet{bytes_view{begin, header->caplen},
                                                              std::max(header->len, header->caplen), time_of(*header)}};
    }
    if (got == PCAP_ERROR_BREAK || s.from.error == EINTR) {  // libpcap's word for the end of the file
        s.at_end = true;
        return std::optional<captured_packet>{};
    }
    const std::string_view why = ::pcap_geterr(s.handle.get());
    const bool cut = why.find("truncated") != std::string_view::npos;
    const std::string what =
        fmt::format("{} is {} after {}: {}", s.name, cut ? "cut off" : "damaged", counted(s.packets),
                    s.from.error != 0 ? std::string_view{std::strerror(s.from.error)} : why);
    s.ended = failure{what, {}, std::make_error_code(std::errc::io_error)};
    return *s.ended;
}

// ---- writing

struct capture_writer::state {
    std::string name;
    pcap_handle dead;
    std::unique_ptr<char[]> buffer;  // the stream's, which is closed before it goes
    file_stream stream;
    std::uint32_t snap_length = 0;
    bool regular_file = false;

    std::uint64_t packets = 0;
    std::uint64_t flushed_size = 0;         // of the file, up to a packet's end
    std::vector<std::uint32_t> boundaries;  // of the packets since then, counted from it
    std::optional<failure> broken;

    [[nodiscard]] std::size_t pending() const noexcept { return boundaries.empty() ? 0 : boundaries.back(); }

    result<void> flush() {
        if (broken) return *broken;
        if (::fflush(stream.get()) == 0) {
            flushed_size += pending();
            boundaries.clear();
            return {};
        }
        const int why = errno;
        keep_whole_packets();
        broken = system_failure(fmt::format("cannot write {} after {}", name, counted(packets)), why);
        return *broken;
    }

    /// The stream wrote a part of its buffer: the file ends with its last whole packet, the rest is forgotten.
    void keep_whole_packets() noexcept {
        ::__fpurge(stream.get());
        const std::uint64_t pending_packets = boundaries.size();
        std::uint64_t kept = 0;
        struct stat file {};
        if (regular_file && ::fstat(::fileno(stream.get()), &file) == 0) {
            const auto size = static_cast<std::uint64_t>(file.st_size);
            const auto after =
                std::ranges::upper_bound(boundaries, size, {}, [&](std::uint32_t end) { return flushed_size + end; });
            kept = static_cast<std::uint64_t>(after - boundaries.begin());
            const std::uint64_t whole = kept == 0 ? flushed_size : flushed_size + boundaries[kept - 1];
            // Shortening needs no room on the disk; should it fail all the same, a reader says where the file is cut.
            if (size > whole) (void)!::ftruncate(::fileno(stream.get()), static_cast<off_t>(whole));
        }
        packets -= pending_packets - kept;
        boundaries.clear();
    }
};

capture_writer::capture_writer(std::unique_ptr<state> s) noexcept : state_(std::move(s)) {}
capture_writer::capture_writer(capture_writer&&) noexcept = default;
capture_writer& capture_writer::operator=(capture_writer&&) noexcept = default;
capture_writer::~capture_writer() {
    if (state_) (void)state_->flush();
}

result<capture_writer> capture_writer::create(const std::string& path, link_type link, std::uint32_t snap_length) {
    auto s = std::make_unique<state>();
    s->name = name_of(path, "standard output");
    descriptor fd(path == "-" ? ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)
                              : ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
    if (!fd) return system_failure(fmt::format("cannot write {}", s->name), errno);
    struct stat file {};
    s->regular_file = ::fstat(fd.get(), &file) == 0 && S_ISREG(file.st_mode);
    // Standard output may be a file that somebody has written to already.
    const off_t begin = s->regular_file ? ::lseek(fd.get(), 0, path == "-" ? SEEK_END : SEEK_CUR) : 0;
    s->stream.reset(::fdopen(fd.get(), "w"));
    if (!s->stream) return system_failure(fmt::format("cannot write {}", s->name), errno);
    (void)fd.release();
    s->buffer = std::make_unique_for_overwrite<char[]>(buffer_size);
    ::setvbuf(s->stream.get(), s->buffer.get(), _IOFBF, buffer_size);
    ::__fsetlocking(s->stream.get(), FSETLOCKING_BYCALLER);

    s->snap_length = std::clamp<std::uint32_t>(snap_length, 1, 262144);
    s->dead.reset(::pcap_open_dead_with_tstamp_precision(data_link_type(link), static_cast<int>(s->snap_length),
                                                         PCAP_TSTAMP_PRECISION_NANO));
    if (!s->dead || ::pcap_dump_fopen(s->dead.get(), s->stream.get()) == nullptr) {
        return failure{
            fmt::format("cannot write {}: {}", s->name, s->dead ? ::pcap_geterr(s->dead.get()) : "no memory"),
            {},
            std::make_error_code(std::errc::io_error)};
    }
    if (::fflush(s->stream.get()) != 0) {
        const int why = errno;
        ::__fpurge(s->stream.get());
        s->broken = system_failure(fmt::format("cannot write {}", s->name), why);
        return *s->broken;
    }
    s->flushed_size = static_cast<std::uint64_t>(begin) + file_header_size;
    return capture_writer(std::move(s));
}

result<void> capture_writer::write(const captured_packet& packet) {
    state& s = *state_;
    if (s.broken) return *s.broken;
    const std::size_t kept = std::min<std::size_t>(packet.bytes.size(), s.snap_length);
    const std::size_t size = record_header_size + kept;
    // The stream never flushes on its own: what it wrote last always ends with a whole packet.
    if (s.pending() + size > buffer_size) {
        if (auto flushed = s.flush(); !flushed) return flushed;
    }
    pcap_pkthdr header{};
    const auto since = packet.at.time_since_epoch();
    const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
    header.ts.tv_sec = static_cast<time_t>(seconds.count());
    header.ts.tv_usec = static_cast<suseconds_t>((since - seconds).count());
    header.caplen = static_cast<bpf_u_int32>(kept);
    header.len = std::max(packet.full_size, header.caplen);
    auto* const dumper = static_cast<u_char*>(static_cast<void*>(s.stream.get()));
    ::pcap_dump(dumper, &header, static_cast<const u_char*>(static_cast<const void*>(packet.bytes.data())));
    s.boundaries.push_back(static_cast<std::uint32_t>(s.pending() + size));
    ++s.packets;
    return {};
}

result<void> capture_writer::flush() {
    return state_->flush();
}
std::uint64_t capture_writer::packets() const noexcept {
    return state_->packets;
}

}  // namespace sonde::socket
