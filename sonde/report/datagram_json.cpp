#include <sonde/report/datagram_json.hpp>
#include <sonde/report/datagram_text.hpp>
#include <sonde/report/escape.hpp>
#include <sonde/report/hexdump.hpp>
#include <sonde/report/json_line.hpp>
#include <sonde/wire/icmp.hpp>
#include <sonde/wire/protocol.hpp>

namespace sonde::report {

namespace {

template <class Value>
json or_null(const std::optional<Value>& value) {
    return value ? json(*value) : json(nullptr);
}

void add_protocol(json& line, std::uint8_t protocol) {
    line["protocol"] = protocol;
    const auto name = message_protocol_name(protocol);
    if (!name.empty()) line["protocol_name"] = name;
}

void add_message(json& line, const datagram_view& view) {
    const std::uint8_t protocol = view.delivered.protocol;
    if (const auto type = view.type()) {
        line["type"] = *type;
        const auto name = wire::name_of(message_type_field(protocol)->names, *type);
        if (!name.empty()) line["type_name"] = name;
    }
    const bool icmp = protocol == wire::ip_protocol::icmp || protocol == wire::ip_protocol::icmpv6;
    if (icmp) {
        const family f = protocol == wire::ip_protocol::icmp ? family::v4 : family::v6;
        const auto message = wire::icmp_view::parse(view.message, wire::checksum_check::trust);
        if (!message) return;
        line["code"] = message->code();
        if (const auto echo = wire::icmp_echo_message::from(f, *message)) {
            line["identifier"] = echo->identifier;
            line["sequence"] = echo->sequence;
        }
        if (view.is_looped_request()) line["looped_request"] = true;
    } else if ((protocol == wire::ip_protocol::tcp || protocol == wire::ip_protocol::udp) && view.message.size() >= 4) {
        line["source_port"] = load_be<std::uint16_t>(view.message, 0);
        line["destination_port"] = load_be<std::uint16_t>(view.message, 2);
    }
}

}  // namespace

void datagram_json(std::string& out, const datagram_view& view, bool bytes) {
    const delivered_datagram& d = view.delivered;
    json line = json_event("datagram", d.time);
    line["family"] = static_cast<unsigned>(d.family);
    add_protocol(line, d.protocol);
    line["source"] = escape_text(view.source.to_string());
    line["destination"] = view.destination ? json(escape_text(view.destination->to_string())) : json(nullptr);
    line["interface"] = d.interface.empty() ? json(nullptr) : json(escape_text(d.interface));
    line["id"] = or_null(view.identification);
    line["ttl"] = or_null(view.hop_limit);
    line["bytes"] = d.full_size;
    if (view.cut()) line["captured"] = d.bytes.size();
    if (!view.problem) add_message(line, view);
    if (view.problem) line["problem"] = wire::to_string(*view.problem);
    line["text"] = escape_text(message_words(view));
    if (bytes) {
        std::string digits;
        append_hex_digits(digits, d.bytes);
        line["hex"] = digits;
    }
    append_json_line(out, line);
}

void datagram_summary_json(std::string& out, std::uint8_t protocol, const datagram_accounting& counts, wall_time time) {
    static_assert(sizeof(datagram_accounting) == 8 * sizeof(std::uint64_t), "a counter is missing below");
    json line = json_event("summary", time);
    add_protocol(line, protocol);
    line["accounting"] = {{"received", counts.received},
                          {"shown", counts.shown},
                          {"filtered_type", counts.filtered_type},
                          {"filtered_source", counts.filtered_source},
                          {"filtered_destination", counts.filtered_destination},
                          {"filtered_interface", counts.filtered_interface},
                          {"rejected_malformed", counts.rejected_malformed},
                          {"kernel_drops", counts.kernel_drops}};
    append_json_line(out, line);
}

}  // namespace sonde::report
