#include <algorithm>
#include <chrono>

#include <cli/local_time.hpp>
#include <cli/output.hpp>
#include <cli/sniff_output.hpp>

#include <sonde/report/hexdump.hpp>
#include <sonde/report/packet_tree.hpp>
#include <sonde/wire/dissect.hpp>

namespace sonde::cli {

namespace {

constexpr std::size_t write_at = 128 << 10;

// Where the network header begins, which -x begins with.
std::size_t link_header_size(const report::packet_view& view) {
    for (const wire::layer& l : view.dissection.layers()) {
        if (l.id > wire::protocol::vlan) return l.offset;
    }
    return view.frame.size();
}

}  // namespace

sniff_output::sniff_output(const sniff_settings& settings, link_type link)
    : settings_(settings),
      link_(link),
      time_(settings.time, local_utc_offset),
      lines_({.link_header = settings.link_header,
              .absolute_sequences = settings.absolute_sequences,
              .quick = settings.quick}),
      checksums_(settings.verbose || settings.json) {
    out_.reserve(write_at + (write_at >> 2));
}

result<void> sniff_output::create_file() {
    if (settings_.write_path.empty()) return {};
    auto file = socket::capture_writer::create(settings_.write_path, link_, settings_.snap_length);
    if (!file) return file.error();
    file_ = *std::move(file);
    return {};
}

bool sniff_output::packet(const sniffed_packet& p) {
    if (file_) {
        const auto written = file_->write({.bytes = p.frame, .full_size = p.full_size, .at = p.time});
        if (!written) return trouble(written.error());
    }
    ++captured_;
    if (!settings_.shows()) return true;
    show(p);
    return out_.size() < write_at || flush_text();
}

void sniff_output::show(const sniffed_packet& p) {
    const wire::dissection dissection =
        wire::dissect(link_, p.frame, {.checksums = checksums_ && !p.checksum_unfinished});
    const report::packet_view view{.time = p.time,
                                   .link = link_,
                                   .frame = p.frame,
                                   .full_size = p.full_size,
                                   .dissection = dissection,
                                   .interface = p.interface,
                                   .direction = p.direction,
                                   .checksum_unfinished = p.checksum_unfinished};
    if (settings_.json) {
        report::append_packet_json(out_, view, {.frame = settings_.hex != hex_style::none});
    } else {
        show_line(view);
    }
}

void sniff_output::show_line(const report::packet_view& view) {
    line_.clear();
    time_.write(line_, view.time);
    const bool unknown = lines_.write(line_, view);
    line_.put('\n');
    out_ += line_.text();
    if (settings_.verbose) report::append_packet_tree(out_, view);
    if (settings_.hex != hex_style::none) {
        show_bytes(view);
    } else if (unknown && !settings_.verbose) {
        report::hexdump(out_, lines_.unknown(), {.ascii = true});
    }
}

void sniff_output::show_bytes(const report::packet_view& view) {
    const bool whole = settings_.hex == hex_style::frame || settings_.hex == hex_style::frame_text;
    const bool ascii = settings_.hex == hex_style::packet_text || settings_.hex == hex_style::frame_text;
    const std::size_t from = whole ? 0 : std::min(link_header_size(view), view.frame.size());
    report::hexdump(out_, view.frame.subspan(from), {.ascii = ascii});
}

bool sniff_output::trouble(const failure& why) {
    // Nobody reads any more: as quiet about packets as about text.
    if (settings_.write_path == "-" && why.code == std::errc::broken_pipe) return false;
    if (!failed_) print_failure("sonde sniff", why);
    failed_ = true;
    return false;
}

bool sniff_output::flush_text() {
    const bool open = write_out(out_);
    out_.clear();
    return open;
}

bool sniff_output::flush() {
    if (file_ && !failed_) {
        if (const auto flushed = file_->flush(); !flushed) return trouble(flushed.error());
    }
    return out_.empty() || flush_text();
}

void sniff_output::summary(report::capture_totals totals) {
    if (!settings_.json) return;
    totals.written = file_ ? file_->packets() : 0;
    report::append_capture_summary_json(out_, totals, wall_now());
}

}  // namespace sonde::cli
