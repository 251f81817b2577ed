#include <gtest/gtest.h>

#include <sonde/sim/sim_rig_test.hpp>
#include <sonde/sim/tcp_answers.hpp>

namespace sonde::sim {
namespace {

using namespace rig;
using namespace std::chrono_literals;
namespace flag = wire::tcp_flag;

constexpr std::uint32_t isn = 0xffff'fffeU;  // what follows wraps

std::optional<wire::tcp_message> answer(const wire::tcp_message& m, port_state port) {
    bytes segment(m.size());
    m.emit(segment, wire::checksum_fill::leave);
    return tcp_answer(wire::tcp_view::parse(segment, wire::checksum_check::trust).value(), port, isn);
}

TEST(tcp_answers, a_reset_after_section_3_5_2) {
    const bytes data(10);
    const auto no_ack =
        answer({.sequence_number = 100, .flags = flag::syn | flag::fin, .payload = data}, port_state::closed);
    ASSERT_TRUE(no_ack);
    EXPECT_EQ(no_ack->flags, flag::rst | flag::ack);
    EXPECT_EQ(no_ack->sequence_number, 0U);
    EXPECT_EQ(no_ack->acknowledgment_number, 112U);
    const auto with_ack = answer({.acknowledgment_number = 77, .flags = flag::ack}, port_state::closed);
    ASSERT_TRUE(with_ack);
    EXPECT_EQ(with_ack->flags, flag::rst);
    EXPECT_EQ(with_ack->sequence_number, 77U);
    for (const port_state p : {port_state::closed, port_state::open, port_state::echo, port_state::filtered}) {
        EXPECT_FALSE(answer({.flags = flag::rst}, p));
        EXPECT_FALSE(answer({.flags = flag::rst | flag::ack}, p));
    }
    EXPECT_FALSE(answer({.flags = flag::syn}, port_state::filtered));
}

TEST(tcp_answers, an_open_port) {
    const auto syn_ack = answer({.sequence_number = 0xffff'ffffU, .flags = flag::syn}, port_state::open);
    ASSERT_TRUE(syn_ack);
    EXPECT_EQ(syn_ack->flags, flag::syn | flag::ack);
    EXPECT_EQ(syn_ack->sequence_number, isn);
    EXPECT_EQ(syn_ack->acknowledgment_number, 0U);
    EXPECT_EQ(syn_ack->options.size(), 4U);
    EXPECT_EQ(answer({.flags = flag::syn | flag::ack}, port_state::open)->flags, flag::rst) << "nobody asked";
    EXPECT_FALSE(answer({.flags = flag::psh}, port_state::open)) << "without ACK";
    EXPECT_FALSE(answer({.acknowledgment_number = isn + 1, .flags = flag::ack}, port_state::open));
    EXPECT_FALSE(answer({.acknowledgment_number = isn + 2, .flags = flag::ack}, port_state::open));
    const auto fin = answer({.sequence_number = 5, .acknowledgment_number = isn + 1, .flags = flag::ack | flag::fin},
                            port_state::open);
    EXPECT_EQ(fin->flags, flag::ack | flag::fin);
    EXPECT_EQ(fin->acknowledgment_number, 6U);
    EXPECT_EQ(fin->sequence_number, isn + 1);
}

TEST(tcp_answers, every_connection_has_a_number_of_its_own) {
    const bytes a = tcp({.from = ip("10.0.0.1"), .to = ip("10.0.0.2")}, {.source_port = 1, .destination_port = 80});
    const auto view = wire::tcp_view::parse(bytes_view{a}.subspan(20), wire::checksum_check::trust).value();
    const wire::pseudo_header ends{ip("10.0.0.1"), ip("10.0.0.2")};
    const auto number = initial_sequence(1, ends, view);
    EXPECT_EQ(initial_sequence(1, ends, view), number);
    EXPECT_NE(initial_sequence(2, ends, view), number);
    EXPECT_NE(initial_sequence(1, {ends.destination, ends.source}, view), number);
}

}  // namespace
}  // namespace sonde::sim
