// Runs the built program as a user does.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/data/fixture.h"

namespace widenet::testing {

struct Outcome {
  int code = -1;
  std::string out, err;
};

// A folder with a few small tables, and the program run inside it.
class Cli : public ::testing::Test {
 protected:
  void SetUp() override {
#ifndef WIDENET_PROGRAM
    GTEST_SKIP() << "skipped: built without the program";
#endif
    std::string regression = "size,city,age,price\n", classes = "a,b,kind\n", shuffled = "age,price,size,city\n";
    for (int i = 0; i < 24; ++i) {
      const double size = 50 + 7 * (i % 11), age = (i * 5) % 17, price = 3 * size - 2 * age + (i % 3 == 0 ? 20 : 0);
      const std::string city = i % 3 == 0 ? "Bern" : "Basel";
      const auto text = [](double x) { return nlohmann::json(x).dump(); };
      regression += text(size) + "," + city + "," + text(age) + "," + text(price) + "\n";
      shuffled += text(age) + "," + text(price) + "," + text(size) + "," + city + "\n";
      classes += text(std::sin(i)) + "," + text(std::cos(1.3 * i)) + "," + (std::sin(i) > 0 ? "up" : "down") + "\n";
    }
    folder.write("houses.csv", regression);
    folder.write("shuffled.csv", shuffled);
    folder.write("classes.csv", classes);
  }

  // `words` is a line of shell behind the program's name.
  Outcome run(const std::string& words) const {
    Outcome outcome;
#ifdef WIDENET_PROGRAM
    const std::string line =
        "cd '" + folder.path("") + "' && '" + WIDENET_PROGRAM + "' " + words + " >stdout.txt 2>stderr.txt";
    const int status = std::system(line.c_str());
    outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    outcome.out = bytes_of(folder.path("stdout.txt"));
    outcome.err = bytes_of(folder.path("stderr.txt"));
#else
    (void)words;
#endif
    return outcome;
  }

  nlohmann::json json(const std::string& words) const {
    const Outcome outcome = run(words + " --json");
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    const auto object = nlohmann::json::parse(outcome.out, nullptr, false);
    EXPECT_TRUE(object.is_object()) << outcome.out;
    return object;
  }

  void expect_failure(const std::string& words, int code, const std::string& message) const {
    const Outcome outcome = run(words);
    EXPECT_EQ(outcome.code, code) << words << "\n" << outcome.err;
    EXPECT_PRED2(contains, outcome.err, message) << words;
    EXPECT_EQ(outcome.out, "") << words;
    // The last thing said; before it stands at most the memory that the work would take.
    const std::string rest =
        outcome.err.starts_with("memory: ") ? outcome.err.substr(outcome.err.find('\n') + 1) : outcome.err;
    EXPECT_TRUE(rest.starts_with("widenet: ")) << outcome.err;
  }

  bool exists(const std::string& name) const { return std::filesystem::exists(folder.path(name)); }
  std::vector<std::string> lines(const std::string& name) const {
    std::ifstream file(folder.path(name));
    std::vector<std::string> out;
    for (std::string line; std::getline(file, line);) out.push_back(line);
    return out;
  }

  Folder folder;
};

}  // namespace widenet::testing
