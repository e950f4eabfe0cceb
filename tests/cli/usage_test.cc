// Words that are wrong: exit code 2 and one message that says what to do; nothing on stdout.
#include "tests/cli/run.h"

namespace widenet::testing {
namespace {

class CliUsage : public Cli {};

TEST_F(CliUsage, AsksForACommand) { expect_failure("", 2, "no command is given"); }

TEST_F(CliUsage, SuggestsTheNearestCommandAndOption) {
  expect_failure("fitt houses.csv", 2, "there is no command 'fitt' (did you mean 'fit'?)");
  expect_failure("fit houses.csv --target price --out m --kernle linear", 2, "(did you mean '--kernel'?)");
}

TEST_F(CliUsage, NamesWhatIsMissing) {
  expect_failure("fit houses.csv --target price", 2, "--out is required; see widenet fit --help");
  expect_failure("fit houses.csv --out m", 2, "--target is required");
  expect_failure("predict", 2, "is required; see widenet predict --help");
  expect_failure("kernel linear", 2, "X is required");
}

TEST_F(CliUsage, ChecksWords) {
  const std::string fit = "fit houses.csv --target price --out m ";
  expect_failure(fit + "--task regresion", 2,
                 "--task: 'regresion' is none of regression, classification (did you mean");
  expect_failure(fit + "--solver qr", 2, "--solver: 'qr' is none of cholesky, svm");
  expect_failure(fit + "--scale std", 2,
                 "unknown scaling 'std' (there are standard, channels, normalise, zca:R and none)");
  expect_failure(fit + "--ridge small", 2, "--ridge 'small' is no ridge");
  expect_failure(fit + "--ridge -1", 2, "--ridge '-1' is no ridge");
  expect_failure(fit + "--threads 0", 2, "--threads: '0' is no whole number from 1 to 4096");
  expect_failure(fit + "--seed -3", 2, "--seed: '-3' is no whole number");
  expect_failure(fit + "--memory lots", 2, "--memory: 'lots' is no size");
  expect_failure(fit + "--memory 0", 2, "--memory: '0' is no size");
  expect_failure(fit + "--folds 1", 2, "--folds: '1' is no whole number from 2");
  expect_failure(fit + "--folds 99", 2, "--folds 99 of 24 rows");
  expect_failure(fit + "--split 1.5", 2, "a test share of 1.5 of 24 rows");
  expect_failure(fit + "--split 0", 2, "a test share of 0 of 24 rows");
  expect_failure("completion fish", 2, "'fish' is none of bash, zsh");
}

TEST_F(CliUsage, RefusesWhatExcludesEachOther) {
  const std::string fit = "fit houses.csv --target price --out m ";
  expect_failure(fit + "--folds 3 --split 0.2", 2, "--folds excludes --split");
  expect_failure(fit + "--test houses.csv --split 0.2", 2, "excludes");
  expect_failure(fit + "--test-target houses.csv", 2, "--test-target requires --test");
  expect_failure("kernel linear houses.csv houses.csv --diagonal --out k.npy", 2, "excludes --diagonal");
  expect_failure("predict m houses.csv --latent --out p.csv", 2, "--latent requires --std");
}

TEST_F(CliUsage, PointsIntoAWrongExpression) {
  expect_failure("kernel 'ntk[dense rleu dense]' houses.csv --out k.npy", 2,
                 "there is no layer rleu\n  ntk[dense rleu dense]\n            ^~~~\ndid you mean relu?");
}

TEST_F(CliUsage, HelpFitsTheTerminalAndShowsAnExample) {
  for (const char* command :
       {"", "fit", "predict", "evaluate", "kernel", "gram", "gram merge", "info", "lab", "completion"}) {
    const Outcome outcome = run(std::string(command) + " --help");
    EXPECT_EQ(outcome.code, 0);
    EXPECT_EQ(outcome.err, "");
    EXPECT_PRED2(contains, outcome.out, "Example:\n");
    std::istringstream text(outcome.out);
    for (std::string line; std::getline(text, line);) EXPECT_LE(line.size(), 80U) << command << ": " << line;
  }
}

TEST_F(CliUsage, VersionTellsTheBuild) {
  const Outcome outcome = run("--version");
  EXPECT_EQ(outcome.code, 0);
  for (const char* fact : {"widenet ", "compiler", "BLAS", "OpenBLAS", "instruction set", "threads"})
    EXPECT_PRED2(contains, outcome.out, std::string(fact));
}

TEST_F(CliUsage, CompletesCommandsWordsAndFiles) {
  ASSERT_EQ(run("completion zsh").code, 0);
  EXPECT_PRED2(contains, run("completion zsh").out, "#compdef widenet");
  folder.write("complete.sh",
               "source script.bash\n"
               "try() { COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); _widenet; echo \"${COMPREPLY[*]}\"; }\n"
               "try widenet ev\ntry widenet fit --fo\ntry widenet fit --solver ''\ntry widenet fit hou\n"
               "try widenet fit --ridge ''\ntry widenet completion z\ntry widenet lab r\ntry widenet gram ''\n"
               "try widenet gram merge hou\n");
  const Outcome script = run("completion bash");
  folder.write("script.bash", script.out);
  const std::string line = "cd '" + folder.path("") + "' && bash complete.sh >answers.txt 2>&1";
  ASSERT_EQ(std::system(line.c_str()), 0);
  EXPECT_EQ(lines("answers.txt"), (std::vector<std::string>{"evaluate", "--folds", "cholesky svm", "houses.csv", "",
                                                            "zsh", "run", "merge", "houses.csv"}));
}

}  // namespace
}  // namespace widenet::testing
