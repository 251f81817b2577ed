#include <algorithm>
#include <utility>

#include <cli/send_outstanding.hpp>
#include <cli/send_watch.hpp>

namespace sonde::cli {

namespace {

bool same_question(const prepared_packet& a, const prepared_packet& b) {
    return &a == &b || (a.any_source == b.any_source && *a.asked == *b.asked);
}

}  // namespace

void outstanding_packets::add(outstanding one) {
    packets_.push_back(std::move(one));
    outstanding& added = packets_.back();
    if (added.packet->asked) join_alike(added);
    added.way_out = departure_key(*added.packet);
    not_caught_[added.way_out].push_back(added.number);
}

outstanding& outstanding_packets::numbered(std::uint64_t number) {
    return *std::ranges::lower_bound(packets_, number, {}, &outstanding::number);
}

void outstanding_packets::join_alike(outstanding& one) {
    const prepared_packet& packet = *one.packet;
    auto& with_key = by_key_[packet.asked->reply_key(packet.any_source)];
    // Only the last one is compared with: others that are equal are the same answer's too, one by one.
    if (with_key.empty() || !same_question(*with_key.back()->like, packet)) {
        const auto group = groups_.insert(groups_.end(), alike_packets{.like = one.packet, .unanswered = {}});
        with_key.push_back(group);
        by_key_[packet.asked->error_key()].push_back(group);
    }
    one.alike = with_key.back();
    one.alike->unanswered.push_back(one.number);
    one.alike->newest = one.number;
    ++one.alike->kept;
    ++open_questions_;
}

void outstanding_packets::forget_alike(groups::iterator group) {
    const prepared_packet& like = *group->like;
    for (const auto key : {like.asked->reply_key(like.any_source), like.asked->error_key()}) {
        const auto found = by_key_.find(key);
        if (found == by_key_.end()) continue;
        std::erase(found->second, group);
        if (found->second.empty()) by_key_.erase(found);
    }
    groups_.erase(group);
}

void outstanding_packets::drop_first() {
    const outstanding& first = packets_.front();
    if (first.packet->asked) {
        const auto group = first.alike;
        if (!first.answered) {
            group->unanswered.pop_front();
            --open_questions_;
        }
        if (--group->kept == 0) forget_alike(group);
    }
    if (const auto found = not_caught_.find(first.way_out); !first.caught && found != not_caught_.end()) {
        found->second.pop_front();
        if (found->second.empty()) not_caught_.erase(found);
    }
    packets_.pop_front();
}

outstanding* outstanding_packets::catch_departure(bytes_view left) {
    if (packets_.empty()) return nullptr;
    const prepared_packet& first = *packets_.front().packet;
    const auto found = not_caught_.find(departure_key(first.through, left));
    if (found == not_caught_.end()) return nullptr;
    auto& numbers = found->second;
    const auto number =
        std::ranges::find_if(numbers, [&](std::uint64_t n) { return is_departure_of(*numbered(n).packet, left); });
    if (number == numbers.end()) return nullptr;
    outstanding& one = numbered(*number);
    numbers.erase(number);
    if (numbers.empty()) not_caught_.erase(found);
    one.caught = true;
    return &one;
}

// Packets that look the same cannot be told apart by their answers: with one of them unanswered it is that one's, with
// several nobody knows. One packet may have answers from many.
answer_owner outstanding_packets::owner_of(const wire::dissection& received, bytes_view frame) {
    answer_owner out;
    std::size_t alike = 0;
    std::size_t unanswered = 0;
    std::uint64_t first = 0;   // unanswered
    std::uint64_t newest = 0;  // of those answered
    ++searches_;
    const auto keys = craft::keys_of(received, frame);
    for (const auto key : keys.all()) {
        const auto found = by_key_.find(key);
        if (found == by_key_.end()) continue;
        for (const auto& group : found->second) {
            if (std::exchange(group->looked_at, searches_) == searches_) continue;
            const auto kind = group->like->asked->answered_by(received, frame, group->like->any_source);
            if (kind == craft::answer_kind::none) continue;
            out.kind = kind;
            alike += group->kept;
            unanswered += group->unanswered.size();
            newest = std::max(newest, group->newest);
            if (group->unanswered.empty()) continue;
            first = first == 0 ? group->unanswered.front() : std::min(first, group->unanswered.front());
        }
    }
    if (alike == 0) return out;
    out.packet = &numbered(first != 0 ? first : newest);
    out.certain = alike == 1 || unanswered == 1;
    return out;
}

void outstanding_packets::mark_answered(outstanding& one) {
    if (std::exchange(one.answered, true)) return;
    auto& numbers = one.alike->unanswered;
    numbers.erase(std::ranges::lower_bound(numbers, one.number));
    --open_questions_;
}

}  // namespace sonde::cli
