#include <sstream>

#include <cli/doctor_table.hpp>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <sonde/report/utf8.hpp>

namespace {

using namespace sonde::cli;
using sonde::socket::mechanism;
using sonde::socket::verdict;

std::vector<mechanism> sample(verdict datagram) {
    const std::vector<std::string> grant{"sudo sysctl -w net.ipv4.ping_group_range=\"0 2147483647\""};
    return {{.name = "icmp-datagram-v4",
             .title = "ICMP datagram IPv4",
             .found = datagram,
             .why = "net.ipv4.ping_group_range is '1 0' and gid 1000 is not in it, which is a long explanation",
             .cost = "none; the kernel picks the identifier",
             .grant = datagram == verdict::works ? std::vector<std::string>{} : grant,
             .needed_by = {"ping", "watch"}},
            {.name = "ping-group-range",
             .title = "ping_group_range",
             .found = datagram,
             .why = "because",
             .cost = "none",
             .grant = datagram == verdict::works ? std::vector<std::string>{} : grant,
             .needed_by = {"ping"}},
            {.name = "tun-tap",
             .title = "TUN/TAP",
             .found = verdict::works,
             .why = "made, and removed",
             .cost = "none",
             .needed_by = {"sweep"}}};
}

TEST(DoctorTable, FitsItsColumns) {
    for (const std::size_t columns : {60U, 80U, 111U, 112U, 120U, 200U}) {
        std::istringstream lines(doctor_table(sample(verdict::works), {.columns = columns}));
        for (std::string line; std::getline(lines, line);) {
            EXPECT_LE(sonde::report::display_width(line), columns) << line;
            EXPECT_FALSE(line.ends_with(' ')) << '[' << line << ']';
        }
    }
}

TEST(DoctorTable, SameCommandsAreShownOnceAndWhole) {
    const std::string text = doctor_table(sample(verdict::fails), {.columns = 40});
    const auto first = text.find("      sudo sysctl -w net.ipv4.ping_group_range=\"0 2147483647\"\n");
    ASSERT_NE(first, std::string::npos) << text;
    EXPECT_EQ(text.find("sudo sysctl", first + 10), std::string::npos);
    EXPECT_NE(text.find("ICMP datagram IPv4, ping_group_range"), std::string::npos);
}

TEST(DoctorTable, LastLineAnswers) {
    EXPECT_EQ(ping_prognosis(sample(verdict::works)),
              "sonde ping can work here: IPv4 through ICMP datagram sockets, IPv6 not.");
    const std::string text = doctor_table(sample(verdict::fails), {.columns = 100});
    EXPECT_TRUE(text.ends_with("sonde ping cannot work here: neither ICMP datagram nor raw sockets are usable.\n"))
        << text;
}

TEST(DoctorTable, ColourOnlyWhenAsked) {
    EXPECT_EQ(doctor_table(sample(verdict::fails), {}).find('\x1b'), std::string::npos);
    EXPECT_NE(doctor_table(sample(verdict::fails), {.colour = true}).find("\x1b[31m"), std::string::npos);
}

TEST(DoctorJson, OneObjectALine) {
    std::istringstream lines(doctor_json(sample(verdict::fails), sonde::wall_time{}));
    std::vector<nlohmann::json> events;
    for (std::string line; std::getline(lines, line);) events.push_back(nlohmann::json::parse(line));
    ASSERT_EQ(events.size(), 4U);
    EXPECT_EQ(events[0]["schema"], 1);
    EXPECT_EQ(events[0]["event"], "mechanism");
    EXPECT_EQ(events[0]["time"], "1970-01-01T00:00:00.000000000Z");
    EXPECT_EQ(events[0]["works"], false);
    EXPECT_EQ(events[0]["verdict"], "not");
    EXPECT_EQ(events[0]["grant"].size(), 1U);
    EXPECT_EQ(events[0]["needed_by"], nlohmann::json({"ping"}));
    EXPECT_EQ(events[0]["needed_later_by"], nlohmann::json({"watch"}));
    EXPECT_EQ(events[2]["needed_by"], nlohmann::json::array());
    EXPECT_EQ(events[3]["event"], "total");
    EXPECT_EQ(events[3]["ping"], false);
    EXPECT_TRUE(events[3]["ping_v4"].is_null());
}

TEST(DoctorJson, TotalNamesThePath) {
    const std::string text = doctor_json(sample(verdict::limited), sonde::wall_time{});
    EXPECT_NE(text.find("\"ping\":true,\"ping_v4\":\"icmp-datagram-v4\",\"ping_v6\":null"), std::string::npos) << text;
}

TEST(DoctorJson, BytesThatAreNoTextStillMakeJson) {
    auto found = sample(verdict::fails);
    found[0].why = "\xff\xfe";
    EXPECT_NO_THROW(static_cast<void>(doctor_json(found, sonde::wall_time{})));
}

}  // namespace
