// Networks with positions put together at random from every layer, as text. Not all of them fit a shape.
#pragma once

#include <string>
#include <vector>

#include "tests/support/hard_rows.h"

namespace widenet::testing_support {

// For samples of one, two or three axes of positions.
struct RandomPositions {
  Random& random;
  std::size_t axes = 2;
  std::vector<std::string> activations = {"relu", "erf", "abrelu(0.2, -0.9)", "cos", "tanh", "gelu"};

  std::string one_of(const std::vector<std::string>& texts) { return texts[below(random, texts.size())]; }
  std::string options() {
    return one_of(
        {"", ", weight_std=1.3", ", bias_std=0.2", ", trained=false", ", bias_std=0.1, parametrization=standard"});
  }
  std::string window() {
    const std::vector<std::string> all[] = {{"3", "2", "4"}, {"3x2", "2x2", "1x3"}, {"2x2x1", "1x2x2", "3x1x2"}};
    return one_of(all[axes - 1]);
  }
  std::string padding() { return ", padding=" + one_of({"valid", "same", "circular"}); }
  std::string stride() {
    const std::string strides[] = {", stride=2", ", stride=2x1", ", stride=1x2x1"};
    return one_of({"", strides[axes - 1], ", stride=1"});
  }
  // A layer with weights; its width is always known.
  std::string weights() {
    const std::string kind = one_of({"conv", "conv", "conv_local", "conv_transpose"});
    switch (below(random, 4)) {
      case 0:
        return "dense(4" + options() + ")";
      case 1:
        return attention();
      default:
        return kind + "(" + window() + ", 4" + padding() + stride() + options() + ")";
    }
  }
  std::string attention() {
    const std::string seen =
        one_of({"", "", ", position=sum, position_std=0.7", ", position=concat, position_channels=2",
                ", position=sum, position_in_values=true",
                ", position=concat, position_channels=3, position_in_values=true"}) +
        one_of({"", ", position_decay=inverse:2", ", position_decay=exp:0.5, position_power=1"});
    const std::string weights =
        one_of({"", ", weights=identity", ", weights=abs", ", weights=relu", ", scaling=sqrt, weights=identity"});
    return "attention(width=4, query_std=0.9, value_std=1.1, output_std=0.8" + one_of({"", ", bias_std=0.2"}) +
           weights + (seen.starts_with(", position=") ? seen : "") + ")";
  }
  std::string pool() { return one_of({"avg_pool(", "sum_pool("}) + window() + padding() + stride() + ")"; }
  std::string linear() {
    const std::string resized[] = {"5", "4x3", "3x2x2"}, shrunk[] = {"2", "3x2", "2x1x2"};
    const std::string slices[] = {"[:, ::-1]", "[:, ::-1, 1:]", "[:, 1:, :, ::-2]"};
    const std::string method = one_of({"", ", method=nearest", ", method=cubic", ", antialias=false"});
    return one_of({"identity", pool(), pool(), "avg_pool(" + window() + ", padding=same, edges=actual)",
                   "resize(" + one_of({resized[axes - 1], shrunk[axes - 1]}) + method + ")",
                   "index(\"" + slices[axes - 1] + "\")",
                   "dot_general([[1, -1, 0], [0.5, 0, 2]], " + std::to_string(1 + below(random, axes)) + ")",
                   "aggregate"});
  }
  std::string norm() {
    const std::string over[] = {"layer_norm(1x2)", "layer_norm(1x3)", "layer_norm(1x3x4)"};
    return one_of({"", "", "layer_norm", over[axes - 1]});
  }
  std::string activation() { return one_of(activations); }
  std::string chain(int depth) {
    std::string text = weights();
    for (std::size_t k = below(random, 3); k > 0; --k) {
      text += ' ' + one_of({"", linear()}) + ' ' + norm() + ' ' + activation() + ' ' +
              one_of({"", linear(), "dropout(0.8)"}) + ' ' + weights();
      if (depth > 0 && below(random, 3) == 0) text += ' ' + join(depth - 1);
    }
    return text;
  }
  std::string join(int depth) {
    std::vector<std::string> kinds = {"sum", "product", "concat"};
    for (std::size_t a = 1; a <= axes; ++a) kinds.push_back("concat(axis=" + std::to_string(a) + ")");
    return one_of(kinds) + "[" + one_of({"identity", chain(depth)}) + " | " + activation() + ' ' + chain(depth) + "] " +
           weights();
  }
  // With an end of any kind.
  std::string network() {
    return chain(1) + ' ' +
           one_of({"", "global_avg_pool", "global_sum_pool dense", "flatten dense(bias_std=0.1)",
                   "repeat(2)[" + activation() + " dense(4)]", linear()});
  }
};

}  // namespace widenet::testing_support
