// What is wrong with a description, and where.
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include <boost/system/result.hpp>

namespace sonde::craft {

/// An error in a description, at a place in it.
struct description_error {
    // Not an aggregate: a result of a number would else take the number for an error's column.
    description_error() = default;
    description_error(std::size_t at, std::string why) : column(at), what(std::move(why)) {}

    std::size_t column = 1;  ///< counted from 1, in bytes; one past the end when something is missing there
    std::string what;  ///< one line, without the column; quotes the user's words as they are: escape before showing
};

[[noreturn]] void throw_exception_from_error(const description_error& error, const boost::source_location& where);

template <class T>
using described = boost::system::result<T, description_error>;

}  // namespace sonde::craft
