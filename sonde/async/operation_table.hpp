// The operations that wait for a ping's outcome, by a number that is never used for another one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include <sonde/async/ping_result.hpp>
#include <sonde/probe/echo_prober.hpp>

namespace sonde::async {

/// What an operation waits with. Called once, by the listener's executor or a caller's thread; hands over to the
/// handler's own executor.
class completion {
public:
    virtual ~completion() = default;
    virtual void complete(ping_result result) = 0;
};

struct batch_state;

struct operation {
    std::unique_ptr<completion> waiter;
    std::shared_ptr<batch_state> batch;  ///< in place of a waiter
    ip_address target;                   ///< as the caller wrote it, scope included
    probe::ping_ticket ticket{};
    std::optional<probe::flight_ref> where;      ///< from when it was transmitted
    std::unique_ptr<ping_result> answered = {};  ///< while duplicates are counted
    std::uint32_t place = 0;                     ///< among the batch's operations
    std::uint32_t generation = 0;
    bool lingers = false;
    bool started = false;
    bool cancelled = false;  ///< before it was started
};

/// Not thread-safe. Memory is reused, and grows to the most operations at once.
class operation_table {
public:
    [[nodiscard]] std::uint64_t add() {
        std::uint32_t index = 0;
        if (free_.empty()) {
            index = static_cast<std::uint32_t>(operations_.size());
            operations_.emplace_back();
        } else {
            index = free_.back();
            free_.pop_back();
        }
        return (std::uint64_t{operations_[index].generation} << 32) | index;
    }

    /// Null when it is over.
    [[nodiscard]] operation* find(std::uint64_t id) noexcept {
        const auto index = static_cast<std::uint32_t>(id);
        if (index >= operations_.size() || operations_[index].generation != static_cast<std::uint32_t>(id >> 32)) {
            return nullptr;
        }
        return &operations_[index];
    }

    void remove(std::uint64_t id) {
        operation& op = *find(id);
        const std::uint32_t next = op.generation + 1;
        op = operation{};
        op.generation = next;
        free_.push_back(static_cast<std::uint32_t>(id));
    }

private:
    std::vector<operation> operations_;
    std::vector<std::uint32_t> free_;
};

}  // namespace sonde::async
