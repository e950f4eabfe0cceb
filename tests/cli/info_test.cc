// widenet info: models, tables, plans.
#include "tests/cli/run.h"

namespace widenet::testing {
namespace {

class CliInfo : public Cli {};

TEST_F(CliInfo, PlansTheCollapse) {
  const auto object = json("info 'ntk[repeat(3)[dense relu] dense]' --input-shape 28x28");
  EXPECT_EQ(object.at("kind"), "kernel");
  const auto& part = object.at("parts").at(0);
  EXPECT_EQ(part.at("layers").size(), 4U);
  EXPECT_EQ(part.at("layers").at(1).at("times"), 3);
  EXPECT_PRED2(contains, part.at("path").dump(), "collapse to one polynomial");
  EXPECT_GT(part.at("operations_per_entry").get<double>(), 2 * 784);
}

TEST_F(CliInfo, SaysWhyThereIsNoCollapse) {
  const auto path = [&](const std::string& expression) {
    return json("info '" + expression + "'").at("parts").at(0).at("path").dump();
  };
  EXPECT_PRED2(contains, path("ntk[dense(bias_std=0.1) relu dense]"), "dense(bias_std=0.1) has a bias");
  EXPECT_PRED2(contains, path("ntk[dense erf dense]"), "erf is not of the relu family");
  EXPECT_PRED2(contains, path("ntk[dense tanh dense]"), "table of Chebyshev series");
}

TEST_F(CliInfo, AcceptsANetworkAndSumsOfKernels) {
  EXPECT_EQ(json("info 'repeat(2)[dense relu] dense'").at("kind"), "network");
  const Outcome sum = run("info '0.5*gaussian + ntk[dense relu dense]*laplacian1'");
  EXPECT_EQ(sum.code, 0) << sum.err;
  for (const char* text : {"the 3 parts below", "3 d and one map", "2 d and one map", "Gaussian"})
    EXPECT_PRED2(contains, sum.out, std::string(text));
}

TEST_F(CliInfo, ShowsTheShapesOfANetworkOfImages) {
  const auto object = json("info 'ntk[myrtle5]' --input-shape 32x32x3");
  const auto& layers = object.at("parts").at(0).at("layers");
  ASSERT_EQ(layers.size(), 13U);
  EXPECT_EQ(layers.at(3).at("layer"), "avg_pool(2x2)");
  EXPECT_EQ(layers.at(3).at("positions"), (nlohmann::json{16, 16}));
  EXPECT_EQ(layers.at(11).at("positions"), nlohmann::json::array());
  const std::string path = object.at("parts").at(0).at("path").dump();
  for (const char* part : {"3969 displacements", "5 pools on the way", "2166784 steps through activations"})
    EXPECT_PRED2(contains, path, std::string(part));
  const std::string residual =
      json("info 'ntk[wide_resnet(2)]' --input-shape 32x32x3").at("parts").at(0).at("path").dump();
  for (const char* part : {"225 displacements", "1 pool on the way"})
    EXPECT_PRED2(contains, residual, std::string(part));
  for (const auto& [network, reason] : std::vector<std::pair<std::string, std::string>>{
           {"conv(3x3) product[relu dense | relu dense] flatten dense", "product is not done that way"},
           {"conv(3x3) conv_transpose(2x2, stride=2) relu flatten dense", "stride=2) is not done that way"},
           {"conv(3x3) relu conv(3x3, padding=circular) relu flatten dense", "a circular convolution beside another"},
           {"conv(3x3) tanh global_avg_pool dense", "an activation by table at most pairs of positions is not"},
           {"conv(3x3) sum[conv(4x4) | conv(2x2, stride=3)] flatten dense", "sum is not done that way"},
           {"conv(3x3) relu conv(3x3)", "an end without flatten or global pooling is not"}}) {
    const std::string plain =
        json("info 'ntk[" + network + "]' --input-shape 6x6x1").at("parts").at(0).at("path").dump();
    EXPECT_PRED2(contains, plain, std::string("Plainly, one pair"));
    EXPECT_PRED2(contains, plain, reason);
    EXPECT_PRED2(contains, plain, std::string("1 MiB per process for what runs at once"));
  }
  const Outcome text = run("info 'wide_resnet(2)' --input-shape 32x32x3");
  EXPECT_EQ(text.code, 0) << text.err;
  for (const char* part : {"shape", "sum", "32x32xany", "16x16xany", "conv(3x3, stride=2, padding=same)"})
    EXPECT_PRED2(contains, text.out, std::string(part));
  EXPECT_PRED2(contains, run("info 'conv(3x3, 8) relu flatten dense' --input-shape 5x5x3").out, "3x3x8");
  folder.write("net.txt", "# a net\nntk[conv(3) relu  # five positions\n global_avg_pool dense]\n");
  EXPECT_EQ(json("info @net.txt --input-shape 5x3").at("expression"), "ntk[conv(3) relu global_avg_pool dense]");
}

TEST_F(CliInfo, RefusesShapesThatDoNotFit) {
  expect_failure("info 'ntk[cntk(3)]'", 2, "the shape of a sample is not known");
  expect_failure("info 'ntk[cntk(3)]' --input-shape 784", 2,
                 "layer 1 (conv(3x3, padding=same, weight_std=sqrt(2), trained=false)) got the shape 784");
  expect_failure("info myrtle5 --input-shape 16x16x3", 2, "got the shape 1x1xany");
}

TEST_F(CliInfo, CountsATable) {
  folder.write("gaps.csv", "a,b\n1,x\n,y\n3,\n");
  const auto object = json("info gaps.csv");
  EXPECT_EQ(object.at("kind"), "table");
  EXPECT_EQ(object.at("rows"), 3);
  EXPECT_EQ(object.at("missing"), 2);
  EXPECT_EQ(object.at("columns").at(0).at("mean"), 2);
  EXPECT_EQ(object.at("columns").at(1).at("kind"), "text");
  EXPECT_EQ(object.at("columns").at(1).at("distinct"), 2);
}

TEST_F(CliInfo, DescribesAModel) {
  ASSERT_EQ(run("fit houses.csv --target price --kernel gaussian --ridge 0.1 --out m.model").code, 0);
  const auto object = json("info m.model");
  EXPECT_EQ(object.at("kind"), "model");
  EXPECT_EQ(object.at("task"), "regression");
  EXPECT_EQ(object.at("columns").size(), 3U);
  EXPECT_EQ(object.at("columns").at(1).at("categories"), (nlohmann::json{"Basel", "Bern"}));
  EXPECT_TRUE(object.at("metrics").contains("loo"));
  EXPECT_EQ(object.at("format_version"), 2);
  EXPECT_PRED2(contains, run("info m.model").out, "version 2");
}

TEST_F(CliInfo, AFileWinsOverAnExpression) {
  folder.write("linear", "a,b\n1,2\n3,4\n");
  const Outcome outcome = run("info linear");
  EXPECT_PRED2(contains, outcome.out, "2 rows, 2 columns");
  EXPECT_PRED2(contains, outcome.err, "is an expression as well");
  EXPECT_EQ(run("info linear --quiet").err, "");
  EXPECT_EQ(json("info ' linear'").at("kind"), "kernel");
  // A word that is a kernel and a layer too.
  EXPECT_EQ(json("info gaussian").at("kind"), "kernel");
}

TEST_F(CliInfo, RefusesWhatIsNeither) {
  expect_failure("info nothing.csv", 1, "there is no file 'nothing.csv'");
  expect_failure("info lineer", 2, "did you mean linear?");
  expect_failure("info linear --input-shape 3y", 2, "--input-shape '3y' is no shape");
  expect_failure("info linear --input-shape 0", 2, "is no shape");
  expect_failure("info houses.csv --input-shape 3", 2, "--input-shape belongs to an expression");
}

}  // namespace
}  // namespace widenet::testing
