#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include <fmt/format.h>

#include <sonde/craft/description.hpp>

namespace sonde::craft {

namespace {

using wire::header_field;
using wire::header_layout;
using wire::header_variant;
using wire::option_layout;

struct other_name {
    std::string_view said;
    std::string_view meant;
};
// What the same layers are called elsewhere, in scapy above all.
constexpr std::array<other_name, 9> layer_names{{{"ether", "eth"},
                                                 {"ethernet", "eth"},
                                                 {"dot1q", "vlan"},
                                                 {"ipv4", "ip"},
                                                 {"ipv6", "ip6"},
                                                 {"icmpv6", "icmp6"},
                                                 {"bootp", "dhcp"},
                                                 {"hbh", "hopopts"},
                                                 {"timestamp", "timestamps"}}};

std::string_view meant_by(std::string_view word) {
    const auto* found = std::ranges::find(layer_names, word, &other_name::said);
    return found == layer_names.end() ? word : found->meant;
}

std::vector<std::string> layer_listing() {
    std::vector<std::string> out;
    for (const auto& layout : wire::all_layouts()) out.emplace_back(layout.name);
    return out;
}

std::string form_name(const header_layout& layout, const header_variant* variant) {
    return variant == nullptr ? std::string(layout.name) : fmt::format("{}({})", layout.name, variant->name);
}

/// One layer's arguments, resolved against its layout.
class layer_reader {
public:
    layer_reader(const header_layout& layout, const written_layer& written) : layout_(layout), written_(written) {
        out_.layout = &layout;
        out_.column = written.column;
    }

    described<described_layer> read();

private:
    described<void> choose_form();
    described<void> add(const written_argument& argument);
    described<void> add_field(const header_field& field, const written_argument& argument);
    described<void> add_option(const option_layout& option, const written_argument& argument);
    described<bool> add_numbered_option(const written_argument& argument);
    described<void> add_all_options(const written_argument& argument);
    [[nodiscard]] bool has_options() const noexcept {
        return options_of(layout_, out_.variant) != wire::option_style::none;
    }
    [[nodiscard]] const option_layout* find_option(std::string_view name) const noexcept;
    [[nodiscard]] std::vector<std::string> field_listing() const;
    [[nodiscard]] std::vector<std::string> option_listing() const;
    [[nodiscard]] description_error unknown(const written_argument& argument) const;
    [[nodiscard]] description_error unknown_form(const written_argument& argument) const;
    [[nodiscard]] std::string other_form_with(const std::string& field) const;

    const header_layout& layout_;
    const written_layer& written_;
    described_layer out_;
    std::size_t form_column_ = 0;  // of the form's name, 0 where none is given
};

const header_field* selector_of(const header_layout& layout) noexcept {
    return layout.selector.empty() ? nullptr : wire::find_field(layout, nullptr, layout.selector);
}

const header_variant* variant_with(const header_layout& layout, std::uint64_t value) noexcept {
    const auto found = std::ranges::find_if(layout.variants, [&](const header_variant& v) { return v.value == value; });
    return found == layout.variants.end() ? nullptr : &*found;
}

described<described_layer> layer_reader::read() {
    if (auto chosen = choose_form(); !chosen) return chosen.error();
    for (const auto& argument : written_.arguments) {
        if (auto added = add(argument); !added) return added.error();
    }
    // `icmp(echo, type=13)` is the form of an echo with another type: the name chose the form, the number stands.
    if (form_column_ != 0 && out_.find(layout_.selector) == nullptr) {
        out_.fields.push_back({selector_of(layout_), {out_.variant->value, {}}, form_column_});
    }
    return std::move(out_);
}

// By name, by the selector's value, or the usual form: what decides which other fields there are.
described<void> layer_reader::choose_form() {
    const header_field* selector = selector_of(layout_);
    if (selector == nullptr) return {};
    std::optional<std::uint64_t> given;
    for (const auto& argument : written_.arguments) {
        if (argument.value && argument.name == selector->name) {
            const auto value = read_value(*selector, *argument.value);
            if (!value) return value.error();
            given = value->number;
        }
        if (argument.value || !argument.arguments.empty()) continue;
        const auto* variant = wire::find_variant(layout_, argument.name);
        if (variant == nullptr) continue;
        if (form_column_ != 0) {
            return description_error{argument.column,
                                     fmt::format("{} is {} already", layout_.name, out_.variant->name)};
        }
        out_.variant = variant;
        form_column_ = argument.column;
    }
    if (form_column_ == 0) out_.variant = variant_with(layout_, given.value_or(selector->preset));
    return {};
}

described<void> layer_reader::add(const written_argument& argument) {
    const bool bare = !argument.value && argument.arguments.empty();
    const header_field* field = wire::find_field(layout_, out_.variant, argument.name);
    const option_layout* option = has_options() ? find_option(argument.name) : nullptr;
    if (bare) {
        if (wire::find_variant(layout_, argument.name) != nullptr) return {};  // choose_form took it
        if (field != nullptr && field->kind == wire::field_kind::flag) return add_field(*field, argument);
        if (option != nullptr) return add_option(*option, argument);
        if (field != nullptr) {
            return description_error{argument.column + argument.name.size(),
                                     fmt::format("{} needs a value: {}=...", field->name, field->name)};
        }
        return layout_.variants.empty() ? unknown(argument) : unknown_form(argument);
    }
    if (field != nullptr && argument.value) return add_field(*field, argument);
    if (option != nullptr) return add_option(*option, argument);
    if (argument.name == "options" && has_options()) return add_all_options(argument);
    const auto numbered = add_numbered_option(argument);
    if (!numbered) return numbered.error();
    if (*numbered) return {};
    return unknown(argument);
}

described<void> layer_reader::add_field(const header_field& field, const written_argument& argument) {
    if (std::ranges::find(out_.fields, &field, &given_field::field) != out_.fields.end()) {
        return description_error{argument.column, fmt::format("{} is given twice", field.name)};
    }
    field_value value{1, {}};
    if (argument.value) {
        auto read = read_value(field, *argument.value);
        if (!read) return read.error();
        value = *std::move(read);
    }
    out_.fields.push_back({&field, std::move(value), argument.column});
    return {};
}

described<void> layer_reader::add_option(const option_layout& option, const written_argument& argument) {
    auto data = read_option(option, argument);
    if (!data) return data.error();
    out_.options.push_back({&option, option.code, *std::move(data), false, argument.column});
    return {};
}

// `option(253)=...` of options without a name is written `option253=hex(...)`.
described<bool> layer_reader::add_numbered_option(const written_argument& argument) {
    constexpr std::string_view word = "option";
    if (!has_options() || !argument.name.starts_with(word) || !argument.value) return false;
    const auto code = number_in(std::string_view(argument.name).substr(word.size()));
    if (!code) return false;
    if (*code > 255) return description_error{argument.column, "an option's number is at most 255"};
    if (argument.value->kind != written_value::form::bytes) {
        return description_error{argument.value->column, fmt::format("{} takes hex(...) or \"text\"", argument.name)};
    }
    out_.options.push_back({nullptr, static_cast<std::uint8_t>(*code), argument.value->bytes, false, argument.column});
    return true;
}

described<void> layer_reader::add_all_options(const written_argument& argument) {
    if (!argument.value || argument.value->kind != written_value::form::bytes) {
        return description_error{argument.value ? argument.value->column : argument.column,
                                 "options takes the bytes of all of them: options=hex(...)"};
    }
    out_.options.push_back({nullptr, 0, argument.value->bytes, true, argument.column});
    return {};
}

const option_layout* layer_reader::find_option(std::string_view name) const noexcept {
    for (const std::string_view candidate : {name, meant_by(name)}) {
        const auto found = std::ranges::find(layout_.options, candidate, &option_layout::name);
        if (found != layout_.options.end()) return &*found;
    }
    return nullptr;
}

std::vector<std::string> layer_reader::field_listing() const {
    std::vector<std::string> out;
    for (const auto& f : layout_.fields) out.emplace_back(f.name);
    if (out_.variant != nullptr) {
        for (const auto& f : out_.variant->fields) out.emplace_back(f.name);
    }
    return out;
}

std::vector<std::string> layer_reader::option_listing() const {
    std::vector<std::string> out;
    if (!has_options()) return out;
    for (const auto& o : layout_.options) out.emplace_back(o.name);
    return out;
}

std::string layer_reader::other_form_with(const std::string& field) const {
    for (const auto& variant : layout_.variants) {
        const auto found = std::ranges::find(variant.fields, field, &header_field::name);
        if (found != variant.fields.end()) return fmt::format(" ({} has)", form_name(layout_, &variant));
    }
    return {};
}

description_error layer_reader::unknown(const written_argument& argument) const {
    auto known = field_listing();
    const auto options = option_listing();
    std::string what = fmt::format("{} has no field '{}'{}", form_name(layout_, out_.variant), argument.name,
                                   other_form_with(argument.name));
    const std::string fields = listing(known);
    known.insert(known.end(), options.begin(), options.end());
    const std::string meant = suggestion(argument.name, known);
    what += meant.empty() ? ";" : meant;
    what += fmt::format(" its fields are {}", fields);
    if (!options.empty()) what += fmt::format("; its options are {}", listing(options));
    return {argument.column, std::move(what)};
}

description_error layer_reader::unknown_form(const written_argument& argument) const {
    std::vector<std::string> forms;
    for (const auto& variant : layout_.variants) forms.emplace_back(variant.name);
    const std::string meant = suggestion(argument.name, forms);
    return {argument.column, fmt::format("{} has no form '{}'{} its forms are {}", layout_.name, argument.name,
                                         meant.empty() ? ";" : meant, listing(forms))};
}

described<described_layer> read_layer(written_layer& written) {
    if (written.name.empty()) {
        described_layer out;
        out.bytes = std::move(written.bytes);
        out.column = written.column;
        return out;
    }
    const header_layout* layout = wire::find_layout(meant_by(written.name));
    if (layout != nullptr) return layer_reader(*layout, written).read();
    auto known = layer_listing();
    const std::string names = listing(known);
    known.insert(known.end(), {"hex", "zeros"});
    const std::string meant = suggestion(written.name, known);
    return description_error{written.column,
                             fmt::format("there is no layer '{}'{} the layers are {}; bytes are \"text\", hex(00ff), "
                                         "zeros(8)",
                                         written.name, meant.empty() ? ";" : meant, names)};
}

ip_address address_in(const given_field& given) {
    if (!given.value.bytes.empty()) return ip_address::from_bytes(given.value.bytes, given.value.scope);
    return ip_address::v4(static_cast<std::uint32_t>(given.value.number));
}

}  // namespace

const given_field* described_layer::find(std::string_view field) const noexcept {
    const auto found =
        std::ranges::find_if(fields, [&](const given_field& given) { return given.field->name == field; });
    return found == fields.end() ? nullptr : &*found;
}

described<description> description::parse(std::string_view text) {
    auto written = scan(text);
    if (!written) return written.error();
    description out;
    for (auto& layer : *written) {
        auto read = read_layer(layer);
        if (!read) return read.error();
        out.layers.push_back(*std::move(read));
    }
    return out;
}

std::optional<ip_address> description::destination() const {
    for (const auto& layer : layers) {
        const bool ip = layer.is(wire::protocol::ipv4) || layer.is(wire::protocol::ipv6);
        if (!ip && !layer.is(wire::protocol::arp)) continue;
        const given_field* given = layer.find(ip ? "dst" : "pdst");
        return given == nullptr ? std::nullopt : std::optional(address_in(*given));
    }
    return std::nullopt;
}

wire::option_style options_of(const header_layout& layout, const header_variant* variant) noexcept {
    return variant != nullptr && variant->options != wire::option_style::none ? variant->options : layout.style;
}

}  // namespace sonde::craft
