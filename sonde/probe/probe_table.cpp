#include <sonde/probe/probe_table.hpp>

namespace sonde::probe {

std::uint32_t probe_table::add(const probe_flight& f) {
    std::uint32_t index = 0;
    if (holes_.empty()) {
        index = static_cast<std::uint32_t>(flights_.size());
        flights_.emplace_back();
    } else {
        index = holes_.back();
        holes_.pop_back();
    }
    const std::uint32_t generation = flights_[index].generation;
    flights_[index] = f;
    probe_flight& flight = flights_[index];
    flight.generation = generation;
    flight.used = true;
    flight.previous_in_flow = nowhere;
    flight.next_in_flow = nowhere;
    const auto [place, fresh] = flows_.try_emplace(f.flow, index);
    if (!fresh) {
        flight.next_in_flow = place->second;
        flights_[place->second].previous_in_flow = index;
        place->second = index;
    }
    deadlines_.push(flights_, index);
    return index;
}

void probe_table::remove(std::uint32_t index) {
    probe_flight& flight = flights_[index];
    deadlines_.remove(flights_, index);
    if (flight.next_in_flow != nowhere) flights_[flight.next_in_flow].previous_in_flow = flight.previous_in_flow;
    if (flight.previous_in_flow != nowhere) {
        flights_[flight.previous_in_flow].next_in_flow = flight.next_in_flow;
    } else if (flight.next_in_flow != nowhere) {
        flows_[flight.flow] = flight.next_in_flow;
    } else {
        flows_.erase(flight.flow);
    }
    flight.used = false;
    ++flight.generation;
    holes_.push_back(index);
}

std::uint32_t probe_table::find(probe_place where) const noexcept {
    if (where.index >= flights_.size()) return nowhere;
    const probe_flight& flight = flights_[where.index];
    return flight.used && flight.generation == where.generation ? where.index : nowhere;
}

void probe_table::set_deadline(std::uint32_t index, time_point deadline) {
    flights_[index].deadline = deadline;
    deadlines_.update(flights_, index);
}

std::uint32_t probe_table::first_of(const flow_key& flow) const {
    const auto found = flows_.find(flow);
    return found == flows_.end() ? nowhere : found->second;
}

std::optional<std::uint64_t> probe_numbers::next() {
    if (out_ == capacity) return std::nullopt;
    for (;;) {
        if (number(next_) >= capacity) next_ = ((next_ >> 16) + 1) << 16;
        const holder* h = find(number(next_));
        if (h == nullptr || h->flight == probe_flight::nowhere) return next_;
        ++next_;
    }
}

void probe_numbers::start(std::uint64_t serial, std::uint32_t flight, const ip_address& destination,
                          std::uint64_t trace) {
    if (number(serial) >= holders_.size()) holders_.resize(std::size_t{number(serial)} + 1);
    holders_[number(serial)] = {serial, flight, false, destination, trace};
    next_ = serial + 1;
    ++out_;
}

void probe_numbers::finish(std::uint64_t serial, bool answered) {
    holder& h = holders_[number(serial)];
    if (h.serial != serial || h.flight == probe_flight::nowhere) return;
    h.flight = probe_flight::nowhere;
    h.answered = answered;
    --out_;
}

const probe_numbers::holder* probe_numbers::find(std::uint16_t number) const noexcept {
    if (number >= holders_.size() || holders_[number].serial == 0) return nullptr;
    return &holders_[number];
}

}  // namespace sonde::probe
