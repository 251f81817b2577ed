// Batches: many targets of one range, paced and bounded.
#include <algorithm>
#include <utility>

#include <sonde/async/core.hpp>

namespace sonde::async {

namespace asio = boost::asio;

using namespace std::chrono_literals;

void core::hand_out(const batch_pointer& batch, const ping_result& result) {
    const goes_on guard{*this, batch};
    batch->request.sink(result);
    pump(batch);
}

std::uint64_t core::reserve_batch() {
    const lock held(mutex_);
    const std::uint64_t id = next_batch_++;
    batches_.emplace(id, std::make_shared<batch_state>(time_->make_alarm(closed_ ? executor_ : strand_)));
    return id;
}

void core::start_batch(std::uint64_t id, batch_request request) {
    const lock held(mutex_);
    const batch_pointer batch = batches_.at(id);
    const auto burst = static_cast<std::uint32_t>(std::clamp(request.rate * 0.002, 1.0, 1e6));
    batch->pacer = probe::pacer(request.rate, burst);
    batch->request = std::move(request);
    batch->request.in_flight = std::max(batch->request.in_flight, 1U);
    batch->exhausted = batch->exhausted || closed_;
    asio::post(closed_ ? executor_ : strand_, [self = shared_from_this(), batch] { self->pump(batch); });
}

void core::cancel_batch(std::uint64_t id) {
    const lock held(mutex_);
    const auto found = batches_.find(id);
    if (closed_ || found == batches_.end()) return;
    const batch_pointer& batch = found->second;
    batch->exhausted = batch->cancelled = true;
    batch->timer->cancel();
    for (const std::uint64_t operation_id : batch->operations) {
        const operation& op = *operations_.find(operation_id);
        prober_.cancel(now(), operation_id, op.where, op.ticket);
    }
    wake_soon();
    asio::post(strand_, [self = shared_from_this(), batch] { self->pump(batch); });
}

// Starts what the batch may start now. The range is read without the lock: it is the caller's code, and may throw.
void core::pump(const batch_pointer& batch) {
    lock held(mutex_);
    if (batch->pumping || !batch->request.next) return;
    batch->pumping = true;
    while (!closed_ && !batch->exhausted && batch->operations.size() < batch->request.in_flight) {
        const time_point at = now();
        if (!batch->pacer.ready(at)) {
            batch->timer->set(std::max(batch->pacer.ready_at(), at + 1ms),
                              [self = shared_from_this(), batch] { self->pump(batch); });
            break;
        }
        batch->exhausted = true;  // unless the range gives one more
        batch->pumping = false;
        held.unlock();
        const goes_on guard{*this, batch};
        const auto target = batch->request.next();
        held.lock();
        batch->pumping = true;
        if (!target || closed_ || batch->cancelled) break;
        batch->exhausted = false;
        batch->pacer.take(at);
        const std::uint64_t id = operations_.add();
        operation& op = *operations_.find(id);
        op.target = *target;
        op.batch = batch;
        op.place = static_cast<std::uint32_t>(batch->operations.size());
        batch->operations.push_back(id);
        launch(id, op, batch->request.options);
        wake_soon();
    }
    batch->pumping = false;
    finish_if_over(std::move(held), batch);
}

void core::finish_if_over(lock held, const batch_pointer& batch) {
    if (!batch->exhausted || !batch->operations.empty() || batch->finished || batch->pumping) return;
    if (!batch->request.done) return;
    batch->finished = true;
    std::erase_if(batches_, [&](const auto& entry) { return entry.second == batch; });
    const auto done = std::move(batch->request.done);
    held.unlock();
    done();
}

}  // namespace sonde::async
