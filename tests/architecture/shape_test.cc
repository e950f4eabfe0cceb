// What layers make of shapes, and the message for every shape that one cannot read.
#include "widenet/architecture/shape.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>
#include <string>

#include "tests/architecture/generate.h"
#include "tests/architecture/message.h"
#include "widenet/architecture/describe.h"
#include "widenet/architecture/kernel.h"

namespace widenet {
namespace {

const Shape image{{6, 5}, 3}, sequence{{5}, 3}, vector{{}, 7};

std::string after(const std::string& network, const Shape& shape = image) {
  return to_text(shape_after(parse_network(network), shape));
}
std::string refusal(const std::string& network, const Shape& shape = image) {
  return message_of([&] { shape_after(parse_network(network), shape); });
}

TEST(Shape, IsWrittenWithItsChannelsLast) {
  EXPECT_EQ(to_text(image), "6x5x3");
  EXPECT_EQ(to_text(vector), "7");
  EXPECT_EQ(to_text(Shape{{32, 32}, 0}), "32x32xany");
  EXPECT_EQ(to_text(Shape{}), "any");
}

TEST(Shape, OfConvolutions) {
  EXPECT_EQ(after("conv(3x3)"), "4x3xany");
  EXPECT_EQ(after("conv(3x2, 8)"), "4x4x8");
  EXPECT_EQ(after("conv(6x5)"), "1x1xany");
  EXPECT_EQ(after("conv(3x3, stride=2)"), "2x2xany");
  EXPECT_EQ(after("conv(2x3, stride=2x1, padding=same)"), "3x5xany");
  EXPECT_EQ(after("conv(9x9, stride=4, padding=same)"), "2x2xany");
  EXPECT_EQ(after("conv_local(3x2, stride=1x3, padding=circular)"), "6x2xany");
  EXPECT_EQ(after("conv(3)", sequence), "3xany");
  EXPECT_EQ(after("conv(2x2x2)", {{4, 5, 6}, 1}), "3x4x5xany");
  EXPECT_EQ(after("dense", image), "6x5xany");
  EXPECT_EQ(after("conv_transpose(3, 4, stride=2, padding=same)", sequence), "10x4");
  EXPECT_EQ(after("conv_transpose(3, stride=2, padding=circular)", sequence), "10xany");
  EXPECT_EQ(after("conv_transpose(3, stride=2)", sequence), "11xany");
  EXPECT_EQ(after("conv_transpose(2, stride=3)", sequence), "15xany");
  EXPECT_EQ(after("conv_transpose(4)", sequence), "8xany");
}

// The last place of a valid window lies inside and the next one does not; places of other paddings begin inside.
RC_GTEST_PROP(Shape, PlacesOfAWindow, ()) {
  const auto n = *rc::gen::inRange<std::size_t>(1, 40), k = *rc::gen::inRange<std::size_t>(1, 45),
             s = *rc::gen::inRange<std::size_t>(1, 10);
  std::size_t inside = 0, begun = 0;
  for (std::size_t at = 0; at < n; at += s) {
    if (at + k <= n) ++inside;
    ++begun;
  }
  RC_ASSERT(places(n, k, s, Padding::valid).value_or(0) == inside);
  RC_ASSERT(places(n, k, s, Padding::same) == begun);
  RC_ASSERT(places(n, k, s, Padding::circular) == begun);
  // The transposed map goes back: what it makes of n positions, the window with its stride takes to n again.
  for (const Padding padding : {Padding::valid, Padding::same, Padding::circular}) {
    RC_ASSERT(places(spread(n, k, s, padding), k, s, padding) == n);
  }
}

TEST(Shape, OfPoolsAndWhatFollows) {
  EXPECT_EQ(after("avg_pool(2x2)"), "3x2x3");
  EXPECT_EQ(after("sum_pool(2x2, padding=same)"), "3x3x3");
  EXPECT_EQ(after("avg_pool(2x3, stride=1)"), "5x3x3");
  EXPECT_EQ(after("global_avg_pool"), "3");
  EXPECT_EQ(after("dense global_sum_pool"), "any");
  EXPECT_EQ(after("flatten"), "90");
  EXPECT_EQ(after("conv(1x1) flatten"), "any");
  EXPECT_EQ(after("flatten", vector), "7");
  EXPECT_EQ(after("layer_norm(1x3) relu dropout(0.5) identity"), "6x5x3");
  EXPECT_EQ(after("attention(width=4)"), "6x5x4");
  EXPECT_EQ(after("attention", sequence), "5xany");
  EXPECT_EQ(after("aggregate", sequence), "5x3");
}

TEST(Shape, OfMapsOfOneAxis) {
  EXPECT_EQ(after("dot_general([1, -1, 0.5, 2, -0.25, 0.75], 1)"), "5x3");
  EXPECT_EQ(after("dot_general([[1, 2, 3, 4, 5], [1, 2, 3, 4, 5]], 2)"), "6x2x3");
  EXPECT_EQ(after("resize(4x8)"), "4x8x3");
  EXPECT_EQ(after("index(\"[:, ::2, 1]\")"), "3x3");
  EXPECT_EQ(after("index(\"[:, -1, -1]\")"), "3");
  EXPECT_EQ(after("index(\"[:]\")"), "6x5x3");
  EXPECT_EQ(after("index(\"[:, 1:6:2, ::-1]\")"), "3x5x3");
  EXPECT_EQ(after("index(\"[:, -100:100, 3:0:-2]\")"), "6x2x3");
  EXPECT_EQ(after("index(\"[:, :, -9223372036854775808::9223372036854775807]\")"), "6x1x3");
  EXPECT_EQ(after("index(\"[:, ::-9223372036854775808]\")"), "1x5x3");
}

// Against the definition: begin, begin + step, ... counted one by one.
RC_GTEST_PROP(Shape, SlicesCountAsNumpyDoes, ()) {
  const auto n = *rc::gen::inRange<long>(1, 12);
  Slice slice;
  if (*rc::gen::arbitrary<bool>()) slice.begin = *rc::gen::inRange<long>(-15, 15);
  if (*rc::gen::arbitrary<bool>()) slice.end = *rc::gen::inRange<long>(-15, 15);
  slice.step = *rc::gen::element<long>(-4, -3, -2, -1, 1, 2, 3, 4);
  const auto wrapped = [&](long i) { return i < 0 ? i + n : i; };
  const bool forward = slice.step > 0;
  const long end = slice.end ? wrapped(*slice.end) : (forward ? n : -1);
  long at = slice.begin ? wrapped(*slice.begin) : (forward ? 0 : n - 1);
  if (forward && at < 0) at = 0;
  if (!forward && at > n - 1) at = n - 1;
  std::set<long> taken;
  for (; forward ? at < std::min(end, n) : at > std::max(end, -1L); at += slice.step) taken.insert(at);
  const Network network{{Index{{Slice{}, slice}}}};
  const Shape shape{{static_cast<std::size_t>(n)}, 1};
  if (taken.empty()) {
    RC_ASSERT(message_of([&] { shape_after(network, shape); }).find("is empty") != std::string::npos);
  } else {
    RC_ASSERT(shape_after(network, shape).positions == Window{taken.size()});
  }
}

TEST(Shape, OfBrackets) {
  EXPECT_EQ(after("repeat(2)[conv(2x2) relu]"), "4x3xany");
  EXPECT_EQ(after("repeat(100000)[conv(3x3, padding=same) relu]"), "6x5xany");
  EXPECT_EQ(after("repeat(2)[conv_transpose(2x2, stride=2)]"), "24x20xany");
  EXPECT_EQ(after("sum[conv(3x3, 4, padding=same) | dense]"), "6x5x4");
  EXPECT_EQ(after("sum[dense | dense(4)]"), "6x5x4");
  EXPECT_EQ(after("product[relu | identity]"), "6x5x3");
  EXPECT_EQ(after("concat[dense(4) | identity]"), "6x5x7");
  EXPECT_EQ(after("concat[dense | identity]"), "6x5xany");
  EXPECT_EQ(after("concat(axis=1)[dense(3) | conv(3x3, 3, padding=same, stride=2x1)]"), "9x5x3");
  EXPECT_EQ(after("concat(axis=2)[identity | identity | index(\"[:, :, 1:3]\")]"), "6x12x3");
}

TEST(Shape, OfNamedNetworks) {
  for (const char* name : {"myrtle5", "myrtle7", "myrtle10", "cntk(5)", "cntk(3, pool=flatten)", "wide_resnet(2)"}) {
    EXPECT_EQ(after(name, {{32, 32}, 3}), "any") << name;
    EXPECT_EQ(message_of([&] { validate(parse_network(name), Shape{{32, 32}, 3}); }), "no error") << name;
  }
  const std::vector<Shape> shapes = shapes_after(parse_network("myrtle5"), {{32, 32}, 3});
  ASSERT_EQ(shapes.size(), 10u);
  EXPECT_EQ(to_text(shapes[0]), "32x32xany");
  EXPECT_EQ(to_text(shapes[1]), "16x16xany");
  EXPECT_EQ(to_text(shapes[7]), "1x1xany");
  EXPECT_EQ(to_text(shapes[8]), "any");
  EXPECT_EQ(refusal("myrtle5", {{16, 16}, 3}),
            "layer 8.1 (avg_pool(2x2)) got the shape 1x1xany (its window 2x2 does not fit into it) it needs at least "
            "2x2 positions, or padding=same");
}

TEST(Shape, OfOneLayer) {
  EXPECT_EQ(shape_after(Layer(Flatten{}), image), (Shape{{}, 90}));
  EXPECT_EQ(message_of([] { shape_after(Layer(GlobalPool{}), vector); }),
            "global_avg_pool got the shape 7 (there are no positions to pool) it needs at least 1 axis of positions "
            "before the channels, as in 8x3");
}

TEST(Shape, ThatALayerCannotReadIsRefused) {
  const auto positions = [](const char* what) {
    return std::string(" got the shape 7 (there are no positions to ") + what +
           ") it needs at least 1 axis of positions before the channels, as in 8x3";
  };
  EXPECT_EQ(refusal("dense relu conv(3x3)", vector),
            "layer 3 (conv(3x3)) got the shape any (its window 3x3 has 2 axes) it needs 2 axes of positions before the "
            "channels, as in 8x8x3");
  EXPECT_EQ(refusal("conv(3)"),
            "layer 1 (conv(3)) got the shape 6x5x3 (its window 3 has 1 axis) it needs 1 axis of positions before the "
            "channels, as in 8x3");
  EXPECT_EQ(refusal("conv_transpose(2x2)", sequence),
            "layer 1 (conv_transpose(2x2)) got the shape 5x3 (its window 2x2 has 2 axes) it needs 2 axes of positions "
            "before the channels, as in 8x8x3");
  EXPECT_EQ(refusal("conv(3x6)"),
            "layer 1 (conv(3x6)) got the shape 6x5x3 (its window 3x6 does not fit into it) it needs at least 3x6 "
            "positions, or padding=same");
  EXPECT_EQ(refusal("repeat(2)[conv(4x4) relu]"),
            "layer 1.1 (conv(4x4)) got the shape 3x2xany (its window 4x4 does not fit into it) it needs at least 4x4 "
            "positions, or padding=same");
  EXPECT_EQ(refusal("dense sum[identity | relu avg_pool(2)]"),
            "layer 2.2.2 (avg_pool(2)) got the shape 6x5xany (its window 2 has 1 axis) it needs 1 axis of positions "
            "before the channels, as in 8x3");
  EXPECT_EQ(refusal("global_sum_pool", vector), "layer 1 (global_sum_pool)" + positions("pool"));
  EXPECT_EQ(refusal("attention", vector), "layer 1 (attention)" + positions("attend to"));
  EXPECT_EQ(refusal("aggregate", vector), "layer 1 (aggregate)" + positions("take as the nodes of a graph"));
  EXPECT_EQ(refusal("layer_norm(1x2)"),
            "layer 1 (layer_norm(1x2)) got the shape 6x5x3 (the last of its axes is that of the channels) it needs 1 "
            "axis of positions before the channels, as in 8x3");
  EXPECT_EQ(refusal("layer_norm(3)", vector),
            "layer 1 (layer_norm(3)) got the shape 7 (the last of its axes is that of the channels) it needs 2 axes of "
            "positions before the channels, as in 8x8x3");
  EXPECT_EQ(refusal("dot_general([1, 2], 3)"),
            "layer 1 (dot_general([1, 2], 3)) got the shape 6x5x3 (it contracts axis 3 of the positions) it needs at "
            "least 3 axes of positions before the channels, as in 8x8x8x3");
  EXPECT_EQ(refusal("dot_general([1, 2], 1)"),
            "layer 1 (dot_general([1, 2], 1)) got the shape 6x5x3 (its constant has 2 numbers) it needs 2 positions "
            "along axis 1");
  EXPECT_EQ(refusal("dot_general([[1, 2], [3, 4]], 2)"),
            "layer 1 (dot_general([[1, 2], [3, 4]], 2)) got the shape 6x5x3 (its constant has 2 columns) it needs 2 "
            "positions along axis 2");
  EXPECT_EQ(refusal("resize(4)"),
            "layer 1 (resize(4)) got the shape 6x5x3 (its shape 4 has 1 axis) it needs 1 axis of positions before the "
            "channels, as in 8x3");
}

TEST(Shape, ThatAnIndexCannotReadIsRefused) {
  EXPECT_EQ(
      refusal("index(\"[:, :, :, 0]\")"),
      "layer 1 (index(\"[:, :, :, 0]\")) got the shape 6x5x3 (it indexes 3 axes of positions, and channels cannot "
      "be) it needs at least 3 axes of positions before the channels, as in 8x8x8x3");
  EXPECT_EQ(refusal("index(\"[:, 6]\")"),
            "layer 1 (index(\"[:, 6]\")) got the shape 6x5x3 (axis 1 has no position 6) it needs that position");
  EXPECT_EQ(refusal("index(\"[:, :, -6]\")"),
            "layer 1 (index(\"[:, :, -6]\")) got the shape 6x5x3 (axis 2 has no position -6) it needs that position");
  EXPECT_EQ(refusal("index(\"[:, 4:2]\")"),
            "layer 1 (index(\"[:, 4:2]\")) got the shape 6x5x3 (its slice of axis 1 is empty) it needs a position "
            "inside each slice");
}

TEST(Shape, OfBranchesThatDoNotGoTogetherIsRefused) {
  EXPECT_EQ(refusal("sum[identity | conv(3x3)]"),
            "layer 1 (sum[identity | conv(3x3)]) got the shapes 6x5x3 and 4x3xany from its branches 1 and 2 (they are "
            "joined position by position) it needs the same positions");
  EXPECT_EQ(refusal("product[dense | dense(4) | dense | identity]"),
            "layer 1 (product[dense | dense(4) | dense | identity]) got the shapes 6x5x4 and 6x5x3 from its branches 2 "
            "and 4 (they are joined channel by channel) it needs the same number of channels");
  EXPECT_EQ(refusal("concat[identity | global_avg_pool]"),
            "layer 1 (concat[identity | global_avg_pool]) got the shapes 6x5x3 and 3 from its branches 1 and 2 (they "
            "are joined position by position) it needs the same positions");
  EXPECT_EQ(refusal("concat(axis=2)[identity | avg_pool(2x1)]"),
            "layer 1 (concat(2)[identity | avg_pool(2x1)]) got the shapes 6x5x3 and 3x5x3 from its branches 1 and 2 "
            "(they are laid end to end) it needs the same positions along all other axes");
  EXPECT_EQ(refusal("concat(axis=1)[identity | dense(4)]"),
            "layer 1 (concat(1)[identity | dense(4)]) got the shapes 6x5x3 and 6x5x4 from its branches 1 and 2 (they "
            "are joined channel by channel) it needs the same number of channels");
  EXPECT_EQ(refusal("concat(axis=3)[identity | dense]"),
            "layer 1 (concat(3)[identity | dense]) got the shape 6x5x3 (it joins its branches along axis 3 of "
            "positions) it needs at least 3 axes of positions before the channels, as in 8x8x8x3");
}

TEST(Shape, ThatIsNoneOrTooLargeIsRefused) {
  EXPECT_EQ(refusal("dense", {{6, 0}, 3}),
            "the input has the shape 6x0x3 (an axis without positions holds nothing) give whole numbers >= 1");
  const std::size_t huge = std::size_t{1} << 40U;
  EXPECT_EQ(refusal("dense", {{huge, huge}, 3}),
            "the input has the shape 1099511627776x1099511627776x3 (more than 2^53 positions) give a smaller one");
  EXPECT_EQ(refusal("repeat(60)[conv_transpose(2, stride=2)]", sequence),
            "layer 1.1 (conv_transpose(2, stride=2)) makes more than 2^53 positions");
  EXPECT_EQ(refusal("resize(2000000x2000000x2000000)", {{2, 2, 2}, 1}),
            "layer 1 (resize(2000000x2000000x2000000)) makes more than 2^53 positions");
  EXPECT_EQ(refusal("repeat(60)[concat(axis=1)[identity | identity]]", sequence),
            "layer 1.1 (concat(1)[identity | identity]) makes more than 2^53 positions");
  EXPECT_EQ(refusal("dense(9007199254740992) flatten"), "layer 2 (flatten) is wider than 2^53 values");
}

// Any network on any shape has one shape behind every layer or is refused with a message, and the rules of kernels see
// the same shapes.
RC_GTEST_PROP(Shape, OfAnyNetworkIsKnownOrRefused, ()) {
  Network network = random_network(2);
  network.layers.emplace_back(Dense{});
  Shape shape{{}, *rc::gen::inRange<std::size_t>(0, 4)};
  for (int a = *rc::gen::inRange(0, 4); a > 0; --a) shape.positions.push_back(*rc::gen::inRange<std::size_t>(1, 9));
  RC_LOG() << to_text(shape) << ": " << to_text(network);
  std::vector<Shape> shapes;
  try {
    shapes = shapes_after(network, shape);
    RC_ASSERT(shape_after(network, shape) == shapes.back());
  } catch (const Error& error) {
    RC_ASSERT(error.fault() == Fault::usage);
    RC_ASSERT(message_of([&] { validate(network, shape); }) != "no error");
    return;
  }
  std::vector<Shape> seen;
  try {
    for (const LayerInfo& row : describe(network, shape)) {
      if (row.depth == 0) seen.push_back({row.positions, row.width.value_or(0)});
    }
  } catch (const Error& error) {
    RC_ASSERT(error.fault() == Fault::usage);
    return;
  }
  RC_ASSERT(seen == shapes);
}

TEST(Shape, TellsWhoReadsPositions) {
  for (const char* text : {"dense relu dense", "dense layer_norm dropout(0.5) relu dense", "sum[dense | identity]",
                           "repeat(2)[concat[dense(2) | dense(3)]]"}) {
    EXPECT_FALSE(reads_positions(parse_network(text))) << text;
  }
  for (const char* text : {"conv(3)", "avg_pool(2)", "global_avg_pool", "flatten", "layer_norm(1x2)", "attention",
                           "aggregate", "dot_general([1], 1)", "resize(3)", "index(\"[:]\")",
                           "repeat(2)[dense flatten]", "sum[dense | conv(1)]", "concat(axis=1)[dense | dense]"}) {
    EXPECT_TRUE(reads_positions(parse_network(text))) << text;
  }
}

}  // namespace
}  // namespace widenet
