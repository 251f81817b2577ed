// What went wrong, for a person: the operation, its subject, the cause, and what to do about it.
#pragma once

#include <string>
#include <system_error>
#include <utility>

#include <boost/system/result.hpp>

namespace sonde {

/// An operation that failed. `what` names the operation and the subject in one line without a final full stop; `remedy`
/// says what to do (commands on lines of their own), empty when there is nothing to advise. `code` is the system's
/// error where there was one. A value type.
struct failure {
    std::string what;
    std::string remedy = {};
    std::error_code code = {};
};

/// `failure` from an errno value: "WHAT: its message".
[[nodiscard]] failure system_failure(std::string what, int error_number, std::string remedy = {});

/// The exception that `result<T>::value()` throws when there is no value.
class failure_error : public std::system_error {
public:
    explicit failure_error(failure f) : std::system_error(f.code, f.what), failure_(std::move(f)) {}
    [[nodiscard]] const failure& reason() const noexcept { return failure_; }

private:
    failure failure_;
};

[[noreturn]] void throw_exception_from_error(const failure& f, const boost::source_location& where);

template <class T>
using result = boost::system::result<T, failure>;

}  // namespace sonde
