// The packets of which something may still be seen: their way out, or an answer. Found by keys, so that what comes in
// costs the same however many there are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include <cli/send_preparation.hpp>

#include <sonde/base/time.hpp>
#include <sonde/craft/answers.hpp>
#include <sonde/wire/dissect.hpp>

namespace sonde::cli {

struct alike_packets;

/// Kept as long as something of it is still to come.
struct outstanding {
    std::uint64_t number = 0;
    std::shared_ptr<const prepared_packet> packet;
    time_point sent{};
    wall_time sent_at{};
    std::optional<wall_time> stamp = {};  ///< the kernel's, on its way out
    bool caught = false;
    bool told = false;
    bool answered = false;
    std::uint64_t way_out = 0;  ///< the key of what leaves
    std::list<alike_packets>::iterator alike = {};
};

/// Those that the same answers answer.
struct alike_packets {
    std::shared_ptr<const prepared_packet> like;
    std::deque<std::uint64_t> unanswered;  ///< their numbers, ascending
    std::size_t kept = 0;
    std::uint64_t newest = 0;
    std::uint64_t looked_at = 0;  ///< by which search last
};

/// Which packet an answer is for.
struct answer_owner {
    outstanding* packet = nullptr;  ///< the first one unanswered; nothing when it answers none
    bool certain = false;           ///< that no other may be meant
    craft::answer_kind kind = craft::answer_kind::none;
};

/// Owns what it keeps; single-threaded. Pointers to packets hold until the next `add` or `drop_first`.
class outstanding_packets {
public:
    /// `one.number` is above all before.
    void add(outstanding one);
    void drop_first();

    [[nodiscard]] bool empty() const noexcept { return packets_.empty(); }
    [[nodiscard]] std::size_t size() const noexcept { return packets_.size(); }
    [[nodiscard]] const outstanding& first() const noexcept { return packets_.front(); }
    [[nodiscard]] auto begin() noexcept { return packets_.begin(); }
    [[nodiscard]] auto end() noexcept { return packets_.end(); }

    /// Asked, and unanswered.
    [[nodiscard]] std::uint64_t open_questions() const noexcept { return open_questions_; }

    /// The first one not caught yet that `left` is; it is caught then. Null when there is none.
    [[nodiscard]] outstanding* catch_departure(bytes_view left);

    [[nodiscard]] answer_owner owner_of(const wire::dissection& received, bytes_view frame);
    void mark_answered(outstanding& one);

private:
    [[nodiscard]] outstanding& numbered(std::uint64_t number);
    void join_alike(outstanding& one);
    void forget_alike(std::list<alike_packets>::iterator group);

    using groups = std::list<alike_packets>;
    std::deque<outstanding> packets_;
    groups groups_;
    std::unordered_map<std::uint64_t, std::vector<groups::iterator>> by_key_;
    std::unordered_map<std::uint64_t, std::deque<std::uint64_t>> not_caught_;  // numbers, ascending
    std::uint64_t open_questions_ = 0;
    std::uint64_t searches_ = 0;
};

}  // namespace sonde::cli
