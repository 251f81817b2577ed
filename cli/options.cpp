#include <algorithm>
#include <charconv>
#include <memory>
#include <utility>
#include <vector>

#include <cli/command.hpp>
#include <cli/options.hpp>
#include <cli/output.hpp>
#include <cli/suggestion.hpp>
#include <cli/text_layout.hpp>
#include <fmt/format.h>

#include <sonde/report/escape.hpp>

namespace sonde::cli {

namespace {

constexpr std::size_t help_columns = 100;
constexpr std::size_t name_columns = 28;

/// `  -c, --count N    stop after N pings`, the help wrapped under itself.
class help_format : public CLI::Formatter {
public:
    std::string make_option(const CLI::Option* option, bool is_positional) const override {
        std::string left = "  " + (is_positional ? option->get_name(true, false) : names(option));
        if (!is_positional && option->get_type_size() != 0) left += " " + option->get_type_name();
        const auto lines = wrap(option->get_description(), help_columns - name_columns);
        std::string text = left;
        if (left.size() + 2 > name_columns)
            text += '\n' + std::string(name_columns, ' ');
        else
            text += std::string(name_columns - left.size(), ' ');
        for (std::size_t i = 0; i < lines.size(); ++i) {
            if (i > 0) text += '\n' + std::string(name_columns, ' ');
            text += lines[i];
        }
        return text + '\n';
    }

private:
    static std::string names(const CLI::Option* option) {
        std::string all;
        for (const auto& s : option->get_snames()) all += fmt::format("{}-{}", all.empty() ? "" : ", ", s);
        if (all.empty()) all = "    ";  // long names stand under each other
        for (const auto& l : option->get_lnames()) all += fmt::format("{}--{}", all.ends_with(' ') ? "" : ", ", l);
        return all;
    }
};

failure bad_number(std::string_view text, std::string_view why) {
    return {
        fmt::format("'{}' {}", report::escape_text(text), why), {}, std::make_error_code(std::errc::invalid_argument)};
}

std::string allowed(number_range range) {
    constexpr auto unbounded = std::numeric_limits<std::uint64_t>::max();
    return range.most == unbounded ? fmt::format("at least {}", range.least)
                                   : fmt::format("{} to {}", range.least, range.most);
}

std::vector<std::string> known_options(const CLI::App& app) {
    std::vector<std::string> known;
    for (const auto* option : app.get_options()) {
        for (const auto& name : option->get_lnames()) known.push_back("--" + name);
    }
    return known;
}

/// The word that names the option in what CLI11 says: `--count: 1 required TEXT missing`.
std::string first_word(const std::string& text) {
    return text.substr(0, text.find_first_of(": "));
}

}  // namespace

result<std::uint64_t> parse_number(std::string_view text, number_range range) {
    if (text.starts_with('-')) return bad_number(text, fmt::format("is negative: write {}", allowed(range)));
    const bool hexadecimal = text.starts_with("0x") || text.starts_with("0X");
    const std::string_view digits = hexadecimal ? text.substr(2) : text;
    std::uint64_t number = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), number, hexadecimal ? 16 : 10);
    const bool whole = end == digits.data() + digits.size();
    if (error == std::errc::invalid_argument || !whole) {
        return bad_number(text, fmt::format("is not a whole number: write {}", allowed(range)));
    }
    if (error == std::errc::result_out_of_range || number > range.most) {
        return bad_number(text, fmt::format("is too large: write {}", allowed(range)));
    }
    if (number < range.least) return bad_number(text, fmt::format("is too small: write {}", allowed(range)));
    return number;
}

void refuse(const std::string& option, const std::string& why) {
    throw CLI::ValidationError(option.empty() ? why : fmt::format("{}: {}", option, why));
}

options::options(std::string_view command, const std::string& purpose)
    : title_(fmt::format("sonde {}", command)), app_(fmt::format("{}: {}", title_, purpose), title_) {
    app_.formatter(std::make_shared<help_format>());
    app_.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    app_.set_help_flag("-h,--help", "this text");
    app_.set_version_flag("-V,--version", std::string(version_line()), "the version");
}

CLI::Option* options::word(const std::string& names, std::function<result<void>(const std::string&)> convert,
                           const std::string& help) {
    auto* option = app_.add_option_function<std::string>(
        names, [](const std::string&) {}, help);
    // A check sees every word, a callback only the last one: rubbish is refused even when it is overridden.
    option->check(CLI::Validator(
        [convert = std::move(convert)](std::string& text) {
            const auto read = convert(text);
            return read ? std::string{} : read.error().what;
        },
        ""));
    return option->type_name("WORD");
}

CLI::Option* options::add_duration(const std::string& names, std::function<void(sonde::duration)> set,
                                   sonde::duration bare_unit, const std::string& help) {
    const auto convert = [set = std::move(set), bare_unit](const std::string& text) -> result<void> {
        const auto read = parse_duration(text, bare_unit);
        if (!read) return failure{report::escape_text(read.error().what), {}, read.error().code};
        set(*read);
        return {};
    };
    return word(names, convert, help)->type_name("TIME");
}

CLI::Option* options::add_number(const std::string& names, std::function<void(std::uint64_t)> set, number_range range,
                                 const std::string& help) {
    const auto convert = [set = std::move(set), range](const std::string& text) -> result<void> {
        const auto read = parse_number(text, range);
        if (!read) return read.error();
        set(*read);
        return {};
    };
    return word(names, convert, help)->type_name("N");
}

std::string options::unexpected() const {
    const auto left = app_.remaining();
    const auto option =
        std::find_if(left.begin(), left.end(), [](const auto& w) { return w.size() > 1 && w[0] == '-'; });
    if (option == left.end()) {
        return fmt::format("unexpected argument '{}'", left.empty() ? "" : report::escape_text(left.front()));
    }
    const std::string name = option->starts_with("--") ? option->substr(0, option->find('=')) : *option;
    return fmt::format("unknown option '{}'{}", report::escape_text(name),
                       did_you_mean(name, known_options(app_), fmt::format("; see '{} --help'", title_)));
}

std::string options::complaint(const CLI::ParseError& error) const {
    const std::string what = error.what();
    if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) return unexpected();
    if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr) {
        const std::string name = first_word(what);
        if (what.find("missing") != std::string::npos) return fmt::format("{} needs a value", name);
        if (what.find("flag override") != std::string::npos) return fmt::format("{} takes no value", name);
    }
    return report::escape_text(what);
}

std::optional<int> options::parse(int argc, char** argv) {
    try {
        app_.parse(argc, argv);
        return std::nullopt;
    } catch (const CLI::CallForHelp&) {
        return write_out(app_.help()) ? exit_yes : exit_trouble;
    } catch (const CLI::CallForVersion&) {
        return write_out(fmt::format("{}\n", version_line())) ? exit_yes : exit_trouble;
    } catch (const CLI::ParseError& error) {
        print_error(title_, complaint(error));
        return exit_trouble;
    }
}

}  // namespace sonde::cli
