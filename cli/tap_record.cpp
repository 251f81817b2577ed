#include <charconv>

#include <cli/tap_record.hpp>
#include <fmt/format.h>

namespace sonde::cli {

namespace {

constexpr std::string_view mark = "sonde tap";
constexpr std::string_view masquerade_word = "masquerade";

std::string_view forwarding_words(family f) noexcept {
    return f == family::v4 ? "ipv4 forwarding was " : "ipv6 forwarding was ";
}

bool take_word(tap_record& record, std::string_view word) {
    if (word == masquerade_word) return record.masquerade = true;
    for (const family f : {family::v4, family::v6}) {
        if (!word.starts_with(forwarding_words(f))) continue;
        const std::string_view digits = word.substr(forwarding_words(f).size());
        std::uint32_t value = 0;
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
        if (error != std::errc{} || end != digits.data() + digits.size()) return false;
        record.forwarding(f) = value;
        return true;
    }
    return false;
}

}  // namespace

std::string tap_record::to_alias() const {
    std::string words;
    const auto add = [&words](std::string_view word) { words += fmt::format("{}{}", words.empty() ? "" : ", ", word); };
    if (masquerade) add(masquerade_word);
    for (const family f : {family::v4, family::v6}) {
        if (const auto& before = forwarding(f)) add(fmt::format("{}{}", forwarding_words(f), *before));
    }
    return words.empty() ? std::string(mark) : fmt::format("{}: {}", mark, words);
}

std::optional<tap_record> tap_record::from_alias(std::string_view alias) {
    tap_record record;
    if (alias == mark) return record;
    if (!alias.starts_with(mark) || alias.substr(mark.size(), 2) != ": ") return std::nullopt;
    for (std::string_view rest = alias.substr(mark.size() + 2);;) {
        const std::size_t comma = rest.find(", ");
        if (!take_word(record, rest.substr(0, comma))) return std::nullopt;
        if (comma == std::string_view::npos) return record;
        rest.remove_prefix(comma + 2);
    }
}

std::uint32_t forwarding_before(family f, const std::vector<tap_record>& others, std::uint32_t now) {
    for (const auto& other : others) {
        if (const auto& before = other.forwarding(f)) return *before;
    }
    return now;
}

std::optional<std::uint32_t> forwarding_after(family f, const tap_record& going, const std::vector<tap_record>& others,
                                              std::uint32_t now) {
    const auto& before = going.forwarding(f);
    if (!before || *before != 0 || now == 0) return std::nullopt;
    for (const auto& other : others) {
        if (other.forwarding(f)) return std::nullopt;
    }
    return before;
}

}  // namespace sonde::cli
