#include <algorithm>
#include <array>
#include <iterator>
#include <span>
#include <string_view>

#include <fmt/format.h>

#include <sonde/report/escape.hpp>
#include <sonde/report/trace_letters.hpp>

namespace sonde::report {
namespace {

struct letter {
    std::uint8_t code;
    std::string_view mark;
};

// Destination unreachable (RFC 792, RFC 1122 section 3.2.2.1, RFC 1812 section 5.2.7.1). Port unreachable is how the
// destination answers, and has no mark.
constexpr std::array<letter, 15> letters_v4{{{0, "!N"},
                                             {1, "!H"},
                                             {2, "!P"},
                                             {3, ""},
                                             {5, "!S"},
                                             {6, "!N"},
                                             {7, "!H"},
                                             {8, "!N"},
                                             {9, "!X"},
                                             {10, "!X"},
                                             {11, "!N"},
                                             {12, "!H"},
                                             {13, "!X"},
                                             {14, "!V"},
                                             {15, "!C"}}};
// RFC 4443 section 3.1.
constexpr std::array<letter, 5> letters_v6{{{0, "!N"}, {1, "!X"}, {2, "!H"}, {3, "!H"}, {4, ""}}};

struct family_numbers {
    std::uint8_t unreachable;
    std::uint8_t time_exceeded;
    std::uint8_t echo_reply;
    std::span<const letter> letters;
};
constexpr family_numbers numbers_v4{3, 11, 0, letters_v4};
constexpr family_numbers numbers_v6{1, 3, 129, letters_v6};

bool is_too_big(family f, const probe::hop_answer& a) noexcept {
    return f == family::v4 ? a.type == 3 && a.code == 4 : a.type == 2;
}

std::string_view role_word(wire::interface_role role) noexcept {
    switch (role) {
        case wire::interface_role::incoming:
            return "INC";
        case wire::interface_role::sub_ip:
            return "SUB";
        case wire::interface_role::outgoing:
            return "OUT";
        case wire::interface_role::next_hop:
            return "NXT";
    }
    return "INC";
}

std::string interface_text(const probe::hop_interface& i) {
    std::string text(role_word(i.role));
    text += ':';
    if (i.index) text += fmt::to_string(*i.index);
    text += ',';
    if (i.address) text += escape_text(i.address->to_string());
    text += ',';
    if (!i.name.empty()) text += fmt::format("\"{}\"", escape_text(i.name));
    text += ',';
    if (i.mtu) text += fmt::format("mtu={}", *i.mtu);
    return text;
}

std::string object_text(const probe::hop_object& object) {
    std::string text = fmt::format("{}/{}:", object.class_number, object.c_type);
    for (std::size_t i = 0; i < object.data.size(); ++i) {
        if (i > 0 && i % 4 == 0) text += ',';
        fmt::format_to(std::back_inserter(text), "{:02x}", std::to_integer<unsigned>(object.data[i]));
    }
    return text;
}

}  // namespace

std::string trace_mark(family f, const probe::hop_answer& answer) {
    const family_numbers& n = f == family::v4 ? numbers_v4 : numbers_v6;
    if (!answer.from_icmp || answer.type == n.echo_reply) return {};
    if (answer.type == n.time_exceeded && answer.code == 0) return {};
    if (is_too_big(f, answer)) return fmt::format("!F-{}", answer.info);
    if (answer.type != n.unreachable) return fmt::format("!<{}-{}>", answer.type, answer.code);
    const auto found = std::ranges::find(n.letters, answer.code, &letter::code);
    return found == n.letters.end() ? fmt::format("!<{}>", answer.code) : std::string(found->mark);
}

std::string extension_text(const probe::hop_extensions& extensions) {
    std::string text;
    std::string_view divider;
    const auto add = [&](std::string_view object) {
        text += divider;
        text += object;
        divider = ";";
    };
    std::string stack;
    for (const wire::mpls_label& l : extensions.mpls) {
        stack += fmt::format("{}L={},E={},S={},T={}", stack.empty() ? "MPLS:" : "/", l.label, l.traffic_class,
                             l.bottom_of_stack ? 1 : 0, l.ttl);
    }
    if (!stack.empty()) add(stack);
    for (const auto& i : extensions.interfaces) add(interface_text(i));
    for (const auto& o : extensions.others) add(object_text(o));
    return text;
}

}  // namespace sonde::report
