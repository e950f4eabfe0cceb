// Activations as data: name, parameters, the function and its derivative. Everything that reads an architecture looks
// here; an activation that has no more than an entry in the table already has exact kernels, by quadrature.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace widenet {

// One parameter of an activation. `required`: it has no default.
struct ActivationParameter {
  std::string_view name;
  double default_value = 0;
  bool required = false;
  bool integer = false;  // a whole number >= 0
};

struct ActivationDefinition {
  std::string_view name;
  std::vector<ActivationParameter> parameters = {};
  bool variadic = false;  // takes any number (at least one) of unnamed parameters: polynomial(c0, c1, ...)
  // phi(x) and phi'(x) with the parameters p; at a kink the right derivative. Null where the activation is known by its
  // kernel alone (exp_normalized).
  double (*value)(double x, std::span<const double> p) = nullptr;
  double (*slope)(double x, std::span<const double> p) = nullptr;
  // Where phi or its derivatives jump, in increasing order (null: nowhere): quadrature splits there.
  std::vector<double> (*kinks)(std::span<const double> p) = nullptr;
  std::string_view formula = {};  // one line for help texts, e.g. "max(x, 0)"
};

// The table, in the order of the documentation. Adding an activation is adding an entry in activation.cc.
std::span<const ActivationDefinition> activation_definitions();

// The entry of a name; null where there is none.
const ActivationDefinition* find_activation(std::string_view name);

// An activation with its parameters filled in, in the order of the definition.
struct Activation {
  std::string name;
  std::vector<double> parameters;
  bool operator==(const Activation&) const = default;
};

}  // namespace widenet
