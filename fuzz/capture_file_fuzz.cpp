// Capture files: whatever the bytes, every packet lies in them with a sane size, and what was read can be written
// again.
#include <string>
#include <sys/mman.h>
#include <unistd.h>

#include <sonde/socket/capture_file.hpp>

#include "fuzz.hpp"

namespace {

using sonde::fuzz::require;

/// A file in memory with a path.
class memory_file {
public:
    memory_file() : fd_(::memfd_create("capture", MFD_CLOEXEC)) {}
    ~memory_file() { ::close(fd_); }
    memory_file(const memory_file&) = delete;
    memory_file& operator=(const memory_file&) = delete;

    [[nodiscard]] bool fill(const std::uint8_t* data, std::size_t size) const {
        return fd_ >= 0 && ::write(fd_, data, size) == static_cast<ssize_t>(size);
    }
    [[nodiscard]] std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

private:
    int fd_;
};

void require_one_line(const std::string& text) {
    require(!text.empty() && text.find('\n') == std::string::npos, "a failure is one line");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const memory_file input;
    const memory_file output;
    if (!input.fill(data, size)) return 0;
    auto reader = sonde::socket::capture_reader::open(input.path());
    if (!reader) {
        require_one_line(reader.error().what);
        return 0;
    }
    std::uint64_t packets = 0;
    {
        auto writer = sonde::socket::capture_writer::create(output.path(), reader->link(), reader->snap_length());
        if (!writer) {  // a link type that libpcap reads and has no number for
            require_one_line(writer.error().what);
            return 0;
        }
        for (;;) {
            const auto packet = reader->next();
            if (!packet) {
                require_one_line(packet.error().what);
                break;
            }
            if (!*packet) break;
            require((*packet)->full_size >= (*packet)->bytes.size(), "no more is kept than there was");
            std::uint8_t sum = 0;
            for (const std::byte b : (*packet)->bytes) sum = static_cast<std::uint8_t>(sum + std::to_integer<int>(b));
            volatile std::uint8_t read_all = sum;
            (void)read_all;
            require(writer->write(**packet).has_value(), "it can be written");
            ++packets;
        }
        require(writer->packets() == packets, "all were written");
    }
    require(reader->packets() == packets, "all were counted");
    auto again = sonde::socket::capture_reader::open(output.path());
    require(again.has_value(), "what was written is a capture file");
    std::uint64_t read_again = 0;
    while (again->next().value()) ++read_again;
    require(read_again == packets, "all are in it");
    return 0;
}
