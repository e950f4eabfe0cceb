#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/architecture/generate.h"
#include "tests/architecture/message.h"
#include "widenet/architecture/kernel.h"

namespace widenet {
namespace {

std::string kernel_again(const std::string& text) { return to_text(parse_kernel(text)); }
std::string network_again(const std::string& text) { return to_text(parse_network(text)); }

TEST(Parse, ANetworkIsItsLayersInOrder) {
  const Network network = parse_network("repeat(3)[dense(64, weight_std=sqrt(2), bias_std=0.1) relu] dense");
  ASSERT_EQ(network.layers.size(), 2u);
  const auto& repeat = std::get<Repeat>(network.layers[0]);
  EXPECT_EQ(repeat.count, 3u);
  const Dense inner{64, std::sqrt(2.0), 0.1, Parametrization::ntk, true};
  EXPECT_EQ(repeat.body.at(0), (Network{{inner, Activation{"relu", {}}}}));
  EXPECT_EQ(network.layers[1], Layer(Dense{}));
}

TEST(Parse, ParametersGoByPositionOrByName) {
  EXPECT_EQ(parse_network("leaky_relu(0.1)"), parse_network("leaky_relu(slope=0.1)"));
  EXPECT_EQ(parse_network("dropout(0.7)"), parse_network("dropout(keep=0.7)"));
  EXPECT_EQ(parse_network("dense()relu( )"), parse_network("dense relu"));
  EXPECT_EQ(parse_network("sin(c=-0.7, a=2, b=1.5)"), parse_network("sin(2, 1.5, -0.7)"));
  EXPECT_EQ(parse_network("dense(trained=false, parametrization=standard)"),
            (Network{{Dense{{}, 1, 0, Parametrization::standard, false}}}));
  EXPECT_EQ(parse_network("polynomial(1.3, 0, -1.2)"), (Network{{Activation{"polynomial", {1.3, 0, -1.2}}}}));
  EXPECT_EQ(parse_network("erf(b=2)"), (Network{{Activation{"erf", {1, 2, 0}}}}));
}

TEST(Parse, WhiteSpaceAndCommentsSeparate) {
  EXPECT_EQ(parse_network("# a net\n\tdense # first\r\n\n  relu\ndense #"), parse_network("dense relu dense"));
}

TEST(Parse, SumsAndProductsOfKernelsAreFlat) {
  const Kernel sum = parse_kernel("gaussian + (linear + (cauchy + arccos1))");
  EXPECT_EQ(std::get<KernelSum>(sum.node).terms.size(), 4u);
  const Kernel product = parse_kernel("2 * (gaussian * (linear * 3)) * (cauchy + 1)");
  EXPECT_EQ(std::get<KernelProduct>(product.node).factor, 6);
  EXPECT_EQ(std::get<KernelProduct>(product.node).factors.size(), 3u);
  EXPECT_EQ(parse_kernel("((gaussian))"), parse_kernel("gaussian"));
  EXPECT_EQ(parse_kernel("1*gaussian"), parse_kernel("gaussian"));
  EXPECT_EQ(parse_kernel("0.5"), (Kernel{KernelProduct{0.5, {}}}));
}

TEST(Parse, PrintsTheShortestText) {
  EXPECT_EQ(kernel_again("0.5*matern32( length = 2 )+ntk[ dense() relu dense]"),
            "0.5*matern32(2) + ntk[dense relu dense]");
  EXPECT_EQ(kernel_again("gaussian(length=1)"), "gaussian");
  EXPECT_EQ(kernel_again("gaussian(length=[1, 2.5])"), "gaussian([1, 2.5])");
  EXPECT_EQ(kernel_again("polynomial(degree=2, scale=1, offset=1)"), "polynomial(2)");
  EXPECT_EQ(kernel_again("polynomial(2, offset=0)"), "polynomial(2, offset=0)");
  EXPECT_EQ(kernel_again("linear(offset=0)"), "linear");
  EXPECT_EQ(kernel_again("rational_quadratic(length=3)"), "rational_quadratic(length=3)");
  EXPECT_EQ(kernel_again("(gaussian + 2)*linear*1/3"), "1/3*(gaussian + 2)*linear");
  EXPECT_EQ(kernel_again("2*pi/3*gaussian"), "2*pi/3*gaussian");
  EXPECT_EQ(network_again("dense(width=64, weight_std=1, bias_std=0.1, trained=true)"), "dense(64, bias_std=0.1)");
  EXPECT_EQ(network_again("dense sum[ identity|relu dense ] concat(axis=channels)[dense(3)|dense(5)]"),
            "dense sum[identity | relu dense] concat[dense(3) | dense(5)]");
  EXPECT_EQ(network_again("product[relu|erf(a=1)] hermite(n=3) layer_norm"),
            "product[relu | erf] hermite(3) layer_norm");
}

TEST(Parse, EveryWordOfTheTableIsUnderstood) {
  for (const Word<Layer>& word : layer_words()) EXPECT_EQ(find_layer(word.name), &word) << "the word stands twice";
  for (const Word<ClosedKernel>& word : kernel_words()) {
    EXPECT_EQ(find_kernel(word.name), &word) << "the word stands twice";
    EXPECT_EQ(word_of(word.prototype), &word);
  }
  EXPECT_EQ(kernel_words().size(), 13u);
  for (const ActivationDefinition& a : activation_definitions()) EXPECT_NE(find_layer(a.name), nullptr) << a.name;
}

RC_GTEST_PROP(Parse, ANetworkParsesBackFromItsText, ()) {
  const Network network = random_network(3);
  RC_LOG() << to_text(network);
  RC_ASSERT(parse_network(to_text(network)) == network);
}

RC_GTEST_PROP(Parse, AKernelParsesBackFromItsText, ()) {
  const Kernel kernel = random_kernel(3);
  RC_LOG() << to_text(kernel);
  RC_ASSERT(parse_kernel(to_text(kernel)) == kernel);
}

RC_GTEST_PROP(Parse, PrintingIsIdempotent, ()) {
  const std::string text = to_text(random_kernel(3));
  RC_ASSERT(kernel_again(text) == text);
}

// Whatever is cut from or put into a good text, the answer is a kernel or an Error of usage.
RC_GTEST_PROP(Parse, DamagedTextIsRefusedOrUnderstood, ()) {
  std::string text = to_text(random_kernel(2));
  for (int i = *rc::gen::inRange(1, 4); i > 0; --i) {
    const std::size_t at = *rc::gen::inRange<std::size_t>(0, text.size() + 1);
    const std::string pieces = "()[],|=+*/-#\"@.\n\t\\ x1e\x80";
    if (*rc::gen::arbitrary<bool>() && at < text.size()) {
      text.erase(at, 1);
    } else {
      text.insert(at, 1, *rc::gen::elementOf(pieces));
    }
  }
  if (text.find('@') != std::string::npos) return;
  try {
    const Kernel kernel = parse_kernel(text);
    RC_ASSERT(parse_kernel(to_text(kernel)) == kernel);
  } catch (const Error& error) {
    RC_ASSERT(error.fault() == Fault::usage);
  }
}

class ExpressionFile : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(testing::TempDir()) / testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& content) const {
    const std::string path = (folder_ / name).string();
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }
  // An npy file of version 1 with these numbers.
  std::string write_npy(const std::string& name, const std::vector<double>& numbers) const {
    const std::string header =
        fmt::format("{{'descr': '<f8', 'fortran_order': False, 'shape': ({},), }}\n", numbers.size());
    std::string content("\x93NUMPY\x01\x00", 8);
    content += static_cast<char>(header.size());
    content += '\0';
    content += header;
    for (double x : numbers) content.append(reinterpret_cast<const char*>(&x), sizeof x);
    return write(name, content);
  }

  std::filesystem::path folder_;
};

TEST_F(ExpressionFile, HoldsTheWholeExpression) {
  const std::string path = write("net.txt", "\xEF\xBB\xBF# comment\r\nntk[dense\r\n relu dense]\r\n");
  EXPECT_EQ(parse_kernel(" @" + path + " "), parse_kernel("ntk[dense relu dense]"));
  EXPECT_EQ(parse_kernel(fmt::format("@\"{}\"", write("a name, here.txt", "gaussian"))), parse_kernel("gaussian"));
  EXPECT_EQ(parse_network(fmt::format("@{}", write("layers.txt", "dense relu dense"))),
            parse_network("dense relu dense"));
}

TEST_F(ExpressionFile, IsNamedInMessages) {
  const std::string path = write("net.txt", "ntk[\n\tdense relo\n]\n");
  EXPECT_EQ(message_of([&] { parse_kernel('@' + path); }),
            path + ":2: there is no layer relo\n  \tdense relo\n  \t      ^~~~\ndid you mean relu?");
  EXPECT_EQ(message_of([&] { parse_kernel('@' + path + " + gaussian").node.index(); }),
            "unexpected text after a file name\n  @" + path + " + gaussian\n  " + std::string(path.size() + 2, ' ') +
                "^\nthe file holds the whole expression; a name with blanks, commas or brackets stands in quotes: @\"a "
                "name\"");
}

TEST_F(ExpressionFile, ThatIsMissingOrNamesAnotherIsRefused) {
  EXPECT_EQ(message_of([] { parse_kernel("@missing.txt"); }, Fault::environment),
            "missing.txt cannot be read (no such file, or no right to it) give the path of a text that holds the "
            "expression");
  EXPECT_NE(message_of([&] { parse_kernel('@' + folder_.string()); }, Fault::environment).find("cannot be read"),
            std::string::npos);
  EXPECT_NE(message_of([&] { parse_kernel(fmt::format("@{}", write("long.txt", std::string(1100000, ' ')))); },
                       Fault::environment)
                .find("long.txt is longer than 1048576 bytes (an expression is a short text) give another file"),
            std::string::npos);
  const std::string path = write("outer.txt", "@inner.txt");
  EXPECT_EQ(message_of([&] { parse_kernel('@' + path); }),
            path + ":1: expected a kernel, found @inner.txt\n  @inner.txt\n  ^~~~~~~~~~");
}

TEST_F(ExpressionFile, LengthsComeFromAnArray) {
  const std::string path = write_npy("lengths.npy", {1, 2.5, 0.1});
  const Kernel kernel = parse_kernel("matern52(length=@" + path + ")");
  EXPECT_EQ(std::get<ClosedKernel>(kernel.node).lengths, (std::vector<double>{1, 2.5, 0.1}));
  EXPECT_EQ(to_text(kernel), "matern52(@" + path + ")");
  EXPECT_EQ(parse_kernel(to_text(kernel)), kernel);
  EXPECT_EQ(to_text(self_contained(parse_kernel(to_text(kernel) + "*2 + linear"))),
            "2*matern52([1, 2.5, 0.1]) + linear");

  const std::string quoted = write_npy("my lengths, (\"new\").npy", {3});
  const Kernel other = parse_kernel("gaussian(@\"" + (folder_ / "my lengths, (\\\"new\\\").npy").string() + "\")");
  EXPECT_EQ(std::get<ClosedKernel>(other.node).lengths_file, quoted);
  EXPECT_EQ(parse_kernel(to_text(other)), other);
  EXPECT_EQ(to_text(self_contained(other)), "gaussian(3)");

  // Inside an expression file a name counts from the file's folder.
  EXPECT_EQ(parse_kernel(fmt::format("@{}", write("kernel.txt", "matern52(@lengths.npy)"))), kernel);
}

TEST_F(ExpressionFile, LengthsThatAreNoneAreRefused) {
  const auto refusal = [](const std::string& path, Fault fault = Fault::environment) {
    return message_of([&] { parse_kernel("gaussian(@" + path + ")"); }, fault);
  };
  const auto pointed = [](const std::string& path, const std::string& problem) {
    return problem + "\n  gaussian(@" + path + ")\n           ^" + std::string(path.size(), '~');
  };
  EXPECT_EQ(refusal("missing.npy"),
            "missing.npy cannot be read (no such file, or no right to it) give the path of an npy array");
  std::string path = write_npy("negative.npy", {1, -2});
  EXPECT_EQ(refusal(path, Fault::usage),
            pointed(path, "length takes numbers > 0, " + path + " holds -2 as its number 2"));
  path = write_npy("empty.npy", {});
  EXPECT_EQ(refusal(path, Fault::usage), pointed(path, "length takes numbers > 0, " + path + " holds no numbers"));
  path = write("text.npy", "1, 2, 3, 4, 5, 6");
  EXPECT_EQ(refusal(path), path + " is no npy file (it does not begin with the npy mark) write it with numpy.save");
  path = write("cut.npy", std::string("\x93NUMPY\x01\x00\xFF\x00{'descr'", 18));
  EXPECT_EQ(refusal(path), path + " ends within its header (a truncated file) write it again");
  std::filesystem::resize_file(path, (std::uintmax_t{64} << 20U) + 1);
  EXPECT_EQ(refusal(path),
            path + " is larger than 67108864 bytes (one length per feature is wanted) give a smaller array");
  std::ifstream in(write_npy("whole.npy", {1, 2}), std::ios::binary);
  std::string content(std::istreambuf_iterator<char>(in), {});
  path = write("short.npy", content.substr(0, content.size() - 3));
  EXPECT_EQ(refusal(path), path + " has 13 bytes of numbers (its header announces 2 numbers of 8) write it again");
  content.replace(content.find("(2,)"), 4, "2, 1");
  path = write("matrix.npy", content);
  EXPECT_EQ(refusal(path), path +
                               " holds {'descr': '<f8', 'fortran_order': False, 'shape': 2, 1, } (lengths are one "
                               "dimension of '<f8') write it with numpy.save(name, x.astype('<f8').ravel())");
}

}  // namespace
}  // namespace widenet
