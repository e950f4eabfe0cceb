// Every way to write an expression wrong, and the whole message it is answered with.
#include <gtest/gtest.h>

#include <string>

#include "tests/architecture/message.h"
#include "widenet/architecture/kernel.h"
#include "widenet/architecture/words.h"

namespace widenet {
namespace {

std::string network_refusal(const std::string& text) {
  return message_of([&] { parse_network(text); });
}
std::string kernel_refusal(const std::string& text) {
  return message_of([&] { parse_kernel(text); });
}

// The message for text on one line with the caret in `column` (from 0), `width` characters wide.
std::string pointed(const std::string& text, const std::string& problem, std::size_t column, std::size_t width,
                    const std::string& help = {}) {
  return problem + "\n  " + text + "\n  " + std::string(column, ' ') + '^' +
         std::string(width > 0 ? width - 1 : 0, '~') + (help.empty() ? "" : '\n' + help);
}

// The same, the caret's place found from the first occurrence of `what`.
void expect_network(const std::string& text, const std::string& what, const std::string& problem,
                    const std::string& help = {}) {
  EXPECT_EQ(network_refusal(text), pointed(text, problem, text.find(what), what.size(), help));
}
void expect_kernel(const std::string& text, const std::string& what, const std::string& problem,
                   const std::string& help = {}) {
  EXPECT_EQ(kernel_refusal(text), pointed(text, problem, text.find(what), what.size(), help));
}

TEST(ParseError, UnknownLayer) {
  expect_network("dense rleu dense", "rleu", "there is no layer rleu", "did you mean relu?");
  expect_network("Dense relu", "Dense", "there is no layer Dense", "did you mean dense?");
  expect_network("dense leaky", "leaky", "there is no layer leaky", "did you mean leaky_relu?");
  std::string all;
  for (const Word<Layer>& word : layer_words()) all += (all.empty() ? "the layers are " : ", ") + word.name;
  expect_network("max_pool(2x2) relu", "max_pool", "there is no layer max_pool",
                 all + ", myrtle5, myrtle7, myrtle10, cntk, wide_resnet");
  expect_network("convolution(3x3)", "convolution", "there is no layer convolution",
                 all + ", myrtle5, myrtle7, myrtle10, cntk, wide_resnet");
  expect_network("con(3x3) relu", "con", "there is no layer con", "did you mean conv?");
  expect_network("conv_locl(3x3)", "conv_locl", "there is no layer conv_locl", "did you mean conv_local?");
  expect_network("global_average_pool", "global_average_pool", "there is no layer global_average_pool",
                 "did you mean global_avg_pool?");
  expect_network("myrtel5", "myrtel5", "there is no layer myrtel5", "did you mean myrtle5?");
  expect_network("dense matern32 dense", "matern32", "matern32 is a kernel, not a layer",
                 "a network is made of layers: dense relu dense");
  expect_network("ntk[dense]", "ntk", "ntk is a kernel, not a layer", "a network is made of layers: dense relu dense");
}

TEST(ParseError, UnknownKernel) {
  expect_kernel("0.5*gausian", "gausian", "there is no kernel gausian", "did you mean gaussian?");
  expect_kernel("xyz", "xyz", "there is no kernel xyz",
                "the kernels are linear, polynomial, gaussian, laplacian, laplacian1, cauchy, matern12, matern32, "
                "matern52, rational_quadratic, arccos0, arccos1, arccos2, ntk, nngp");
  expect_kernel("dense relu dense", "dense", "dense is a layer, not a kernel",
                "a network's kernel is written ntk[...] or nngp[...], as in: ntk[dense relu dense]");
  const std::string message = kernel_refusal(std::string(100000, 'x'));
  EXPECT_TRUE(message.starts_with("there is no kernel " + std::string(57, 'x') + "...\n  xxx")) << message;
  EXPECT_LT(message.size(), 600u);
}

TEST(ParseError, Parameters) {
  expect_network("dense(weight_sdt=2)", "weight_sdt", "dense has no parameter weight_sdt", "did you mean weight_std?");
  expect_network("dense(gain=2)", "gain", "dense has no parameter gain",
                 "its parameters are width, weight_std, bias_std, parametrization, trained");
  expect_network("relu(2)", "2", "relu takes no parameters");
  expect_network("relu(slope=2)", "slope", "relu takes no parameters");
  expect_network("dropout(0.5, 0.6)", "0.6", "dropout takes at most 1 value", "its parameters are keep");
  expect_network("leaky_relu(0.1, slope=0.2)", "slope", "slope is given twice");
  EXPECT_EQ(network_refusal("dense(bias_std=1, bias_std=2)"),
            pointed("dense(bias_std=1, bias_std=2)", "bias_std is given twice", 18, 8));
  expect_network("dense(weight_std=1, 2)", "2", "a value without a name follows one with a name",
                 "write weight_std=... if you mean that");
  expect_network("dense leaky_relu dense", "leaky_relu", "leaky_relu needs its parameter slope, a number",
                 "write leaky_relu(slope=...)");
  expect_network("abrelu(1)", "abrelu", "abrelu needs its parameter b, a number", "write abrelu(b=...)");
  expect_kernel("polynomial", "polynomial", "polynomial needs its parameter degree, a whole number >= 1",
                "write polynomial(degree=...)");
  expect_network("polynomial", "polynomial", "polynomial needs at least one number", "write polynomial(c0, c1, ...)");
  expect_network("polynomial(c0=1)", "c0", "polynomial takes numbers without names");
  expect_kernel("arccos1(length=2)", "length", "arccos1 takes no parameters");
  expect_network("dense(64 3)", "3", "expected ) to close the ( before, found 3");
  expect_network("dense(64,)", ")", "expected a value, found )");
  expect_network("dense(,)", ",", "expected a value, found ,");
  expect_network("dense(weight_std=)", ")", "expected a value, found )");
}

TEST(ParseError, WrongType) {
  expect_network("dense(weight_std=wide)", "wide", "weight_std takes a number >= 0, not the word wide");
  expect_network("dense(weight_std=\"2\")", "\"2\"", "weight_std takes a number >= 0, not the text \"2\"");
  expect_network("dense(weight_std=[1, 2])", "[1, 2]", "weight_std takes a number >= 0, not the list [1, 2]");
  expect_network("dense(weight_std=@a.npy)", "@a.npy", "weight_std takes a number >= 0, not the file @a.npy");
  expect_network("dense(trained=1)", "1", "trained takes true or false, not 1");
  expect_network("dense(parametrization=standrad)", "standrad",
                 "parametrization takes ntk or standard, not the word standrad", "did you mean standard?");
  expect_network("dense(parametrization=mup)", "mup", "parametrization takes ntk or standard, not the word mup");
  const std::string axis = "axis takes channels or an axis of positions, a whole number >= 1, not ";
  expect_network("concat(axis=0)[relu]", "0", axis + "0");
  expect_network("concat(axis=chanels)[relu]", "chanels", axis + "the word chanels", "did you mean channels?");
  expect_network("polynomial(1, x)", "x", "a coefficient of polynomial takes a number, not the word x");
  expect_kernel("gaussian(length=auto)", "auto",
                "length takes a number > 0, a list [1, 2.5] of them, or @file.npy, not the word auto");
}

TEST(ParseError, OutOfDomain) {
  expect_network("dense(weight_std=-1)", "-1", "weight_std takes a number >= 0, not -1");
  expect_network("dense(bias_std=-sqrt(2))", "-sqrt(2)", "bias_std takes a number >= 0, not -sqrt(2)");
  expect_network("dense(0)", "0", "width takes a whole number >= 1, not 0");
  expect_network("dense(2.5)", "2.5", "width takes a whole number >= 1, not 2.5");
  expect_network("dropout(0)", "0", "keep takes a number above 0, at most 1, not 0");
  expect_network("dropout(1.5)", "1.5", "keep takes a number above 0, at most 1, not 1.5");
  expect_network("repeat(0)[dense]", "0", "n takes a whole number from 1 to 100000, not 0");
  expect_network("repeat(100001)[dense]", "100001", "n takes a whole number from 1 to 100000, not 100001");
  expect_network("repeat(1.5)[dense]", "1.5", "n takes a whole number from 1 to 100000, not 1.5");
  expect_network("repeat(9/4)[dense]", "9/4", "n takes a whole number from 1 to 100000, not 9/4");
  expect_network("repeat(2.25)[dense]", "2.25", "n takes a whole number from 1 to 100000, not 2.25");
  expect_network("repeat(-1)[dense]", "-1", "n takes a whole number from 1 to 100000, not -1");
  expect_network("hermite(1.5)", "1.5", "n takes a whole number >= 0, not 1.5");
  expect_kernel("polynomial(2.5)", "2.5", "degree takes a whole number >= 1, not 2.5");
  expect_kernel("polynomial(0)", "0", "degree takes a whole number >= 1, not 0");
  expect_kernel("polynomial(2, 0)", "0", "scale takes a number > 0, not 0");
  expect_kernel("linear(-1)", "-1", "offset takes a number >= 0, not -1");
  expect_kernel("rational_quadratic(alpha=0)", "0", "alpha takes a number > 0, not 0");
  const std::string lengths = "length takes a number > 0, a list [1, 2.5] of them, or @file.npy, not ";
  expect_kernel("gaussian(0)", "0", lengths + "0");
  expect_kernel("gaussian([1, -2])", "[1, -2]", lengths + "the list [1, -2]");
  expect_kernel("gaussian([])", "[]", lengths + "the list []");
}

TEST(ParseError, ValuesOfPositions) {
  const std::string window = "window takes one to three whole numbers >= 1, as in 3, 3x3 or 3x3x3, not ";
  expect_network("conv(0x3)", "0x3", window + "0x3");
  expect_network("conv(3x3x3x3)", "3x3x3x3", window + "3x3x3x3");
  expect_network("conv(1.5)", "1.5", window + "1.5");
  expect_network("conv(same)", "same", window + "the word same");
  expect_network("conv([3, 3])", "[3, 3]", window + "the list [3, 3]");
  expect_network("avg_pool", "avg_pool",
                 "avg_pool needs its parameter window, one to three whole numbers >= 1, as in 3, 3x3 or 3x3x3",
                 "write avg_pool(window=...)");
  expect_network("conv(3, padding=smae)", "smae", "padding takes valid or same or circular, not the word smae",
                 "did you mean same?");
  expect_network("conv(3, stride=0)", "0",
                 "stride takes one to three whole numbers >= 1, as in 3, 3x3 or 3x3x3, not 0");
  expect_network("sum_pool(2, edges=actual)", "edges", "sum_pool has no parameter edges",
                 "its parameters are window, stride, padding");
  const std::string axes = "axes takes channels or different axes, whole numbers >= 1 as in 1x3, not ";
  expect_network("layer_norm(1x1)", "1x1", axes + "1x1");
  expect_network("layer_norm(0x3)", "0x3", axes + "0x3");
  expect_network("layer_norm(chanels)", "chanels", axes + "the word chanels", "did you mean channels?");
  const std::string decay = "position_decay takes none, exp:c or inverse:c with a number c >= 0, not ";
  expect_network("attention(2, position_decay=exp)", "exp", decay + "the word exp");
  expect_network("attention(position_decay=exq:1)", "exq:1", decay + "exq:1", "did you mean exp?");
  expect_network("attention(position_decay=exp:-1)", "exp:-1", decay + "exp:-1");
  expect_network("attention(position_decay=exp:)", ")", "expected a number, found )");
  expect_network("dense(weight_std=sqrt)", "sqrt", "weight_std takes a number >= 0, not the word sqrt");
  expect_network("attention(weights=soft)", "soft",
                 "weights takes softmax or identity or abs or relu, not the word soft", "did you mean softmax?");
  const std::string slices = "slices takes slices of samples and positions in quotes, as in \"[:, ::2, 1]\", not ";
  for (const std::string text : {"\"\"", "\"[]\"", "\"[:,]\"", "\"[::0]\"", "\"[1:2:3:4]\"", "\"[x]\"", "\":, 1\"",
                                 "\"[99999999999999999999]\"", "\"[...]\""}) {
    expect_network("index(" + text + ")", text, slices + "the text " + text);
  }
  expect_network("index([:, 1])", "[", "slices takes slices of samples and positions in quotes, as in \"[:, ::2, 1]\"",
                 "put quotes around the brackets");
  const std::string constant = "constant takes a list of numbers, a matrix [[1, 2], [3, 4]], or @file.npy, not ";
  expect_network("dot_general([], 1)", "[]", constant + "the list []");
  expect_network("dot_general([[]], 1)", "[[]]", constant + "the matrix [[]]");
  expect_network("dot_general(2, 1)", "2", constant + "2");
  expect_network("dot_general([[1, 2], [3]], 1)", "[3]", "this row has 1 numbers, the first one 2");
  expect_network("dot_general([[1, 2], 3], 1)", "3", "expected [ and the numbers of a row, found 3");
  expect_network("dot_general([1], 0)", "0", "contract takes an axis of positions, a whole number >= 1, not 0");
  expect_network("dot_general([1])", "dot_general",
                 "dot_general needs its parameter contract, an axis of positions, a whole number >= 1",
                 "write dot_general(contract=...)");
  expect_network("resize(4, method=lanczos)", "lanczos",
                 "method takes linear or nearest or cubic, not the word lanczos");
  expect_network("cntk(1)", "1", "depth takes a whole number from 2 to 100000, not 1");
  expect_network("cntk(3, pool=flat)", "flat", "pool takes gap or flatten, not the word flat", "did you mean flatten?");
  expect_network("myrtle5(3)", "3", "myrtle5 takes no parameters");
  expect_kernel("cntk(3)", "cntk", "cntk is a network, not a kernel",
                "a network's kernel is written ntk[...] or nngp[...], as in: ntk[dense relu dense]");
}

TEST(ParseError, Numbers) {
  expect_network("dense(3x3)", "3x3", "width takes a whole number >= 1, not 3x3");
  expect_network("conv(3x)", "3x", "3x is neither a number nor whole numbers joined by x");
  expect_network("conv(3x-3)", "3x", "3x is neither a number nor whole numbers joined by x");
  expect_network("conv(99999999999999999999x3)", "99999999999999999999x3",
                 "99999999999999999999x3 is neither a number nor whole numbers joined by x");
  expect_network("dense(1.2.3)", "1.2.3", "1.2.3 is not a number");
  expect_network("dense(weight_std=1e999)", "1e999", "1e999 lies outside the range of float64");
  expect_network("dense(weight_std=1/0)", "1/0", "this is not a finite number");
  expect_network("dense(weight_std=0/0)", "0/0", "this is not a finite number");
  expect_network("dense(weight_std=1e300*1e300)", "1e300*1e300", "this is not a finite number");
  expect_network("dense(weight_std=sqrt(-2))", "-2", "the square root of a negative number");
  expect_network("dense(weight_std=sqrt 2)", "2", "expected ( and a number after sqrt, found 2");
  expect_network("dense(weight_std=sqrt(2)", "(", "this ( is never closed", "add a )");
  expect_network("dense(weight_std=1/)", ")", "expected a number after /, found )");
  EXPECT_EQ(network_refusal("dense(--1)"), pointed("dense(--1)", "expected a number, found -", 7, 1));
  expect_kernel("0*gaussian", "0", "a kernel's factor is a number > 0, not 0");
  expect_kernel("-2*gaussian", "-2", "a kernel's factor is a number > 0, not -2");
  expect_kernel("gaussian + (1e-200)*(1e-200)*linear", "(", "the numbers of this product multiply to 0",
                "a kernel's factor is a finite number > 0");
}

TEST(ParseError, Brackets) {
  expect_kernel("ntk[dense relu", "[", "this [ is never closed", "add a ]");
  expect_kernel("ntk[repeat(2)[dense relu] dense", "[", "this [ is never closed", "add a ]");
  expect_kernel("(gaussian", "(", "this ( is never closed", "add a )");
  expect_kernel("gaussian(2", "(", "this ( is never closed", "add a )");
  expect_kernel("gaussian([1, 2)", ")", "expected ] to close the [ before, found )");
  expect_kernel("ntk[dense relu)", ")", "expected a layer, found )");
  expect_kernel("(gaussian]", "]", "expected ) to close the ( before, found ]");
  expect_kernel("gaussian)", ")", "unexpected ) after the kernel", "no bracket is open here");
  expect_network("dense ]", "]", "unexpected ]", "no bracket is open here");
  expect_network("dense | relu", "|", "unexpected |",
                 "| separates the branches of sum[...], product[...] and concat[...]");
  expect_network("repeat(2)[dense | relu]", "|", "expected ] to close the [ before, found |");
  expect_network("repeat(2) dense", "dense", "expected [ and a network after repeat, found dense");
  expect_network("sum dense", "dense", "expected [ and the branches of sum, found dense");
  expect_kernel("ntk(dense)", "(", "expected [ and a network after ntk, found (");
}

TEST(ParseError, EmptyAndTrailing) {
  EXPECT_EQ(kernel_refusal(""), pointed("", "the kernel is empty", 0, 0, "write one, as in: ntk[dense relu dense]"));
  EXPECT_EQ(network_refusal("  "),
            pointed("  ", "the network is empty", 0, 0, "write its layers, input first, as in: dense relu dense"));
  expect_kernel("ntk[]", "]", "ntk has an empty network here", "identity passes the input on unchanged");
  expect_network("repeat(3)[] dense", "]", "repeat has an empty network here",
                 "identity passes the input on unchanged");
  expect_network("sum[dense | ]", "]", "sum has an empty network here", "identity passes the input on unchanged");
  expect_network("sum[ | dense]", "|", "sum has an empty network here", "identity passes the input on unchanged");
  expect_kernel("ntk[", "ntk", "the [ of ntk is never closed", "add a ]");
  expect_kernel("gaussian linear", "linear", "unexpected linear after the kernel", "kernels are joined by + and *");
  expect_kernel("gaussian - linear", "-", "unexpected - after the kernel",
                "a difference of kernels is no kernel: there is only + and *");
  expect_kernel("gaussian/2", "/", "unexpected / after the kernel", "divide by multiplying: 1/2*gaussian");
  EXPECT_EQ(kernel_refusal("gaussian +"), pointed("gaussian +", "expected a kernel, found the end", 10, 0));
  EXPECT_EQ(kernel_refusal("gaussian + # and\n"),
            "line 1: expected a kernel, found the end\n  gaussian + # and\n            ^");
  expect_network("dense, relu", ",", "expected a layer, found ,", "layers are separated by white space, not by commas");
  expect_network("dense + relu", "+", "expected a layer, found +", "the sum of networks is written sum[a | b]");
  expect_network("dense 3", "3", "expected a layer, found 3");
}

TEST(ParseError, Characters) {
  expect_kernel("gaussian & linear", "&", "unexpected character &", "");
  EXPECT_EQ(kernel_refusal("\xE2\x88\x92gaussian"), "unexpected character \xE2\x88\x92\n  \xE2\x88\x92gaussian\n  ^");
  EXPECT_EQ(kernel_refusal(std::string("a\x01", 2)).substr(0, 20), "there is no kernel a");
  EXPECT_EQ(kernel_refusal("gaussian\x01"), "unexpected character of code 1\n  gaussian?\n          ^");
  expect_kernel("gaussian(\"x)", "\"x)", "this quote is not closed on its line");
  expect_kernel("gaussian(@)", "@", "@ is followed by no file name");
  expect_kernel("@", "@", "@ is followed by no file name");
}

TEST(ParseError, TheCaretStandsUnderThePlace) {
  EXPECT_EQ(network_refusal("dense\n\trelu\tdens # here\ndense"),
            "line 2: there is no layer dens\n  \trelu\tdens # here\n  \t    \t^~~~\ndid you mean dense?");
  EXPECT_EQ(network_refusal("dense\r\nrelo\r\n"), "line 2: there is no layer relo\n  relo\n  ^~~~\ndid you mean relu?");
  // One column for a character of several bytes.
  EXPECT_EQ(kernel_refusal("gaussian(\"\xC3\xA9\xC3\xA9\") & 1"),
            "length takes a number > 0, a list [1, 2.5] of them, or @file.npy, not the text \"\xC3\xA9\xC3\xA9\"\n  "
            "gaussian(\"\xC3\xA9\xC3\xA9\") & 1\n           ^~~~");
  // Of a long line the part around the place.
  std::string many;
  for (int i = 0; i < 100; ++i) many += "dense relu ";
  const std::string message = network_refusal(many + "dens " + many);
  EXPECT_LT(message.size(), 450u);
  const std::size_t line = message.find("\n  ") + 3, caret = message.rfind("\n  ") + 3;
  EXPECT_EQ(message.substr(line, 3), "...");
  EXPECT_EQ(message.substr(line + message.find('^') - caret, 5), "dens ");
}

TEST(ParseError, TooDeepOrTooLong) {
  const std::string deep = "this is more than 200 brackets deep", flatter = "write the expression flatter";
  const auto nested = [](std::size_t times, const std::string& open, const std::string& inside,
                         const std::string& close) {
    std::string text;
    for (std::size_t i = 0; i < times; ++i) text += open;
    text += inside;
    for (std::size_t i = 0; i < times; ++i) text += close;
    return text;
  };
  EXPECT_NO_THROW(parse_kernel(nested(200, "(", "gaussian", ")")));
  for (const std::string& text : {nested(201, "(", "gaussian", ")"), nested(1000000, "(", "", ""),
                                  "gaussian(" + nested(100000, "sqrt(", "2", ")")}) {
    const std::string message = kernel_refusal(text);
    EXPECT_TRUE(message.starts_with(deep + "\n")) << message;
  }
  const std::string networks = network_refusal(nested(100000, "sum[", "dense", "]"));
  EXPECT_TRUE(networks.starts_with(deep)) << networks;
  EXPECT_TRUE(networks.ends_with(flatter)) << networks;

  const std::string long_net = "this makes more than 10000000 layers once every repeat is written out";
  EXPECT_NO_THROW(parse_network("repeat(100000)[repeat(50)[dense relu]]"));
  expect_network("repeat(100000)[repeat(51)[dense relu]] dense", "repeat", long_net);
  EXPECT_TRUE(network_refusal(nested(150, "repeat(100000)[", "dense", "]")).starts_with(long_net));
  expect_network("repeat(100000)[repeat(50)[dense relu]] erf", "erf", long_net);
  expect_network("repeat(100000)[cntk(101)]", "repeat", long_net);
  expect_network("sum[repeat(100000)[repeat(50)[dense relu]] | dense]", "sum", long_net);
}

}  // namespace
}  // namespace widenet
