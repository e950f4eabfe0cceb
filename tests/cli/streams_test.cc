// What goes to stdout, what to stderr, and what only a terminal sees.
#include <poll.h>
#include <pty.h>
#include <unistd.h>

#include <csignal>

#include "tests/cli/run.h"

namespace widenet::testing {
namespace {

class CliStreams : public Cli {
 protected:
  const std::string fit = "fit houses.csv --target price --out m.model";

  // What the program writes when stdout and stderr are a terminal.
  std::string on_terminal(const std::string& words) const {
    std::string seen;
#ifdef WIDENET_PROGRAM
    const std::string line = "cd '" + folder.path("") + "' && exec '" + WIDENET_PROGRAM + "' " + words;
    int terminal = -1;
    const pid_t child = forkpty(&terminal, nullptr, nullptr, nullptr);
    if (child == -1) return "no terminal";
    if (child == 0) {
      execl("/bin/sh", "sh", "-c", line.c_str(), nullptr);
      _exit(127);
    }
    char bytes[4096];
    for (ssize_t count = 0; (count = read(terminal, bytes, sizeof bytes)) > 0;)
      seen.append(bytes, static_cast<std::size_t>(count));
    int status = 0;
    waitpid(child, &status, 0);
    close(terminal);
    EXPECT_EQ(status, 0) << seen;
#else
    (void)words;
#endif
    return seen;
  }
};

constexpr auto clear_line = "\r\033[K";

TEST_F(CliStreams, NoProgressAwayFromATerminal) {
  const Outcome outcome = run(fit);
  EXPECT_EQ(outcome.code, 0);
  EXPECT_PRED2(contains, outcome.err, "memory: ");
  EXPECT_FALSE(contains(outcome.err, "\r"));
  EXPECT_FALSE(contains(outcome.out, "\r"));
}

TEST_F(CliStreams, ProgressOnATerminalIsTakenAway) {
  const std::string seen = on_terminal(fit);
  if (seen == "no terminal") GTEST_SKIP() << "skipped: this system gives no terminal";
  EXPECT_PRED2(contains, seen, std::string(clear_line) + "choosing");
  const std::size_t last = seen.rfind(clear_line);
  ASSERT_NE(last, std::string::npos);
  EXPECT_PRED2(contains, seen.substr(last), "kernels by leave-one-out");
  EXPECT_FALSE(contains(on_terminal(fit + " --quiet"), clear_line));
}

TEST_F(CliStreams, QuietSilencesNoticesOnly) {
  const Outcome loud = run(fit), quiet = run(fit + " --quiet");
  EXPECT_EQ(quiet.err, "");
  const auto stable = [](const std::string& out) { return out.substr(0, out.find("\ntime ")); };
  EXPECT_EQ(stable(loud.out), stable(quiet.out));
  expect_failure("fit nothing.csv --target price --out m.model --quiet", 1, "cannot open");
}

TEST_F(CliStreams, JsonIsAllThatStdoutHolds) {
  for (const std::string& words :
       {fit, std::string("evaluate m.model houses.csv"), std::string("info m.model"), std::string("info houses.csv"),
        std::string("info linear"), std::string("predict m.model houses.csv --out p.csv")}) {
    const Outcome outcome = run(words + " --json");
    EXPECT_EQ(outcome.out.front(), '{') << words;
    EXPECT_TRUE(nlohmann::json::accept(outcome.out)) << words;
  }
}

TEST_F(CliStreams, AFullStdoutIsAFailure) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "skipped: no device that is full";
#ifdef WIDENET_PROGRAM
  const std::string line = std::string("'") + WIDENET_PROGRAM + "' info linear >/dev/full 2>'" + folder.path("e") + "'";
  const int status = std::system(line.c_str());
  EXPECT_EQ(WEXITSTATUS(status), 1);
  EXPECT_PRED2(contains, bytes_of(folder.path("e")), "cannot write to standard output");
#endif
}

TEST_F(CliStreams, AnInterruptedFitLeavesNoModel) {
#ifdef WIDENET_PROGRAM
  folder.write("m.model", "what was there");
  const std::string table = folder.path("houses.csv"), model = folder.path("m.model");
  const pid_t child = fork();
  if (child == 0) {
    execl(WIDENET_PROGRAM, "widenet", "fit", table.c_str(), "--target", "price", "--out", model.c_str(), "--quiet",
          nullptr);
    _exit(127);
  }
  kill(child, SIGINT);
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) {
    EXPECT_EQ(bytes_of(model), "what was there");
  }
#endif
}

}  // namespace
}  // namespace widenet::testing
