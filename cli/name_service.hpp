// Names and addresses, by the system's resolver, on threads of their own: no probe ever waits for a name.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <sonde/base/error.hpp>
#include <sonde/base/ip_address.hpp>

namespace sonde::cli {

/// Answers come through `post`, which must carry a call to the thread that owns the caller's state. Threads are started
/// as needed and outlive the service while a lookup blocks; their late answers are dropped.
class name_service {
public:
    using poster = std::function<void(std::function<void()>)>;
    explicit name_service(poster post);
    ~name_service();
    name_service(const name_service&) = delete;
    name_service& operator=(const name_service&) = delete;

    /// The first address of `name` in the system's order (RFC 6724), of one family only if asked. The failure is the
    /// resolver's text.
    void resolve(std::string name, std::optional<family> only, std::function<void(result<ip_address>)> done);

    /// The name of an address; empty when there is none.
    void reverse(const ip_address& address, std::function<void(std::string)> done);

private:
    struct state;
    void enqueue(std::function<std::function<void()>()> lookup);
    std::shared_ptr<state> state_;
};

}  // namespace sonde::cli
