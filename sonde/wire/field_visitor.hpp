// What tells the fields of a layer to a sink, and the tails of headers that no table describes. Inside of this room
// only.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include <sonde/wire/dissect.hpp>

namespace sonde::wire {

/// Borrows the layer's bytes and the sink.
class field_visitor {
public:
    field_visitor(bytes_view bytes, field_sink& sink) noexcept : bytes_(bytes), sink_(&sink) {}

    [[nodiscard]] bytes_view bytes() const noexcept { return bytes_; }

    /// A field of a table whose first bit is that of byte `base`. Nothing when the bytes end before it does.
    void show(const header_field& field, std::size_t base = 0);
    /// A field of whole bytes.
    void show(std::string_view name, std::string_view title, std::size_t first, std::size_t size, field_kind kind,
              std::span<const value_name> names = {});
    /// The same, of a list's element.
    void show_listed(std::string_view name, std::string_view title, std::size_t first, std::size_t size,
                     field_kind kind, std::span<const value_name> names = {});
    void begin(std::string_view list, std::string_view name, std::string_view title) {
        sink_->begin_group(list, name, title);
    }
    void end() { sink_->end_group(); }
    void problem(parse_error error) { sink_->problem(error); }

private:
    [[nodiscard]] shown_field whole(std::string_view name, std::string_view title, std::size_t first, std::size_t size,
                                    field_kind kind) const;
    void tell(shown_field& shown, std::span<const value_name> names);

    bytes_view bytes_;
    field_sink* sink_;
};

/// What stands behind the fixed header and is neither options nor payload, from byte `first` on.
void show_tail(field_visitor& v, protocol id, const header_variant* variant, std::size_t first);

}  // namespace sonde::wire
