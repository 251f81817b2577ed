// usage_of FILE COMMAND...: runs the command and writes what it used into FILE as one JSON object.
//
// A program of its own and a small one, because a process inherits the peak memory of the one that forked it, through
// exec: started by Python, nothing would ever show less than Python's own megabytes.
#include <chrono>
#include <cstdio>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

double seconds(const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) {
        std::fputs("usage: usage_of FILE COMMAND...\n", stderr);
        return 2;
    }
    const auto begin = std::chrono::steady_clock::now();
    const pid_t child = fork();
    if (child == 0) {
        execvp(argv[2], argv + 2);
        std::perror(argv[2]);
        _exit(127);
    }
    int status = 0;
    rusage used{};
    if (child < 0 || wait4(child, &status, 0, &used) != child) {
        std::perror("usage_of");
        return 2;
    }
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begin;
    const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    std::FILE* out = std::fopen(argv[1], "w");
    if (out == nullptr) {
        std::perror(argv[1]);
        return 2;
    }
    std::fprintf(out, "{\"code\": %d, \"wall\": %.6f, \"user\": %.6f, \"sys\": %.6f, \"peak_kb\": %ld}\n", code,
                 wall.count(), seconds(used.ru_utime), seconds(used.ru_stime), used.ru_maxrss);
    return std::fclose(out) == 0 ? 0 : 2;
}
