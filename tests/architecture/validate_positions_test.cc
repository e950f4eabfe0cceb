// The rules for networks that know positions, and every message.
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "tests/architecture/message.h"
#include "widenet/architecture/describe.h"
#include "widenet/architecture/kernel.h"

namespace widenet {
namespace {

const Shape image{{6, 5}, 3}, sequence{{5}, 3};

std::string refusal(const std::string& network, const Shape& shape = image) {
  return message_of([&] { validate(parse_network(network), shape); });
}
std::string refusal(Layer layer) {
  return message_of([&] { validate(Network{{std::move(layer), Dense{}}}, image); });
}

// Every kind of network that there are reference numbers for.
TEST(ValidatePositions, AcceptsWhatHasAKernel) {
  for (const char* text :
       {"conv(3x2, padding=same, weight_std=sqrt(2), bias_std=0.1) relu conv(2x3, stride=2x1, padding=same) relu "
        "flatten dense",
        "conv(3x2) relu conv(2x2, stride=1x2) erf global_avg_pool dense(weight_std=1.2, bias_std=0.1)",
        "conv(3x3, padding=same) relu avg_pool(2x3, stride=2x1, padding=same, edges=actual) conv(3x3, padding=same) "
        "relu global_avg_pool dense",
        "conv(3x3, padding=same) relu sum_pool(2x2, stride=1x2, padding=circular) conv(2x2) relu global_sum_pool dense",
        "conv(3x3, padding=same) sum[relu conv(3x3, padding=same) relu conv(3x3, padding=same) | conv(3x3, "
        "padding=same)] avg_pool(2x2, stride=1x1) flatten dense",
        "repeat(2)[conv(3x3, 4, padding=same, parametrization=standard) relu] flatten dense(1, "
        "parametrization=standard)",
        "conv(3x3, parametrization=standard) relu flatten dense",
        "conv_local(2x3, stride=2x1, padding=circular) erf conv_local(3x1, padding=same) relu conv(2x2, padding=same) "
        "global_avg_pool dense",
        "conv(3x3, padding=same) layer_norm(axes=1x3) relu conv(2x2, padding=same) layer_norm(axes=1x2x3) relu "
        "global_avg_pool dense",
        "conv(1x3) relu dot_general([1, -1, 0.5, 2, -0.25, 0.75], contract=1) global_avg_pool dense",
        "conv(2x2) resize(4x8, method=linear, antialias=true) conv(2x2, padding=same) relu global_avg_pool dense",
        "conv(3x3, padding=same) relu index(\"[:, ::2, 1]\") conv(2, padding=same) relu global_avg_pool dense",
        "dense avg_pool(2x2) relu dense",
        "flatten dense relu dense",
        "dense",
        "conv(3x3)",
        "conv(3x3) avg_pool(2x2)",
        "conv(3x3) flatten",
        "dense flatten identity",
        "conv(3x3) aggregate resize(2x2) index(\"[:, 0]\") flatten",
        "sum[dense | conv(3x3, padding=same)] relu dense",
        "sum[dense flatten | conv(3x3) flatten] dense",
        "sum[dense flatten | conv(3x3) flatten]",
        "concat(axis=1)[dense | conv(3x3, padding=same)] relu dense",
        "concat(axis=1)[dense | conv(3x3, padding=same)]",
        "dense sum[avg_pool(2x2) | conv(2x2, stride=2)]"}) {
    EXPECT_EQ(refusal(text), "no error") << text;
  }
  for (const char* text :
       {"conv_transpose(3, stride=2, padding=same) relu conv_transpose(2, stride=2, padding=circular) relu "
        "global_avg_pool dense",
        "conv(2, 3, padding=same) relu attention(heads=2, key=4, value=2, width=4, query_std=0.7, scaling=sqrt, "
        "weights=identity) relu global_avg_pool dense",
        "conv(1, 3) attention(position=concat, position_std=2, position_channels=6, position_decay=inverse:4, "
        "position_power=1, position_in_values=true) flatten dense",
        "attention(position=concat, position_channels=6) relu dense", "attention",
        "dense attention(position=concat) relu dense", "conv(1) attention(position=sum, position_decay=exp:0.5)",
        "repeat(2)[dense(weight_std=sqrt(2), bias_std=0.1) relu aggregate] global_sum_pool dense"}) {
    EXPECT_EQ(refusal(text, sequence), "no error") << text;
  }
}

TEST(ValidatePositions, ShapesAreChecked) {
  EXPECT_EQ(refusal("conv(3x3) relu dense", {{}, 784}),
            "layer 1 (conv(3x3)) got the shape 784 (its window 3x3 has 2 axes) it needs 2 axes of positions before the "
            "channels, as in 8x8x3");
  EXPECT_EQ(refusal("conv(3) relu sum[dense | conv(3) relu conv(2)]", sequence),
            "layer 3.2.3 (conv(2)) got the shape 1xany (its window 2 does not fit into it) it needs at least 2 "
            "positions, or padding=same");
  EXPECT_EQ(refusal("sum[dense | conv(3x3)] relu dense"),
            "layer 1 (sum[dense | conv(3x3)]) got the shapes 6x5xany and 4x3xany from its branches 1 and 2 (they are "
            "joined position by position) it needs the same positions");
  EXPECT_EQ(refusal("conv(3x3) layer_norm(1x2) relu dense"),
            "layer 2 (layer_norm(1x2)) got the shape 4x3xany (the last of its axes is that of the channels) it needs 1 "
            "axis of positions before the channels, as in 8x3");
  EXPECT_EQ(refusal("dense", {{0}, 3}).substr(0, 30), "the input has the shape 0x3 (a");
  EXPECT_EQ(message_of([] { validate(parse_kernel("gaussian + ntk[dense relu flatten conv(3)]"), sequence); }),
            "layer 4 (conv(3)) got the shape any (its window 3 has 1 axis) it needs 1 axis of positions before the "
            "channels, as in 8x3");
  EXPECT_EQ(message_of([] { validate(parse_kernel("gaussian([1, 2])*ntk[conv(3)]"), sequence); }),
            "gaussian has 2 lengths for 15 features (each feature is divided by its own) give one length, or 15");
}

TEST(ValidatePositions, GaussianValuesWhereTheyCount) {
  EXPECT_EQ(refusal("conv(3x3) flatten relu dense"),
            "layer 3 (relu) acts on flatten (an activation's kernel is known for Gaussian values) put a dense between "
            "them");
  EXPECT_EQ(
      refusal("conv(3x3) relu avg_pool(2x2) relu dense"),
      "layer 4 (relu) acts on relu (two nonlinearities in a row have no Gaussian values between them) put a dense "
      "between them");
  EXPECT_EQ(refusal("conv(3x3) relu flatten erf dense").substr(0, 27), "layer 4 (erf) acts on relu ");
  EXPECT_EQ(refusal("conv(3x3) flatten layer_norm dense").substr(0, 37), "layer 3 (layer_norm) acts on flatten ");
  const std::string ending = " (its kernel is that of the Gaussian values behind a dense) add a dense at the end";
  EXPECT_EQ(refusal("conv(3x3) relu global_avg_pool"), "the network ends in relu" + ending);
  EXPECT_EQ(refusal("conv(3x3) flatten dropout(0.5)"), "the network ends in dropout(0.5)" + ending);
  EXPECT_EQ(refusal("avg_pool(2x2) flatten"),
            "the network passes its input on (no dense makes it Gaussian) add a dense");
  EXPECT_EQ(refusal("concat(axis=1)[dense | relu] dense").substr(0, 40), "layer 1.2.1 (relu) acts on the input (an");
  EXPECT_EQ(refusal("dense concat(axis=1)[conv(1x1) | relu] dense"),
            "branch 2 of layer 2 (concat(1)[conv(1x1) | relu]) ends in relu (a concat along positions is Gaussian only "
            "if all its branches are) end it with a dense");
  EXPECT_EQ(refusal("dense concat(axis=1)[avg_pool(2x1) | identity] dense"),
            "branches 1 and 2 of layer 2 (concat(1)[avg_pool(2x1) | identity]) have no dense (without weights of their "
            "own they are not independent, and the kernel is not the concat of theirs) put a dense into one of them");
  EXPECT_EQ(refusal("sum[dense flatten | conv(3x3) flatten] relu dense").substr(0, 61),
            "layer 2 (relu) acts on sum[dense flatten | conv(3x3) flatten]");
}

TEST(ValidatePositions, WidthsAreKnownWhereTheyCount) {
  EXPECT_EQ(refusal("conv(3x3) relu conv(3x3, parametrization=standard)"),
            "layer 3 (conv(3x3, parametrization=standard)) reads a number of values that is not known (standard "
            "parametrization scales with it) give the width of the layer before it, as in dense(64)");
  EXPECT_EQ(refusal("dense attention(position=concat, position_channels=6)"),
            "layer 2 (attention(position=concat, position_channels=6)) reads a number of channels that is not known "
            "(concat weights them and the position_channels by their numbers) give the width of the layer before it, "
            "as in dense(64)");
  EXPECT_EQ(refusal("dense concat[conv(1x1) | dense(3)] dense").substr(0, 44),
            "branch 1 of layer 2 (concat[conv(1x1) | dens");
  EXPECT_EQ(refusal("conv(3x3) flatten dense(parametrization=standard)").substr(0, 8), "layer 3 ");
  EXPECT_EQ(refusal("conv(3x3, parametrization=standard)", {{6, 5}, 0}), "no error");
}

TEST(ValidatePositions, OptionsGoTogether) {
  EXPECT_EQ(refusal("attention(scaling=sqrt) dense"),
            "layer 1 (attention(scaling=sqrt)) has sqrt scaling without weights=identity (its scores stay random in "
            "the limit, and their mean is known for the identity alone) take scaling=linear, or weights=identity");
  for (const char* idle : {"position_std=2", "position_decay=exp:1", "position_in_values=true"}) {
    const std::string text = std::string("attention(") + idle + ")", name(idle, std::string(idle).find('='));
    EXPECT_EQ(refusal(text), "layer 1 (" + text + ") gives " + name +
                                 ", which has no effect (position=none has none) take position=sum or concat");
  }
  EXPECT_EQ(refusal("attention(position_channels=2)"),
            "layer 1 (attention(position_channels=2)) gives position_channels, which has no effect (position=none has "
            "none) take position=concat");
  EXPECT_EQ(refusal("attention(position=sum, position_channels=2)"),
            "layer 1 (attention(position=sum, position_channels=2)) gives position_channels, which has no effect "
            "(position=sum has none) take position=concat");
  EXPECT_EQ(refusal("attention(position=sum, position_power=1)"),
            "layer 1 (attention(position=sum, position_power=1)) gives position_power, which has no effect (without a "
            "decay there is no distance) give position_decay");
  EXPECT_EQ(refusal("conv(3x3, stride=1x1x1)"),
            "layer 1 (conv(3x3, stride=1x1x1)) has 3 strides for the 2 axes of its window (there is one per axis) give "
            "one for all, or 2");
  EXPECT_EQ(refusal("avg_pool(3, stride=2x2)", sequence).substr(0, 49),
            "layer 1 (avg_pool(3, 2x2)) has 2 strides for the ");
  EXPECT_EQ(
      refusal("dense index(\"[0, :]\")"),
      "layer 2 (index(\"[0, :]\")) selects samples (a kernel compares all that it is given) write : for the first "
      "axis, as in [:, ::2]");
}

TEST(ValidatePositions, DataBuiltByHandKeepsTheDomains) {
  const std::string extents = "takes one to three whole numbers >= 1, as in 3, 3x3 or 3x3x3, not ";
  EXPECT_EQ(refusal(Conv{}), "layer 1 (conv) has a wrong parameter: window " + extents);
  EXPECT_EQ(refusal(Conv{ConvKind::local, {3, 0}}),
            "layer 1 (conv_local(3x0)) has a wrong parameter: window " + extents + "3x0");
  EXPECT_EQ(refusal(Conv{ConvKind::shared, {3, 3}, {0, 0}}),
            "layer 1 (conv(3x3, stride=0)) has a wrong parameter: stride " + extents + "0");
  EXPECT_EQ(refusal(Pool{true, {2, 2}, {}, Padding::same, Edges::actual}),
            "layer 1 (sum_pool(2x2, padding=same)) divides by what lies inside the window (a sum divides by nothing) "
            "take avg_pool");
  EXPECT_EQ(refusal(LayerNorm{{2, 2}}),
            "layer 1 (layer_norm(2x2)) has a wrong parameter: axes takes channels or "
            "different axes, whole numbers >= 1 as in 1x3, not 2x2");
  Attention attention;
  attention.position_decay = {PositionDecay::Kind::exp, -1};
  EXPECT_EQ(refusal(attention),
            "layer 1 (attention(position_decay=exp:-1)) has a wrong parameter: position_decay takes none, exp:c or "
            "inverse:c with a number c >= 0, not exp:-1");
  EXPECT_EQ(refusal(DotGeneral{"", 1, {2, 2}, {1, 2, 3}}),
            "layer 1 (dot_general([[1, 2], [3]], 1)) has a wrong parameter: constant takes a list of numbers, a matrix "
            "[[1, 2], [3, 4]], or @file.npy, not the matrix [[1, 2], [3]]");
  EXPECT_EQ(refusal(DotGeneral{"", 1, {3}, {1, 2}}),
            "layer 1 (dot_general([1, 2], 1)) has 2 numbers for the shape (3) (a vector or a matrix, row by row, is "
            "wanted) give as many as it holds");
  const std::string slices =
      " has a wrong parameter: slices takes slices of samples and positions in quotes, as in \"[:, ::2, 1]\", not the "
      "text ";
  EXPECT_EQ(refusal(Index{}), "layer 1 (index(\"[]\"))" + slices + "\"[]\"");
  EXPECT_EQ(refusal(Index{{Slice{}, Slice{{}, {}, 0, false}}}),
            "layer 1 (index(\"[:, ::0]\"))" + slices + "\"[:, ::0]\"");
  EXPECT_EQ(refusal(Index{{Slice{}, Slice{{}, {}, 1, true}}}), "layer 1 (index(\"[:, ]\"))" + slices + "\"[:, ]\"");
  EXPECT_EQ(refusal(Branches{Join::sum, {Network{{Dense{}}}}, 1}),
            "layer 1 (sum[dense]) has an axis (only concat joins along one) take concat, or leave the axis out");
}

TEST(DescribePositions, RowsHoldShapes) {
  const std::vector<LayerInfo> rows =
      describe(parse_network("repeat(2)[conv(3x3, 8, padding=same, stride=2) relu] flatten dense"), Shape{{32, 30}, 3});
  const std::vector<LayerInfo> expected = {{"1", "repeat(2)", 0, 2, 8, false, {8, 8}},
                                           {"1.1", "conv(3x3, 8, 2, same)", 1, 2, 8, true, {8, 8}},
                                           {"1.2", "relu", 1, 2, 8, false, {8, 8}},
                                           {"2", "flatten", 0, 1, 512, false, {}},
                                           {"3", "dense", 0, 1, std::nullopt, true, {}}};
  EXPECT_EQ(rows, expected);
}

}  // namespace
}  // namespace widenet
