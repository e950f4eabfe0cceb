#include "widenet/learn/model_header.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "widenet/data/json_checks.h"

namespace widenet {
namespace {

void require(bool holds, const char* why) { json_checks::require(holds, "header", why); }

nlohmann::json shape(const Matrix<double>& m) { return {m.rows(), m.cols()}; }

// The JSON library would convert any number.
std::size_t count_from(const nlohmann::json& json) {
  require(json.is_number_unsigned(), "it holds another number where a count stands");
  return json.get<std::size_t>();
}
std::vector<std::size_t> counts_from(const nlohmann::json& json) {
  std::vector<std::size_t> counts;
  for (const auto& count : json) counts.push_back(count_from(count));
  return counts;
}

nlohmann::json svm_header(const SvmResult& svm) {
  nlohmann::json pairs = nlohmann::json::array();
  for (const SvmPair& p : svm.pairs)
    pairs.push_back({p.first, p.second, p.bias, p.iterations, p.converged, p.violation, p.objective});
  return {{"present", svm.present},
          {"labels", svm.labels},
          {"pairs", pairs},
          {"cost", svm.summary.cost},
          {"support_vectors", svm.summary.support_vectors},
          {"coefficients", shape(svm.coefficients)}};
}

SvmResult svm_from(const nlohmann::json& json) {
  SvmResult svm;
  svm.present = counts_from(json.at("present"));
  svm.labels = counts_from(json.at("labels"));
  for (const auto& p : json.at("pairs")) {
    svm.pairs.push_back(
        {count_from(p.at(0)), count_from(p.at(1)), p.at(2), count_from(p.at(3)), p.at(4), p.at(5), p.at(6)});
    svm.summary.iterations += svm.pairs.back().iterations;
    svm.summary.pairs_not_converged += svm.pairs.back().converged ? 0u : 1u;
  }
  svm.summary.cost = json.at("cost");
  svm.summary.samples = svm.labels.size();
  svm.summary.support_vectors = count_from(json.at("support_vectors"));
  return svm;
}

Solver solver_from(const std::string& word) {
  require(word == "svm" || word == "cholesky", "its solver is unknown");
  return word == "svm" ? Solver::svm : Solver::cholesky;
}

void check_svm(const Model& model) {
  require(model.task() == Task::classification && model.svm.has_value(), "it has no support vectors");
  const SvmResult& svm = *model.svm;
  const std::size_t present = svm.present.size(), n = model.inputs.rows();
  const auto is_present = [&](std::size_t label) {
    return std::binary_search(svm.present.begin(), svm.present.end(), label);
  };
  require(present > 0 && std::is_sorted(svm.present.begin(), svm.present.end(), std::less_equal<>()) &&
              svm.present.back() < model.classes(),
          "the classes of its support vectors are not those of the target");
  require(model.coefficients.size() == 0, "it holds coefficients of both solvers");
  require(svm.labels.size() == n && std::all_of(svm.labels.begin(), svm.labels.end(), is_present),
          "the labels of its support vectors are not one per training row");
  require(svm.pairs.size() == present * (present - 1) / 2 && svm.coefficients.rows() == n &&
              svm.coefficients.cols() == present - 1,
          "the coefficients of its support vectors do not match its classes");
}

void check_cholesky(const Model& model) {
  const bool classifies = model.task() == Task::classification;
  const std::size_t outputs = classifies ? model.classes() : model.training_mean.size();
  require(outputs > 0 && model.coefficients.rows() == model.inputs.rows() && model.coefficients.cols() == outputs,
          "its coefficients do not match its rows and outputs");
  require(model.scaling.target_means.empty() || (!classifies && model.scaling.target_means.size() == outputs),
          "the scaling of the target does not match its outputs");
}

void check_absent(const Model& model) {
  const std::vector<std::size_t>& absent = model.absent_classes;
  require(absent.empty() ||
              (model.task() == Task::classification && absent.back() < model.classes() &&
               absent.size() < model.classes() && std::is_sorted(absent.begin(), absent.end(), std::less_equal<>()) &&
               !std::binary_search(absent.begin(), absent.end(), model.majority_class)),
          "its classes without a training row are not those of the target");
}

void check(const Model& model) {
  require(model.inputs.cols() == model.coding.width() && model.scaling.features == model.coding.width(),
          "its inputs, scaling and coding differ in width");
  const std::size_t whitened = model.scaling.scale.mode == ScaleMode::zca ? model.coding.width() : 0;
  require(model.scaling.whitening.rows() == whitened && model.scaling.whitening.cols() == whitened,
          "the whitening of its inputs does not match their number");
  require(model.ridge >= 0 && std::isfinite(model.ridge) && model.sharpness > 0 && std::isfinite(model.sharpness),
          "its ridge or its sharpness is out of range");
  require(model.task() == Task::regression || model.majority_class < model.classes(),
          "its most frequent class is none of its classes");
  check_absent(model);
  validate(model.kernel, model.sample_shape());
  if (model.solver == Solver::svm)
    check_svm(model);
  else
    check_cholesky(model);
}

}  // namespace

nlohmann::json header_of(const Model& model) {
  nlohmann::json header = {{"coding", model.coding},
                           {"scaling", model.scaling},
                           {"kernel", to_text(model.kernel)},
                           {"ridge", model.ridge},
                           {"solver", to_string(model.solver)},
                           {"sharpness", model.sharpness},
                           {"training_mean", model.training_mean},
                           {"majority_class", model.majority_class},
                           {"metrics", model.metrics},
                           {"notes", model.notes},
                           {"inputs", shape(model.inputs)},
                           {"coefficients", shape(model.coefficients)}};
  if (!model.absent_classes.empty()) header["absent_classes"] = model.absent_classes;
  if (model.svm) header["svm"] = svm_header(*model.svm);
  if (model.scaling.whitening.size() > 0) header["whitening"] = shape(model.scaling.whitening);
  return header;
}

Model model_from(const nlohmann::json& header,
                 const std::function<Matrix<double>(std::size_t rows, std::size_t cols)>& read_matrix) {
  const auto matrix = [&](const nlohmann::json& shape) {
    return read_matrix(count_from(shape.at(0)), count_from(shape.at(1)));
  };
  Model model;
  model.coding = header.at("coding").get<Coding>();
  model.scaling = header.at("scaling").get<Scaling>();
  model.kernel = parse_kernel(header.at("kernel").get<std::string>());
  model.ridge = header.at("ridge");
  model.solver = solver_from(header.at("solver"));
  model.sharpness = header.at("sharpness");
  model.training_mean = header.at("training_mean").get<std::vector<double>>();
  model.majority_class = count_from(header.at("majority_class"));
  if (header.contains("absent_classes")) model.absent_classes = counts_from(header.at("absent_classes"));
  model.metrics = header.at("metrics").get<std::map<std::string, Metrics>>();
  model.notes = header.at("notes").get<std::vector<std::string>>();
  model.inputs = matrix(header.at("inputs"));
  model.coefficients = matrix(header.at("coefficients"));
  if (header.contains("svm")) {
    model.svm = svm_from(header.at("svm"));
    model.svm->coefficients = matrix(header.at("svm").at("coefficients"));
  }
  if (header.contains("whitening")) model.scaling.whitening = matrix(header.at("whitening"));
  check(model);
  return model;
}

std::vector<const Matrix<double>*> matrices_of(const Model& model) {
  std::vector<const Matrix<double>*> matrices = {&model.inputs, &model.coefficients};
  if (model.svm) matrices.push_back(&model.svm->coefficients);
  if (model.scaling.whitening.size() > 0) matrices.push_back(&model.scaling.whitening);
  return matrices;
}

}  // namespace widenet
