// widenet kernel and its stored tiles: killed, taken up, shared out, damaged, refused.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <thread>

#include "tests/cli/run.h"
#include "tests/support/hard_rows.h"
#include "widenet/data/npy.h"
#include "widenet/data/read.h"
#include "widenet/gram/tile_store.h"
#include "widenet/infinite/kernel_gram.h"

namespace widenet::testing {
namespace {

using testing_support::Sizes;

struct Inputs {
  std::vector<std::string> samples;
  bool float32 = false;
  std::string words() const { return fmt::format("{}{}", fmt::join(samples, " "), float32 ? " --float32" : ""); }
};

class CliStored : public Cli {
 protected:
  Matrix<double> images(const std::string& name, std::size_t count, std::size_t side, double shift) const {
    Matrix<double> x(count, side * side * 3);
    for (std::size_t k = 0; k < x.size(); ++k) x.data()[k] = std::sin(static_cast<double>(k * k % 7919) + shift);
    folder.write(name, npy_bytes({count, side, side, 3}, x));
    return x;
  }
  std::string bytes(const std::string& name) const { return bytes_of(folder.path(name)); }
  std::string command(const std::string& rest) const { return "kernel '" + expression + "' " + rest; }

  // An empty file asks for tiles however quick the work is.
  void ask_for_tiles(const std::string& out) const { folder.write(out + ".tiles", ""); }

  // The file of the library's matrix, which knows no stored tiles.
  template <class T>
  std::string file_of(const std::vector<std::string>& samples) const {
    const Array x = read_array(folder.path(samples.front())), z = read_array(folder.path(samples.back()));
    const Matrix<T> rows = copy<T>(x.values.view()), cols = copy<T>(z.values.view());
    const Kernel kernel = parse_kernel(expression);
    const Shape shape = shape_of(x.sample_shape);
    const auto gram = samples.size() == 1 ? kernel_gram<T>(kernel, shape, rows.view())
                                          : kernel_gram<T>(kernel, shape, rows.view(), cols.view());
    write_npy(folder.path("expected.npy"), materialize(*gram).view());
    return bytes("expected.npy");
  }
  std::string expected(const Inputs& inputs) const {
    return inputs.float32 ? file_of<float>(inputs.samples) : file_of<double>(inputs.samples);
  }

  std::size_t finished(const std::string& name) const {
    try {
      const TileStore store = TileStore::open(folder.path(name));
      std::size_t count = 0;
      for (std::size_t tile = 0; tile < store.tiles().size(); ++tile)
        if (store.has(tile)) ++count;
      return count;
    } catch (const Error&) {
      return 0;  // not made yet
    }
  }

  // Starts the program and kills it once so many tiles are there; whether it was still running.
  bool kill_at(const std::string& words, const std::string& tiles, std::size_t count) const {
#ifdef WIDENET_PROGRAM
    const std::string line =
        "cd '" + folder.path("") + "' && exec '" + WIDENET_PROGRAM + "' " + words + " >stdout.txt 2>stderr.txt";
    const pid_t child = fork();
    if (child == 0) {
      execl("/bin/sh", "sh", "-c", line.c_str(), static_cast<char*>(nullptr));
      _exit(127);
    }
    int status = 0;
    while (waitpid(child, &status, WNOHANG) == 0) {
      if (finished(tiles) >= count) kill(child, SIGKILL);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return WIFSIGNALED(status);
#else
    (void)words, (void)tiles, (void)count;
    return false;
#endif
  }

  const std::string expression = "ntk[cntk(6)]";
};

TEST_F(CliStored, KilledAtTenRandomMomentsEndsInTheSameBits) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "skipped: minutes under a sanitizer, and the same code runs in StoredGram";
#endif
  images("x.npy", 180, 12, 0);
  const std::string whole = expected({{"x.npy"}});
  ask_for_tiles("k.npy");
  testing_support::Random random(5);
  std::vector<std::size_t> moments(10);
  constexpr std::size_t tiles = 1200;  // of at least 1280
  for (std::size_t& moment : moments) moment = 1 + testing_support::below(random, tiles);
  std::ranges::sort(moments);
  std::size_t kills = 0;
  for (const std::size_t moment : moments) {
    const std::size_t before = finished("k.npy.tiles");
    const char* threads[] = {"1", "2", "7"};
    if (!kill_at(command("x.npy --out k.npy --threads ") + threads[kills % 3], "k.npy.tiles",
                 std::max(moment, before + 1)))
      break;
    ++kills;
    EXPECT_GE(finished("k.npy.tiles"), moment);
    EXPECT_FALSE(exists("k.npy"));
  }
  EXPECT_GE(kills, 9u);  // the last moment may come too late on a slow machine
  if (exists("k.npy.tiles")) {
    const std::size_t there = finished("k.npy.tiles");
    const auto object = json(command("x.npy --out k.npy"));
    EXPECT_EQ(object.at("tiles").at("taken_up"), there);
    EXPECT_EQ(object.at("tiles").at("damaged"), 0);
    EXPECT_GE(object.at("tiles").at("all"), 1280);
    EXPECT_PRED2(contains, bytes("stderr.txt"), fmt::format("tiles: took up {} of ", there));
  }
  EXPECT_TRUE(bytes("k.npy") == whole);
  EXPECT_FALSE(exists("k.npy.tiles"));
}

TEST_F(CliStored, ShardsMergeToTheSameBytes) {
  images("x.npy", 23, 5, 0);
  images("z.npy", 14, 5, 1);
  for (const Inputs& inputs :
       {Inputs{{"x.npy"}}, {{"x.npy"}, true}, {{"x.npy", "z.npy"}}, {{"x.npy", "z.npy"}, true}}) {
    const std::string whole = expected(inputs);
    for (const std::size_t k : Sizes{1, 2, 3, 7}) {
      std::string parts;
      for (std::size_t i = 1; i <= k; ++i) {
        const std::string name = fmt::format("part-{}-{}", i, k);
        const auto object =
            json(command(fmt::format("{} --shard {}/{} --threads {} --out {}", inputs.words(), i, k, 1 + i % 2, name)));
        EXPECT_EQ(object.at("shard"), fmt::format("{}/{}", i, k));
        parts = name + " " + parts;
      }
      const auto object = json("gram merge " + parts + "--out merged.npy");
      EXPECT_EQ(object.at("parts"), k);
      EXPECT_EQ(object.at("facts").at("kernel"), to_text(parse_kernel(expression)));
      EXPECT_TRUE(bytes("merged.npy") == whole) << inputs.words() << " " << k;
      for (std::size_t i = 1; i <= k; ++i) std::filesystem::remove(folder.path(fmt::format("part-{}-{}", i, k)));
    }
  }
}

TEST_F(CliStored, AFinishedPartIsTakenUpAndADamagedOneMended) {
  images("x.npy", 23, 5, 0);
  ASSERT_EQ(run(command("x.npy --shard 2/3 --out part")).code, 0);
  const std::string whole = bytes("part");
  auto object = json(command("x.npy --shard 2/3 --out part"));
  EXPECT_EQ(object.at("tiles").at("all"), object.at("tiles").at("taken_up"));
  EXPECT_TRUE(bytes("part") == whole);
  std::string altered = whole;
  altered.back() ^= 1;
  folder.write("part", altered);
  object = json(command("x.npy --shard 2/3 --out part"));
  EXPECT_EQ(object.at("tiles").at("damaged"), 1);
  EXPECT_PRED2(contains, bytes("stderr.txt"), " from part; 1 damaged, torn or");
  EXPECT_TRUE(bytes("part") == whole);
  const Outcome outcome = run(command("x.npy --shard 2/3 --out part"));
  EXPECT_PRED2(contains, outcome.out, "2/3 of the matrix, ");
}

TEST_F(CliStored, SmallestMatricesToo) {
  for (const std::size_t n : {1u, 2u, 7u}) {
    images("x.npy", n, 3, 0);
    images("z.npy", 1, 3, 1);
    for (const Inputs& inputs : {Inputs{{"x.npy"}}, {{"x.npy", "z.npy"}}, {{"z.npy", "x.npy"}, true}}) {
      const std::string whole = expected(inputs);
      ask_for_tiles("k.npy");
      ASSERT_EQ(run(command(inputs.words() + " --out k.npy")).code, 0);
      EXPECT_TRUE(bytes("k.npy") == whole);
      EXPECT_FALSE(exists("k.npy.tiles"));
    }
  }
}

TEST_F(CliStored, RefusesTilesOfOtherWork) {
  images("x.npy", 9, 4, 0);
  images("y.npy", 9, 4, 0.5);
  images("z.npy", 4, 4, 1);
  // A part is as good as what a killed run leaves.
  ASSERT_EQ(run(command("x.npy --shard 1/1 --out k.npy.tiles")).code, 0);
  const std::string tiles = bytes("k.npy.tiles");
  const std::string remedy = ") delete it, or choose another --out\n";
  const auto expect = [&](const std::string& words, const std::string& message) {
    expect_failure(words, 1, "'k.npy.tiles' holds tiles of other work (" + message);
    expect_failure(words, 1, remedy);
    EXPECT_TRUE(bytes("k.npy.tiles") == tiles);
    EXPECT_FALSE(exists("k.npy"));
  };
  expect(command("y.npy --out k.npy"), "X: 9 samples of 4x4x3, hash ");
  expect(command("x.npy z.npy --out k.npy"), "Z: none there, 4 samples of 4x4x3, hash ");
  expect(command("z.npy --out k.npy"), "X: 9 samples of 4x4x3, hash ");
  expect("kernel 'ntk[cntk(5)]' x.npy --out k.npy", "kernel: ntk[conv(3x3, ");
  expect(command("x.npy --float32 --out k.npy"), "X: 9 samples of 4x4x3, hash ");
  expect_failure(command("x.npy --float32 --out k.npy"), 1, "numbers: float64 there, float32 here");
  expect_failure(command("x.npy --shard 1/2 --out k.npy.tiles"), 1, "holds shard 1/1, not 1/2");
  std::string other = tiles;
  other[8] = 9;
  folder.write("k.npy.tiles", other);
  expect_failure(command("x.npy --out k.npy"), 1,
                 "'k.npy.tiles' holds tiles in format version 9, this program knows 1");
  folder.write("k.npy.tiles", "my own notes, not to be lost");
  expect_failure(command("x.npy --out k.npy"), 1,
                 "'k.npy.tiles' is no file of tiles (it does not begin like one) delete it");
  expect_failure(command("x.npy --shard 1/2 --out k.npy.tiles"), 1, "'k.npy.tiles' is no file of tiles");
  EXPECT_EQ(bytes("k.npy.tiles"), "my own notes, not to be lost");
  folder.write("k.npy.tiles", tiles);
  EXPECT_EQ(run(command("x.npy --out k.npy")).code, 0);
  EXPECT_FALSE(exists("k.npy.tiles"));
}

// Files that the kernel names count with what is in them.
TEST_F(CliStored, KnowsTheNumbersOfTheKernelsFiles) {
  write_npy(folder.path("x.npy"), Matrix<double>(5, 2, 1.0).view());
  write_npy(folder.path("lengths.npy"), std::span<const double>(std::array{1.0, 1.0}));
  const std::string words = "kernel 'gaussian(length=@lengths.npy)' x.npy --shard 1/2 --out part";
  ASSERT_EQ(run(words).code, 0);
  ASSERT_EQ(run(words).code, 0);
  write_npy(folder.path("lengths.npy"), std::span<const double>(std::array{1.0, 2.0}));
  expect_failure(words, 1, "(numbers from the kernel's files: hash ");
}

TEST_F(CliStored, KnowsMasksAndGraphs) {
  images("x.npy", 3, 4, 0);
  const auto part = [](const std::string& kernel, const std::string& rest) {
    return "kernel '" + kernel + "' x.npy --shard 1/2 --out part " + rest;
  };
  const std::string conv = "ntk[conv(2x2) relu global_avg_pool dense]";
  ASSERT_EQ(run(part(conv, "--mask 0")).code, 0);
  ASSERT_EQ(run(part(conv, "--mask 0")).code, 0);
  expect_failure(part(conv, "--mask 0.5"), 1, "(mask: 0 there, 0.5 here)");
  expect_failure(part(conv, ""), 1, "(mask: 0 there, none here)");
  std::filesystem::remove(folder.path("part"));
  Matrix<double> edges(3, 16);
  folder.write("a.npy", npy_bytes({3, 4, 4}, edges));
  edges(2, 1) = 1;
  folder.write("b.npy", npy_bytes({3, 4, 4}, edges));
  folder.write("x.npy", npy_bytes({3, 4, 2}, Matrix<double>(3, 8, 1.0)));
  const std::string net = "ntk[aggregate dense relu global_avg_pool dense]";
  ASSERT_EQ(run(part(net, "--graph a.npy")).code, 0);
  expect_failure(part(net, "--graph b.npy"), 1, "(graphs of X: hash ");
}

TEST_F(CliStored, ShardsAndMergeNameWhatIsWrong) {
  images("x.npy", 9, 4, 0);
  for (const std::string shard : {"0/2", "3/2", "2", "a/b", "1/0", "1/20000", "-1/2", "1/2/3", ""})
    EXPECT_EQ(run(command("x.npy --shard='" + shard + "' --out part")).code, 2) << shard;
  expect_failure(command("x.npy --shard 3/2 --out part"), 2, "--shard '3/2' is no shard (i/k with 1 <= i <= k");
  EXPECT_FALSE(exists("part"));
  expect_failure(command("x.npy --shard 1/2 --diagonal --out part"), 2, "--diagonal");
  ASSERT_EQ(run(command("x.npy --shard 1/2 --out one")).code, 0);
  expect_failure(command("x.npy --shard 2/2 --out one"), 1,
                 "'one' holds shard 1/2, not 2/2 (every shard has its own file)");
  expect_failure("gram merge one --out k.npy", 1,
                 "part 2/2 is missing (the matrix is made of all 2) compute it with --shard 2/2");
  expect_failure("gram merge one one --out k.npy", 1, "'one' and 'one' are both part 1/2");
  expect_failure("gram merge one x.npy --out k.npy", 1,
                 "'x.npy' is no file of tiles (it does not begin like one) copy it");
  expect_failure("gram merge one two --out k.npy", 1, "cannot open 'two'");
  expect_failure("gram merge --out k.npy", 2, "PART");
  expect_failure("gram merge one --out no/k.npy", 1, "cannot create 'no/k.npy'");
  expect_failure("gram", 2, "gram --help");
  EXPECT_FALSE(exists("k.npy"));
}

TEST_F(CliStored, FitUsesAStoredMatrix) {
  Matrix<double> x(24, 3), y(24, 1);
  for (std::size_t k = 0; k < x.size(); ++k) x.data()[k] = std::sin(static_cast<double>(k));
  for (std::size_t k = 0; k < y.size(); ++k) y.data()[k] = x(k, 0) * x(k, 1);
  write_npy(folder.path("x.npy"), x.view());
  write_npy(folder.path("y.npy"), std::span<const double>(y.data(), y.size()));
  const std::string net = "'ntk[dense(bias_std=0.3) relu dense]'", fit = "fit x.npy --target y.npy --kernel " + net;
  ASSERT_EQ(run("kernel " + net + " x.npy --out k.npy").code, 0);
  for (const std::string rest :
       {" --scale none", " --scale none --folds 3", " --scale none --split 0.25", " --scale none --ridge 0.1"}) {
    ASSERT_EQ(run(fit + rest + " --out computed.model").code, 0);
    const Outcome stored = run(fit + rest + " --gram k.npy --out stored.model");
    ASSERT_EQ(stored.code, 0) << stored.err;
    EXPECT_TRUE(bytes("computed.model") == bytes("stored.model")) << rest;
  }
  expect_failure(fit + " --gram k.npy --out m.model", 1,
                 "'k.npy' is not the kernel matrix of these rows (of training rows 0 and 0");
  expect_failure(fit + " --gram k.npy --folds 3 --out m.model", 2, "--gram with --folds (the scaling is learned from");
  expect_failure(fit + " --gram k.npy --split 0.2 --scale standard --out m.model", 2,
                 "--gram with --split (the scaling");
  expect_failure("fit x.npy --target y.npy --gram k.npy --out m.model", 2, "--gram requires --kernel");
  EXPECT_FALSE(exists("m.model"));
}

TEST_F(CliStored, AFullDiskIsSaidBeforeTheWork) {
#ifdef WIDENET_PROGRAM
  images("x.npy", 200, 4, 0);
  ask_for_tiles("k.npy");
  const std::string line = "cd '" + folder.path("") + "' && trap '' XFSZ && ulimit -f 8 && '" + WIDENET_PROGRAM + "' " +
                           command("x.npy --out k.npy") + " 2>stderr.txt";
  EXPECT_NE(std::system(line.c_str()), 0);
  EXPECT_PRED2(contains, bytes("stderr.txt"), "MiB for tiles in 'k.npy.tiles' (File too large) make room on the disk");
  EXPECT_FALSE(exists("k.npy"));
  EXPECT_FALSE(exists("k.npy.tiles"));
#endif
}

// A matrix that does not fit is written from tiles, and says so.
TEST_F(CliStored, MatricesBeyondTheMemoryGoThroughTiles) {
  Matrix<double> x(3000, 2);
  for (std::size_t k = 0; k < x.size(); ++k) x.data()[k] = std::sin(static_cast<double>(k));
  write_npy(folder.path("x.npy"), x.view());
  const Outcome small = run("kernel gaussian x.npy --memory 40M --out small.npy");
  ASSERT_EQ(small.code, 0) << small.err;
  EXPECT_PRED2(contains, small.err, "for tiles of 3000 x 3000 numbers");
  EXPECT_PRED2(contains, small.err, "tiles: small.npy.tiles keeps what is finished");
  ASSERT_EQ(run("kernel gaussian x.npy --out large.npy").code, 0);
  EXPECT_TRUE(bytes("small.npy") == bytes("large.npy"));
}

}  // namespace
}  // namespace widenet::testing
