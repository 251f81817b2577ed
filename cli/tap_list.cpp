#include <algorithm>
#include <array>
#include <chrono>

#include <cli/account.hpp>
#include <cli/command.hpp>
#include <cli/local_time.hpp>
#include <cli/output.hpp>
#include <cli/tap_list.hpp>
#include <cli/tap_record.hpp>
#include <cli/text_layout.hpp>
#include <fmt/format.h>

#include <sonde/report/escape.hpp>
#include <sonde/report/json_line.hpp>
#include <sonde/report/utf8.hpp>

namespace sonde::cli {

namespace {

constexpr std::size_t columns = 7;
using cells = std::array<std::string, columns>;

std::string address_text(const socket::interface_address& a) {
    return fmt::format("{}/{}", a.address.with_scope(0).to_string(), a.prefix_length);
}

std::string made_by(const socket::tun_device& d) {
    const auto record = tap_record::from_alias(d.alias);
    if (!record) return "others";
    return record->masquerade ? "sonde, masqueraded" : "sonde";
}

cells row_of(const listed_tap& t) {
    const auto& d = t.device;
    std::string addresses;
    for (const auto& a : t.addresses) addresses += (addresses.empty() ? "" : " ") + address_text(a);
    std::string whose = d.owner ? user_name(*d.owner) : "";
    if (d.group) whose += fmt::format("{}group {}", whose.empty() ? "" : ", ", group_name(*d.group));
    return {report::escape_text(d.name),
            std::string(to_string(d.kind)),
            whose.empty() ? "anybody" : whose,
            fmt::format("{}{}", d.up ? "up" : "down", d.in_use ? ", in use" : ""),
            fmt::to_string(d.mtu),
            addresses.empty() ? "-" : addresses,
            made_by(d)};
}

}  // namespace

std::string tap_table(const std::vector<listed_tap>& devices) {
    if (devices.empty()) return "no TUN or TAP devices\n";
    std::vector<cells> rows{{"device", "kind", "owner", "state", "mtu", "addresses", "made by"}};
    for (const auto& t : devices) rows.push_back(row_of(t));
    std::array<std::size_t, columns> widths{};
    for (const auto& r : rows) {
        for (std::size_t i = 0; i < columns; ++i) widths[i] = std::max(widths[i], report::display_width(r[i]));
    }
    std::string text;
    for (const auto& r : rows) {
        for (std::size_t i = 0; i + 1 < columns; ++i) {
            text += r[i];
            text.append(widths[i] - report::display_width(r[i]) + 2, ' ');
        }
        text += r.back() + '\n';
    }
    return text;
}

std::string tap_json(const std::vector<listed_tap>& devices, wall_time time) {
    std::string text;
    for (const auto& t : devices) {
        const auto& d = t.device;
        const auto record = tap_record::from_alias(d.alias);
        auto line = report::json_event("tap_device", time);
        line["name"] = report::escape_text(d.name);
        line["kind"] = to_string(d.kind);
        line["user"] = d.owner ? report::json(user_name(*d.owner)) : report::json(nullptr);
        line["uid"] = d.owner ? report::json(*d.owner) : report::json(nullptr);
        line["group"] = d.group ? report::json(group_name(*d.group)) : report::json(nullptr);
        line["gid"] = d.group ? report::json(*d.group) : report::json(nullptr);
        line["persistent"] = d.persistent;
        line["up"] = d.up;
        line["in_use"] = d.in_use;
        line["mtu"] = d.mtu;
        line["addresses"] = report::json::array();
        for (const auto& a : t.addresses) line["addresses"].push_back(address_text(a));
        line["made_by_sonde"] = record.has_value();
        line["masquerade"] = record && record->masquerade;
        report::append_json_line(text, line);
    }
    auto total = report::json_event("tap_total", time);
    total["devices"] = devices.size();
    report::append_json_line(text, total);
    return text;
}

int run_tap_listing(bool json) {
    const auto devices = socket::tun_devices();
    const auto interfaces = socket::interfaces();
    if (!devices || !interfaces) {
        print_failure("sonde tap list", !devices ? devices.error() : interfaces.error());
        return exit_trouble;
    }
    std::vector<listed_tap> listed;
    for (const auto& d : *devices) {
        const auto known = std::ranges::find(*interfaces, d.index, &socket::network_interface::index);
        listed.push_back({d, known == interfaces->end() ? std::vector<socket::interface_address>{} : known->addresses});
    }
    return write_out(json ? tap_json(listed, wall_now()) : tap_table(listed)) ? exit_yes : exit_trouble;
}

}  // namespace sonde::cli
