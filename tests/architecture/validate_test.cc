#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "tests/architecture/message.h"
#include "widenet/architecture/describe.h"
#include "widenet/architecture/kernel.h"

namespace widenet {
namespace {

constexpr std::size_t features = 7;

std::string refusal(const std::string& network) {
  return message_of([&] { validate(parse_network(network), features); });
}
std::string refusal(const Network& network) {
  return message_of([&] { validate(network, features); });
}
std::string kernel_refusal(const std::string& kernel, std::size_t d = features) {
  return message_of([&] { validate(parse_kernel(kernel), d); });
}

TEST(Validate, AcceptsWhatHasAKernel) {
  for (const char* text :
       {"dense", "dense relu dense", "dense identity", "identity dense", "repeat(3)[dense relu] dense",
        "dense sum[identity | relu dense] relu dense", "dense product[relu | erf dense(weight_std=1.5) abs] dense",
        "dense concat[relu dense(3) | erf dense(5)] dense", "concat[identity | dense(3)] dense",
        "dense layer_norm hermite(3) dense", "dense layer_norm", "dropout(0.9) dense", "dense relu dropout(0.7) dense",
        "repeat(2)[dense(64, parametrization=standard) relu] dense(1, parametrization=standard)",
        "dense repeat(100000)[relu dense]", "sum[dense | dense relu dense]",
        "dense(64) product[identity | dense] dense(3)", "dense(4) relu sum[dense(parametrization=standard) | dense]",
        "dense polynomial(1, 2, 3) dense"}) {
    EXPECT_EQ(refusal(std::string(text)), "no error") << text;
  }
}

TEST(Validate, AnActivationFollowsADense) {
  EXPECT_EQ(
      refusal("relu dense"),
      "layer 1 (relu) acts on the input (an activation's kernel is known for Gaussian values) put a dense before it");
  EXPECT_EQ(refusal("dense relu erf dense"),
            "layer 3 (erf) acts on relu (two nonlinearities in a row have no Gaussian values between them) put a dense "
            "between them");
  EXPECT_EQ(
      refusal("dense leaky_relu(0.1) dropout(0.5) identity erf dense"),
      "layer 5 (erf) acts on dropout(0.5) (two nonlinearities in a row have no Gaussian values between them) put a "
      "dense between them");
  EXPECT_EQ(refusal("dense dropout(0.5) erf dense"),
            "layer 3 (erf) acts on dropout(0.5) (an activation's kernel is known for Gaussian values) put a dense "
            "between them");
  EXPECT_EQ(
      refusal("dense product[dense | identity] relu dense"),
      "layer 3 (relu) acts on product[dense | identity] (an activation's kernel is known for Gaussian values) put "
      "a dense between them");
  EXPECT_EQ(refusal("dense repeat(2)[relu] dense"),
            "layer 2.1 (relu) acts on relu (two nonlinearities in a row have no Gaussian values between them) put a "
            "dense between them");
  EXPECT_EQ(refusal("dense relu sum[dense | dense relu repeat(2)[erf dense]] dense"),
            "layer 3.2.3.1 (erf) acts on relu (two nonlinearities in a row have no Gaussian values between them) put a "
            "dense between them");
  EXPECT_EQ(refusal("dense relu layer_norm dense"),
            "layer 3 (layer_norm) acts on relu (its kernel is known for Gaussian values) put it behind a dense, before "
            "the activation");
  EXPECT_EQ(refusal("layer_norm dense"),
            "layer 1 (layer_norm) acts on the input (its kernel is known for Gaussian values) put it behind a dense, "
            "before the activation");
}

TEST(Validate, TheNetworkEndsGaussian) {
  const std::string ending = " (its kernel is that of the Gaussian values behind a dense) add a dense at the end";
  EXPECT_EQ(refusal("dense relu"), "the network ends in relu" + ending);
  EXPECT_EQ(refusal("dense relu identity"), "the network ends in relu" + ending);
  EXPECT_EQ(refusal("dense dropout(0.5)"), "the network ends in dropout(0.5)" + ending);
  EXPECT_EQ(refusal("concat[dense(2) | dense(3)]"), "the network ends in concat[dense(2) | dense(3)]" + ending);
  EXPECT_EQ(refusal("identity"), "the network passes its input on (no dense makes it Gaussian) add a dense");
  EXPECT_EQ(refusal(Network{}), "the network is empty (it has no kernel) give it layers, as in: dense relu dense");
}

TEST(Validate, BranchesOfASumAreGaussianAndIndependent) {
  EXPECT_EQ(refusal("dense sum[identity | relu] dense"),
            "branch 2 of layer 2 (sum[identity | relu]) ends in relu (a sum is Gaussian only if all its branches are) "
            "end it with a dense");
  EXPECT_EQ(refusal("sum[identity | dense]"),
            "branch 1 of layer 1 (sum[identity | dense]) ends in the input (a sum is Gaussian only if all its branches "
            "are) end it with a dense");
  const std::string why =
      " have no dense (without weights of their own they are not independent, and the kernel is not the ";
  EXPECT_EQ(refusal("dense sum[identity | relu dense | identity] relu dense"),
            "branches 1 and 3 of layer 2 (sum[identity | relu dense | identity])" + why +
                "sum of theirs) put a dense into one of them");
  EXPECT_EQ(refusal("dense product[relu | erf] dense"), "branches 1 and 2 of layer 2 (product[relu | erf])" + why +
                                                            "product of theirs) put a dense into one of them");
  EXPECT_EQ(refusal("dense sum[identity | sum[identity | relu dense]]").substr(0, 21), "branches 1 and 2 of l");
  EXPECT_EQ(refusal("dense sum[identity | sum[dense | repeat(2)[relu dense]]]"), "no error");
  EXPECT_EQ(
      refusal("dense sum[dense(3) | dense(5)]"),
      "layer 2 (sum[dense(3) | dense(5)]) got the shapes 3 and 5 from its branches 1 and 2 (they are joined channel by "
      "channel) it needs the same number of channels");
}

TEST(Validate, WidthsAreKnownWhereTheyCount) {
  EXPECT_EQ(refusal("dense relu dense(parametrization=standard)"),
            "layer 3 (dense(parametrization=standard)) reads a number of values that is not known (standard "
            "parametrization scales with it) give the width of the layer before it, as in dense(64)");
  EXPECT_EQ(refusal("dense(64) relu dense(parametrization=standard) relu dense"), "no error");
  EXPECT_EQ(refusal("dense concat[dense(3) | relu dense] dense"),
            "branch 2 of layer 2 (concat[dense(3) | relu dense]) has no known width (concat weights its branches by "
            "their widths) give its last dense a width, as in dense(64)");
  // The second round of a repeat reads what the first one wrote.
  EXPECT_EQ(refusal("repeat(2)[dense(parametrization=standard) relu] dense").substr(0, 9), "layer 1.1");
  EXPECT_EQ(refusal("repeat(1)[dense(parametrization=standard) relu] dense"), "no error");
  EXPECT_EQ(refusal("repeat(1000)[concat[identity | identity]] dense"),
            "layer 1.1 (concat[identity | identity]) is wider than 2^53 values");
  EXPECT_EQ(message_of([] { validate(parse_network("dense(parametrization=standard)"), 0); }), "no error");
}

TEST(Validate, DataBuiltByHandKeepsTheDomains) {
  const double infinity = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(refusal(Network{{Dense{{}, -1}}}),
            "layer 1 (dense(weight_std=-1)) has a wrong parameter: weight_std takes a number >= 0, not -1");
  EXPECT_EQ(refusal(Network{{Dense{{}, infinity}}}),
            "layer 1 (dense(weight_std=inf)) has a wrong parameter: weight_std takes a number >= 0, not inf");
  EXPECT_EQ(refusal(Network{{Dense{{}, 1, nan}}}),
            "layer 1 (dense(bias_std=nan)) has a wrong parameter: bias_std takes a number >= 0, not nan");
  EXPECT_EQ(refusal(Network{{Dense{0}}}),
            "layer 1 (dense(0)) has a wrong parameter: width takes a whole number >= 1, not 0");
  EXPECT_EQ(refusal(Network{{Dense{}, Dropout{0}, Dense{}}}),
            "layer 2 (dropout(0)) has a wrong parameter: keep takes a number above 0, at most 1, not 0");
  EXPECT_EQ(refusal(Network{{Repeat{0, {Network{{Dense{}}}}}}}),
            "layer 1 (repeat(0)[dense]) has a wrong parameter: n takes a whole number from 1 to 100000, not 0");
  EXPECT_EQ(refusal(Network{{Repeat{2, {}}}}),
            "layer 1 (repeat(2)[]) has 0 bodies (a repeat has exactly one) give it one network");
  EXPECT_EQ(refusal(Network{{Repeat{2, {Network{}}}}}),
            "layer 1 (repeat(2)[]) repeats nothing (its body is empty) give it a layer");
  EXPECT_EQ(refusal(Network{{Branches{}}}),
            "layer 1 (sum[]) has no branches (it would have no value) give it at least one");
  EXPECT_EQ(refusal(Network{{Branches{Join::sum, {Network{}}}}}),
            "branch 1 of layer 1 (sum[]) is empty (it would have no value) write identity to pass the input on");
  EXPECT_EQ(refusal(Network{{Dense{}, Activation{"rleu", {}}, Dense{}}}),
            "layer 2 (rleu) is no layer: did you mean relu?");
  EXPECT_EQ(refusal(Network{{Dense{}, Activation{"relu", {1}}, Dense{}}}),
            "layer 2 (relu) has 1 parameters (relu takes 0)");
  EXPECT_EQ(refusal(Network{{Dense{}, Activation{"leaky_relu", {}}, Dense{}}}),
            "layer 2 (leaky_relu) has a wrong parameter: slope takes a number, not nothing");
  EXPECT_EQ(refusal(Network{{Dense{}, Activation{"polynomial", {}}, Dense{}}}),
            "layer 2 (polynomial) has 0 parameters (polynomial takes one or more)");
  EXPECT_EQ(refusal(Network{{Dense{}, Activation{"polynomial", {1, nan}}, Dense{}}}),
            "layer 2 (polynomial(1, nan)) has a coefficient that is not finite (nan)");
  EXPECT_EQ(
      refusal(Network{{Repeat{100000, {Network{{Repeat{100000, {Network{{Dense{}}}}}}}}}}}),
      "the network has more than 10000000 layers once every repeat is written out (each is computed) repeat less");
}

TEST(Validate, KernelsAreCheckedThroughout) {
  EXPECT_EQ(kernel_refusal("0.5*gaussian([1, 2, 3, 4, 5, 6, 7]) + ntk[dense relu dense]*nngp[dense]"), "no error");
  EXPECT_EQ(kernel_refusal("gaussian + 2*linear*(cauchy + ntk[dense relu])").substr(0, 24), "the network ends in relu");
  EXPECT_EQ(kernel_refusal("matern32([1, 2])"),
            "matern32 has 2 lengths for 7 features (each feature is divided by its own) give one length, or 7");
  EXPECT_EQ(kernel_refusal("matern32([1, 2])", 0), "no error");
  EXPECT_EQ(kernel_refusal("matern32([1, 2])", 2), "no error");
  const auto built = [](Kernel kernel) { return message_of([&] { validate(kernel, features); }); };
  ClosedKernel polynomial, gaussian;
  polynomial.kind = Closed::polynomial;
  polynomial.degree = 1.5;
  gaussian.lengths = {-1};
  EXPECT_EQ(built({polynomial}),
            "polynomial(1.5, offset=0) has a wrong parameter: degree takes a whole number >= 1, not 1.5");
  EXPECT_EQ(
      built({gaussian}),
      "gaussian(-1) has a wrong parameter: length takes a number > 0, a list [1, 2.5] of them, or @file.npy, not -1");
  EXPECT_EQ(built({KernelSum{}}), "a sum of kernels has no terms (it would be zero) give it at least one");
  EXPECT_EQ(built({KernelProduct{-1, {}}}),
            "a kernel is multiplied by -1 (a kernel's factor is a finite number > 0) take another");
}

TEST(Describe, ListsTheLayersAndWhatIsKnownOfThem) {
  const std::vector<LayerInfo> rows =
      describe(parse_network("repeat(3)[dense(64) relu] concat[identity | dense(6)] dense(bias_std=0.1)"), features);
  const std::vector<LayerInfo> expected = {{"1", "repeat(3)", 0, 3, 64, false},
                                           {"1.1", "dense(64)", 1, 3, 64, true},
                                           {"1.2", "relu", 1, 3, 64, false},
                                           {"2", "concat", 0, 1, 70, false},
                                           {"2.1.1", "identity", 1, 1, 64, false},
                                           {"2.2.1", "dense(6)", 1, 1, 6, true},
                                           {"3", "dense(bias_std=0.1)", 0, 1, std::nullopt, true}};
  EXPECT_EQ(rows, expected);
}

TEST(Describe, CountsThroughNestedRepeatsAndUnknownInputs) {
  const std::vector<LayerInfo> rows = describe(parse_network("dropout(0.9) repeat(2)[repeat(5)[dense relu]] dense"), 0);
  ASSERT_EQ(rows.size(), 6u);
  EXPECT_EQ(rows[0].width, std::nullopt);
  EXPECT_EQ(rows[2].count, 10u);
  EXPECT_EQ(rows[3], (LayerInfo{"2.1.1", "dense", 2, 10, std::nullopt, true}));
  EXPECT_EQ(describe(parse_network("identity dense"), 7)[0].width, 7u);
  EXPECT_EQ(message_of([] { describe(parse_network("dense relu"), 7); }).substr(0, 24), "the network ends in relu");
}

}  // namespace
}  // namespace widenet
