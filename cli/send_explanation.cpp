#include <algorithm>
#include <iterator>

#include <cli/send_explanation.hpp>
#include <cli/send_fields.hpp>
#include <cli/text_layout.hpp>
#include <fmt/format.h>

#include <sonde/report/header_drawing.hpp>
#include <sonde/report/hexdump.hpp>
#include <sonde/wire/checksum.hpp>
#include <sonde/wire/dissect.hpp>

namespace sonde::cli {

namespace {

using craft::author;
using std::back_inserter;

constexpr std::size_t ipv4_header_size = 20;
constexpr std::size_t total_length_at = 2;
constexpr std::size_t identification_at = 4;
constexpr std::size_t offset_at = 6;
constexpr std::size_t checksum_at = 10;
constexpr std::size_t source_at = 12;

std::string door_line(const prepared_packet& p, bool dry_run) {
    std::string out;
    switch (p.through) {
        case door::link:
            out = "the link door: a packet socket, and nobody touches what you write";
            break;
        case door::network:
            out = p.link == link_type::raw_ip && load_be<std::uint8_t>(p.written, 0) >> 4U == 6
                      ? "the network door: a raw socket with IPV6_HDRINCL, and the kernel adds nothing"
                      : "the network door: a raw socket with IP_HDRINCL, and the kernel completes the IP header";
            break;
        case door::transport:
            out = fmt::format("the transport door: a raw socket of protocol {}, and the kernel writes the IP header",
                              p.protocol);
            break;
    }
    return fmt::format("{} bytes {} through {}\n", p.written.size(), dry_run ? "would go" : "went", out);
}

std::string who(const explained_field& f, const prepared_packet& p, bool in_kernels_header, bool caught) {
    if (f.overwritten) {
        return fmt::format("kernel ({} wrote {})", author_name(f.by), *f.overwritten);
    }
    if (f.by == author::computed) return "sonde, computed";
    if (f.by != author::user) return std::string(author_name(f.by));
    if (in_kernels_header) return "you, through the socket";
    const auto& rules = socket::rules_of(socket::native_dialect());
    const bool ours_no_more = !caught && p.through == door::network &&
                              ((f.name == "len" && rules.total_length == socket::kernel_fill::always) ||
                               (f.name == "chksum" && rules.checksum == socket::kernel_fill::always));
    return ours_no_more ? "you, and the kernel will overwrite it" : "you";
}

void append_table(std::string& out, const explained_layer& layer, const prepared_packet& p, bool caught) {
    std::size_t names = 5;
    std::size_t values = 5;
    std::size_t bytes = 5;
    constexpr std::size_t widest = 47;  // an IPv6 address in bytes
    for (const auto& f : layer.fields) {
        names = std::max(names, f.name.size());
        values = std::max(values, std::min(widest, f.value.size()));
        bytes = std::max(bytes, std::min(widest, f.bytes.size()));
    }
    const auto row = [&](std::string_view name, std::string_view value, std::string_view raw, std::string_view by) {
        fmt::format_to(back_inserter(out), "  {}  {}  {}  {}\n", pad(name, names), pad(value, values), pad(raw, bytes),
                       by);
    };
    row("field", "value", "bytes", "written by");
    // IPv4's alone: the network door's other header is completed by nobody.
    const bool first_v4 = layer.offset == 0 && layer.name == "ip";
    const bool kernels = layer.offset < p.written_at;
    for (const auto& f : layer.fields) row(f.name, f.value, f.bytes, who(f, p, kernels, caught || !first_v4));
}

void append_layer(std::string& out, const explained_layer& layer, const prepared_packet& p, bool caught) {
    if (layer.layout == nullptr) {
        fmt::format_to(back_inserter(out), "\npayload, {} byte{}, written by you\n", layer.bytes.size(),
                       layer.bytes.size() == 1 ? "" : "s");
        report::hexdump(out, layer.bytes, {.ascii = true, .indent = "  ", .first_offset = layer.offset});
        return;
    }
    fmt::format_to(back_inserter(out), "\n{} ({}), {} bytes\n", layer.title, layer.layout->source, layer.bytes.size());
    wire::layer view;
    view.id = layer.layout->id;
    view.bytes = layer.bytes;
    report::draw_header(out, view);
    out += '\n';
    append_table(out, layer, p, caught);
}

std::string overwritten_names(const std::vector<explained_layer>& layers, const prepared_packet& p, bytes_view left) {
    const bytes_view written{p.written};
    std::string out;
    if (p.written_at > 0) return "the IP header";
    for (const auto& layer : layers) {
        for (const auto& f : layer.fields) {
            const bool filled = f.by == author::kernel && !std::ranges::equal(written, left);
            if (!f.overwritten && !filled) continue;
            fmt::format_to(back_inserter(out), "{}{}.{}", out.empty() ? "" : ", ", layer.name, f.name);
        }
    }
    return out;
}

void append_comparison(std::string& out, const prepared_packet& p, const std::vector<explained_layer>& layers,
                       bytes_view left, const explanation_options& options) {
    if (left.empty()) {
        fmt::format_to(back_inserter(out), "\nas written{}\n",
                       options.not_caught.empty() ? std::string{} : fmt::format(" ({})", options.not_caught));
        report::hexdump(out, p.written, {.indent = "  ", .pairs = false});
        return;
    }
    out += "\nas written, and as it left\n";
    const std::size_t different =
        report::hex_compare(out, {"written", p.written, p.written_at}, {"left", left}, {.colour = options.colour});
    if (different == 0) {
        out += "  the same, byte for byte\n";
        return;
    }
    const std::string names = overwritten_names(layers, p, left);
    fmt::format_to(back_inserter(out), "  {} byte{} of the kernel's{}{}\n", different, different == 1 ? "" : "s",
                   names.empty() ? "" : ": ", names);
}

std::string_view when(socket::kernel_fill fill) noexcept {
    switch (fill) {
        case socket::kernel_fill::always:
            return "always written by its kernel";
        case socket::kernel_fill::when_zero:
            return "written by its kernel when zero";
        case socket::kernel_fill::never:
            break;
    }
    return "not filled in by its kernel";
}

/// The datagram as a program on that system has to write it.
std::vector<std::byte> written_there(const prepared_packet& p, const socket::raw_ip_rules& rules) {
    std::vector<std::byte> out = p.complete;
    const bytes_span header =
        bytes_span{out}.first(std::min(out.size(), std::size_t{4} * (load_be<std::uint8_t>(out, 0) & 0x0fU)));
    const auto given = [&](std::string_view field) {
        return !p.shape.layers.empty() && p.shape.layers.front().author_of(field) == author::user;
    };
    // What is left zero for this system's kernel is left to that one's too, except what it never fills in.
    if (rules.identification != socket::kernel_fill::never && !given("id")) {
        store_be<std::uint16_t>(header, identification_at, 0);
    }
    socket::to_dialect(header, rules);
    if (!given("chksum")) {
        store_be<std::uint16_t>(header, checksum_at, 0);
        store_be<std::uint16_t>(header, checksum_at, wire::internet_checksum(header));
    }
    return out;
}

void append_dialect_field(std::string& out, std::string_view name, bytes_view bytes, std::string_view remark) {
    std::string digits;
    report::append_hex_bytes(digits, bytes);
    fmt::format_to(back_inserter(out), "  {:<10}  {:<11}  {}\n", name, digits, remark);
}

void append_dialect(std::string& out, const prepared_packet& p, bytes_view left, const explanation_options& options) {
    const auto& rules = socket::rules_of(*options.dialect);
    const bool applies = p.through == door::network && p.complete.size() >= ipv4_header_size &&
                         load_be<std::uint8_t>(p.complete, 0) >> 4U == 4;
    if (!applies) {
        fmt::format_to(
            back_inserter(out),
            "\non {}: nothing else is to be written; systems differ in the IPv4 header alone, and there only "
            "with IP_HDRINCL (the network door)\n",
            rules.title);
        return;
    }
    const auto there = written_there(p, rules);
    const bytes_view wire = left.empty() ? bytes_view{p.complete} : left;
    fmt::format_to(back_inserter(out), "\nwhat a program on {} must write, and what then leaves\n", rules.title);
    (void)report::hex_compare(out, {rules.name, there}, {"on the wire", wire}, {.colour = options.colour});
    const bool host = rules.sent_length_and_offset == socket::wire_order::host;
    const std::string_view order = host ? "in host byte order (little-endian)" : "in network byte order";
    const bytes_view header{there};
    append_dialect_field(out, "len", header.subspan(total_length_at, 2),
                         fmt::format("{}, {}", order, when(rules.total_length)));
    append_dialect_field(out, "id", header.subspan(identification_at, 2), when(rules.identification));
    append_dialect_field(out, "flags+frag", header.subspan(offset_at, 2), order);
    append_dialect_field(out, "chksum", header.subspan(checksum_at, 2),
                         fmt::format("over the header as it is written here; {}", when(rules.checksum)));
    append_dialect_field(out, "src", header.subspan(source_at, 4), when(rules.source));
    fmt::format_to(back_inserter(out), "  {:<10}  {}\n", "IP_HDRINCL",
                   rules.needs_header_included ? "must be set with setsockopt, also on a socket of protocol IPPROTO_RAW"
                                               : "implied by the protocol IPPROTO_RAW");
    if (rules.received_length_lacks_header) {
        out += "  received datagrams come with len in host byte order and without the header's own length\n";
    }
}

}  // namespace

void append_explanation(std::string& out, const prepared_packet& packet, bytes_view left,
                        const explanation_options& options) {
    const auto layers = explain_fields(packet, left);
    out += door_line(packet, options.dry_run);
    for (const auto& layer : layers) append_layer(out, layer, packet, !left.empty());
    append_comparison(out, packet, layers, left, options);
    if (options.dialect) append_dialect(out, packet, left, options);
}

}  // namespace sonde::cli
