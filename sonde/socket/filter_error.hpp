// Where in a filter expression libpcap stumbled: its messages do not say.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <sonde/base/error.hpp>

namespace sonde::socket {

/// The words and signs of a filter expression as libpcap's scanner cuts it, near enough: views into the expression.
[[nodiscard]] std::vector<std::string_view> filter_words(std::string_view expression);

/// Compiles an expression: what is wrong with it, empty when nothing is.
using filter_trial = std::function<std::string(const std::string& expression)>;

/// The column (bytes, from 1) of the word that the complaint `message` about `expression` is about: a word that it
/// quotes, else the first word after which no continuation leads to an expression without that complaint; behind the
/// last word when the expression only ends too early. 1 for expressions of more than 400 words: that would take long.
[[nodiscard]] std::size_t filter_error_column(std::string_view expression, std::string_view message,
                                              const filter_trial& complaint_about);

/// The failure with column and caret, safe to print.
[[nodiscard]] failure filter_failure(std::string_view expression, std::string_view message, std::size_t column);

}  // namespace sonde::socket
