// The probes of a tracer that are out: by place, by deadline, by flow, by trace; and what each lane remembers of those
// that are over.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <unordered_map>
#include <vector>

#include <sonde/base/ip_address.hpp>
#include <sonde/base/time.hpp>
#include <sonde/probe/indexed_heap.hpp>
#include <sonde/probe/path_strategy.hpp>
#include <sonde/probe/tracer.hpp>

namespace sonde::probe {

/// What an error that quotes ports alone can be about.
struct flow_key {
    std::uint32_t lane = 0;
    ip_address destination = {};  ///< without its scope, which packets do not carry
    std::uint16_t port = 0;
    friend bool operator==(const flow_key&, const flow_key&) = default;

    struct hash {
        std::size_t operator()(const flow_key& k) const noexcept {
            return std::hash<ip_address>{}(k.destination) ^ (std::size_t{k.lane} << 20) ^ (std::size_t{k.port} << 3);
        }
    };
};

/// A probe that is out.
struct probe_flight {
    static constexpr std::uint32_t nowhere = 0xffff'ffff;

    std::uint64_t serial = 0;  ///< on its lane; the low 16 bits are its number on the wire
    std::uint32_t trace = 0;   ///< index in the tracer
    probe_ticket ticket{};
    probe_wish wish = {};  ///< `size` is what was sent
    flow_key flow = {};
    bool asked_again = false;  ///< a quote told too little the first time
    bool held = false;         ///< the strategy does not count it as out any more
    std::uint8_t stamps = 0;   ///< how many timestamps of the kernel's are in `sent_at`
    time_point sent_at{};
    time_point deadline{};

    // The table's.
    std::uint32_t generation = 0;
    std::uint32_t heap_position = nowhere;
    std::uint32_t next_in_flow = nowhere;
    std::uint32_t previous_in_flow = nowhere;
    bool used = false;
};

/// Not thread-safe; no I/O, no clock. O(log n) per probe. Grows to its high-water mark.
class probe_table {
public:
    static constexpr std::uint32_t nowhere = probe_flight::nowhere;

    /// Returns its index.
    std::uint32_t add(const probe_flight& f);
    void remove(std::uint32_t index);

    [[nodiscard]] probe_flight& operator[](std::uint32_t index) noexcept { return flights_[index]; }
    [[nodiscard]] const probe_flight& operator[](std::uint32_t index) const noexcept { return flights_[index]; }
    /// `nowhere` when that probe is over.
    [[nodiscard]] std::uint32_t find(probe_place where) const noexcept;
    [[nodiscard]] probe_place place(std::uint32_t index) const noexcept { return {index, flights_[index].generation}; }
    void set_deadline(std::uint32_t index, time_point deadline);
    /// The flight with the earliest deadline, or `nowhere`.
    [[nodiscard]] std::uint32_t earliest() const noexcept { return deadlines_.empty() ? nowhere : deadlines_.top(); }
    [[nodiscard]] std::size_t size() const noexcept { return deadlines_.size(); }

    /// The first flight of a flow, the others by `next_in_flow`; or `nowhere`.
    [[nodiscard]] std::uint32_t first_of(const flow_key& flow) const;

private:
    struct by_deadline {
        static time_point key(const std::vector<probe_flight>& f, std::uint32_t i) noexcept { return f[i].deadline; }
        static std::uint32_t& position(std::vector<probe_flight>& f, std::uint32_t i) noexcept {
            return f[i].heap_position;
        }
    };

    std::vector<probe_flight> flights_;
    std::vector<std::uint32_t> holes_;
    indexed_heap<std::vector<probe_flight>, by_deadline> deadlines_;
    std::unordered_map<flow_key, std::uint32_t, flow_key::hash> flows_;
};

/// The numbers of one lane, handed out in turn: who has each, or had it last.
class probe_numbers {
public:
    /// 65,534 of them: as many as there are sums of 16 bits that can be told apart.
    static constexpr std::uint32_t capacity = 65534;

    struct holder {
        std::uint64_t serial = 0;
        std::uint32_t flight = probe_flight::nowhere;  ///< `nowhere`: it is over
        bool answered = false;
        ip_address destination = {};
        std::uint64_t trace = 0;  ///< id
    };

    [[nodiscard]] static std::uint16_t number(std::uint64_t serial) noexcept {
        return static_cast<std::uint16_t>(serial);
    }

    /// The next serial whose number is free; nothing when all are out.
    [[nodiscard]] std::optional<std::uint64_t> next();
    void start(std::uint64_t serial, std::uint32_t flight, const ip_address& destination, std::uint64_t trace);
    void finish(std::uint64_t serial, bool answered);
    /// Nullptr where none ever was.
    [[nodiscard]] const holder* find(std::uint16_t number) const noexcept;

private:
    std::vector<holder> holders_;
    std::uint64_t next_ = 1;
    std::uint32_t out_ = 0;
};

}  // namespace sonde::probe
