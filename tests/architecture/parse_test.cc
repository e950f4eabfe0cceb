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

TEST(Parse, ConvolutionsAndPools) {
  const Network network =
      parse_network("conv(3x2, 4, stride=2x1, padding=same, weight_std=1.5) conv_local(3) avg_pool(2x2)");
  EXPECT_EQ(network.layers[0],
            Layer(Conv{ConvKind::shared, {3, 2}, {2, 1}, 4, Padding::same, 1.5, 0, Parametrization::ntk, true}));
  EXPECT_EQ(network.layers[1], Layer(Conv{ConvKind::local, {3}, {}, {}}));
  EXPECT_EQ(network.layers[2], Layer(Pool{false, {2, 2}, {}}));
  // A stride of one number holds for all axes; the usual one is none.
  EXPECT_EQ(std::get<Conv>(parse_network("conv(stride=2, window=3x3x3)").layers[0]).stride, (Window{2, 2, 2}));
  EXPECT_EQ(std::get<Pool>(parse_network("sum_pool(2x2, stride=1)").layers[0]).stride, (Window{1, 1}));
  EXPECT_EQ(network_again("conv(3x3, stride=1x1) conv(3x3, stride=1) conv_transpose(3, stride=1)"),
            "conv(3x3) conv(3x3) conv_transpose(3)");
  EXPECT_EQ(network_again("avg_pool(2x2, stride=2) avg_pool(2x2, stride=2x2) avg_pool(2x3, stride=2x2)"),
            "avg_pool(2x2) avg_pool(2x2) avg_pool(2x3, 2)");
  EXPECT_EQ(network_again("avg_pool(2x3, stride=2x1, padding=circular, edges=actual) sum_pool(2) global_sum_pool()"),
            "avg_pool(2x3, 2x1, circular, actual) sum_pool(2) global_sum_pool");
}

TEST(Parse, LayersThatMoveBetweenPositions) {
  EXPECT_EQ(parse_network("layer_norm(axes=3x1)").layers[0], Layer(LayerNorm{{1, 3}}));
  EXPECT_EQ(network_again("layer_norm(axes=channels) layer_norm(axes=1x3)"), "layer_norm layer_norm(1x3)");
  EXPECT_EQ(parse_network("resize(4x8, method=nearest, antialias=false)").layers[0],
            Layer(Resize{{4, 8}, ResizeMethod::nearest, false}));
  EXPECT_EQ(parse_network("dot_general([[1, 2, 3], [4, 5, 6]], contract=2)").layers[0],
            Layer(DotGeneral{"", 2, {2, 3}, {1, 2, 3, 4, 5, 6}}));
  EXPECT_EQ(network_again("dot_general([[ 1,2 ]], 1) dot_general([1/3], 1)"),
            "dot_general([[1, 2]], 1) dot_general([1/3], 1)");
  const Slice all, every_second{{}, {}, 2, false}, one{1, {}, 1, true};
  EXPECT_EQ(parse_network("index(\"[:, ::2, 1]\")").layers[0], Layer(Index{{all, every_second, one}}));
  EXPECT_EQ(network_again("index(\" [ : ,1 :6: 2,: :-1, -3: , :4:1]\")"), "index(\"[:, 1:6:2, ::-1, -3:, :4]\")");
  EXPECT_EQ(network_again("concat(axis=1)[dense | conv(1)] aggregate flatten"),
            "concat(1)[dense | conv(1)] aggregate flatten");
}

TEST(Parse, Attention) {
  Attention attention;
  attention.heads = 2;
  attention.key = 4;
  attention.scaling = AttentionScaling::sqrt;
  attention.weights = AttentionWeights::identity;
  attention.position = PositionEmbedding::concat;
  attention.position_channels = 6;
  attention.position_decay = {PositionDecay::Kind::inverse, 4};
  attention.position_in_values = true;
  const std::string text =
      "attention(2, 4, scaling=sqrt, weights=identity, position=concat, position_channels=6, "
      "position_decay=inverse:4, position_in_values=true)";
  EXPECT_EQ(parse_network(text).layers[0], Layer(attention));
  EXPECT_EQ(network_again(text), text);
  EXPECT_EQ(network_again("attention(heads=1, position_decay=none)"), "attention");
  EXPECT_EQ(network_again("attention(position=sum, position_decay=exp:sqrt(2)/2)"),
            "attention(position=sum, position_decay=exp:sqrt(1/2))");
}

TEST(Parse, NamedNetworksStandForTheirLayers) {
  const std::string conv = "conv(3x3, padding=same, weight_std=sqrt(2))";
  EXPECT_EQ(network_again("myrtle5"), "repeat(2)[" + conv + " relu] avg_pool(2x2) " + conv + " relu avg_pool(2x2) " +
                                          conv + " relu repeat(3)[avg_pool(2x2)] flatten dense(weight_std=sqrt(2))");
  const std::string two = "repeat(2)[" + conv + " relu] ", three = "repeat(3)[" + conv + " relu] ";
  const std::string end = "repeat(3)[avg_pool(2x2)] flatten dense(weight_std=sqrt(2))";
  EXPECT_EQ(network_again("myrtle7()"), two + "avg_pool(2x2) " + two + "avg_pool(2x2) " + two + end);
  EXPECT_EQ(network_again("myrtle10"), three + "avg_pool(2x2) " + three + "avg_pool(2x2) " + three + end);
  const std::string first = "conv(3x3, padding=same, weight_std=sqrt(2), trained=false) relu ";
  EXPECT_EQ(network_again("cntk(2)"), first + "global_avg_pool dense(trained=false)");
  EXPECT_EQ(network_again("cntk(3, gap)"), first + conv + " relu global_avg_pool dense(trained=false)");
  EXPECT_EQ(network_again("cntk(depth=6)"),
            first + "repeat(4)[" + conv + " relu] global_avg_pool dense(trained=false)");
  EXPECT_EQ(network_again("cntk(4, pool=flatten)"), three + "flatten dense");
  const auto group = [](const std::string& stride) {
    const std::string moved = "conv(3x3" + stride + ", padding=same)";
    return "sum[relu " + moved + " relu conv(3x3, padding=same) | " + moved + "] ";
  };
  const std::string more = "repeat(2)[sum[relu conv(3x3, padding=same) relu conv(3x3, padding=same) | identity]] ";
  const std::string start = "conv(3x3, padding=same) ", finish = "avg_pool(8x8) flatten dense";
  EXPECT_EQ(network_again("wide_resnet(1)"), start + group("") + group(", stride=2") + group(", stride=2") + finish);
  EXPECT_EQ(network_again("wide_resnet(3)"),
            start + group("") + more + group(", stride=2") + more + group(", stride=2") + more + finish);
  // Among other layers, and inside brackets.
  EXPECT_EQ(kernel_again("ntk[identity sum[cntk(2) | dense] relu dense]"),
            "ntk[identity sum[" + network_again("cntk(2)") + " | dense] relu dense]");
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
  // An npy file of version 1 with these numbers; their shape as a Python tuple, a vector unless given.
  std::string write_npy(const std::string& name, const std::vector<double>& numbers, const std::string& shape = "",
                        bool by_columns = false) const {
    const std::string header =
        fmt::format("{{'descr': '<f8', 'fortran_order': {}, 'shape': {}, }}\n", by_columns ? "True" : "False",
                    shape.empty() ? fmt::format("({},)", numbers.size()) : shape);
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

TEST_F(ExpressionFile, MayHaveManyLines) {
  const std::string path = write("net.txt",
                                 "# three stages\nntk[\n  repeat(2)[conv(3x3, padding=same) relu]  # 32 x 32\n"
                                 "  avg_pool(2x2)\n\n  global_avg_pool dense  # read-out\n]  # the end\n");
  EXPECT_EQ(kernel_again('@' + path),
            "ntk[repeat(2)[conv(3x3, padding=same) relu] avg_pool(2x2) global_avg_pool dense]");
  const std::string wrong = write("wrong.txt", "ntk[\n  conv(3x3, \xC3\xA9, pading=same)\n]\n");
  EXPECT_EQ(message_of([&] { parse_kernel('@' + wrong); }),
            wrong + ":2:13: unexpected character \xC3\xA9\n    conv(3x3, \xC3\xA9, pading=same)\n              ^");
  const std::string misspelt = write("misspelt.txt", "ntk[\n  conv(3x3, \n pading=same)\n]\n");
  EXPECT_EQ(message_of([&] { parse_kernel('@' + misspelt); }),
            misspelt + ":3:2: conv has no parameter pading\n   pading=same)\n   ^~~~~~\ndid you mean padding?");
}

TEST_F(ExpressionFile, IsNamedInMessages) {
  const std::string path = write("net.txt", "ntk[\n\tdense relo\n]\n");
  EXPECT_EQ(message_of([&] { parse_kernel('@' + path); }),
            path + ":2:8: there is no layer relo\n  \tdense relo\n  \t      ^~~~\ndid you mean relu?");
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
            path + ":1:1: expected a kernel, found @inner.txt\n  @inner.txt\n  ^~~~~~~~~~");
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

TEST_F(ExpressionFile, ConstantsComeFromAnArray) {
  const std::string path = write_npy("A.npy", {1, 2, 3, 4, 5, 6}, "(2, 3)");
  const Network network = parse_network("dot_general(constant=@" + path + ", contract=1)");
  EXPECT_EQ(std::get<DotGeneral>(network.layers[0]), (DotGeneral{path, 1, {2, 3}, {1, 2, 3, 4, 5, 6}}));
  EXPECT_EQ(to_text(network), "dot_general(@" + path + ", 1)");
  EXPECT_EQ(parse_network(to_text(network)), network);
  const Kernel kernel{NetworkKernel{Limit::ntk, {{Repeat{2, {network}}, Dense{}}}}};
  EXPECT_EQ(to_text(self_contained(kernel)), "ntk[repeat(2)[dot_general([[1, 2, 3], [4, 5, 6]], 1)] dense]");
  const Kernel sum{NetworkKernel{Limit::ntk, {{Branches{Join::sum, {network}}}}}};
  EXPECT_EQ(to_text(self_contained(sum)), "ntk[sum[dot_general([[1, 2, 3], [4, 5, 6]], 1)]]");
  const Network vector = parse_network("dot_general(@" + write_npy("v.npy", {1, -1}) + ", 2)");
  EXPECT_EQ(std::get<DotGeneral>(vector.layers[0]).shape, Window{2});
  // Inside an expression file a name counts from the file's folder.
  EXPECT_EQ(parse_network(fmt::format("@{}", write("net.txt", "dot_general(@A.npy, contract=1)"))), network);
}

TEST_F(ExpressionFile, ConstantsThatAreNoneAreRefused) {
  const auto refusal = [](const std::string& path, Fault fault = Fault::environment) {
    return message_of([&] { parse_network("dot_general(@" + path + ", 1)"); }, fault);
  };
  const std::string cure =
      " (a constant is a vector or a matrix of '<f8', row by row) write it with numpy.save(name, "
      "numpy.ascontiguousarray(x, '<f8'))";
  for (const std::string shape : {"()", "(1, 2, 1)", "(2 1)", "(-2,)", "(9999999999,)", "2"}) {
    const std::string path = write_npy("a.npy", {1, 2}, shape);
    EXPECT_EQ(refusal(path), path + " holds {'descr': '<f8', 'fortran_order': False, 'shape': " + shape + ", }" + cure);
  }
  std::string path = write_npy("columns.npy", {1, 2}, "(2, 1)", true);
  EXPECT_EQ(refusal(path), path + " holds {'descr': '<f8', 'fortran_order': True, 'shape': (2, 1), }" + cure);
  path = write_npy("short.npy", {1, 2}, "(2, 2)");
  EXPECT_EQ(refusal(path), path + " has 16 bytes of numbers (its header announces 4 numbers of 8) write it again");
  const auto pointed = [&](const std::string& problem) {
    return problem + "\n  dot_general(@" + path + ", 1)\n              ^" + std::string(path.size(), '~');
  };
  path = write_npy("nan.npy", {1, std::nan("")});
  EXPECT_EQ(refusal(path, Fault::usage),
            pointed("constant takes finite numbers, " + path + " holds nan as its number 2"));
  path = write_npy("none.npy", {}, "(0, 3)");
  EXPECT_EQ(refusal(path, Fault::usage), pointed("constant takes finite numbers, " + path + " holds no numbers"));
  path = write("large.npy", "");
  std::filesystem::resize_file(path, (std::uintmax_t{64} << 20U) + 1);
  EXPECT_EQ(refusal(path),
            path + " is larger than 67108864 bytes (a matrix for one axis is wanted) give a smaller array");
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
