#include <initializer_list>
#include <string>
#include <vector>

#include <cli/command.hpp>
#include <gtest/gtest.h>

namespace {

using namespace sonde::cli;

struct spoken {
    int exit_code = -1;
    std::string out;
    std::string error;
};

spoken run(std::initializer_list<const char*> words) {
    std::vector<std::string> storage{"sonde"};
    storage.insert(storage.end(), words.begin(), words.end());
    std::vector<char*> argv;
    for (auto& word : storage) argv.push_back(word.data());
    argv.push_back(nullptr);
    spoken s;
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    s.exit_code = run_command_line(static_cast<int>(storage.size()), argv.data());
    s.out = testing::internal::GetCapturedStdout();
    s.error = testing::internal::GetCapturedStderr();
    return s;
}

TEST(Command, UnknownWordsGetOneLineAndASuggestion) {
    const auto s = run({"pnig", "127.0.0.1"});
    EXPECT_EQ(s.exit_code, exit_trouble);
    EXPECT_EQ(s.error, "sonde: unknown command 'pnig'; did you mean 'ping'?\n");
    EXPECT_EQ(s.out, "");
    EXPECT_EQ(run({"frobnicate"}).error, "sonde: unknown command 'frobnicate'; see 'sonde --help'\n");
    EXPECT_EQ(run({"--versoin"}).error, "sonde: unknown option '--versoin'; did you mean '--version'?\n");
    EXPECT_EQ(run({"help", "doctro"}).error, "sonde: unknown command 'doctro'; did you mean 'doctor'?\n");
    EXPECT_EQ(run({""}).exit_code, exit_trouble);
}

TEST(Command, HelpListsEverySubcommand) {
    const auto s = run({"--help"});
    EXPECT_EQ(s.exit_code, exit_yes);
    for (const auto& c : commands()) EXPECT_NE(s.out.find(c.help), std::string::npos) << c.name;
    EXPECT_EQ(run({"help"}).out, s.out);
    EXPECT_EQ(run({}).error, s.out);
    EXPECT_EQ(run({}).exit_code, exit_trouble);
}

TEST(Command, HelpOfASubcommandIsItsOwn) {
    for (const auto& c : commands()) {
        const std::string name(c.name);
        const auto s = run({"help", name.c_str()});
        EXPECT_EQ(s.exit_code, exit_yes);
        EXPECT_EQ(s.out.find("sonde " + name), 0U) << s.out;
        EXPECT_EQ(run({name.c_str(), "-h"}).out, s.out);
    }
}

TEST(Command, Version) {
    EXPECT_EQ(run({"-V"}).out, std::string(version_line()) + "\n");
    EXPECT_EQ(run({"doctor", "--version"}).out, run({"--version"}).out);
}

}  // namespace
