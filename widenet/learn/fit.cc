#include "widenet/learn/fit.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numbers>
#include <numeric>

#include "widenet/base/error.h"
#include "widenet/base/threads.h"
#include "widenet/data/images.h"
#include "widenet/data/text.h"
#include "widenet/infinite/kernel_gram.h"
#include "widenet/learn/memory.h"
#include "widenet/learn/svm_fit.h"
#include "widenet/learn/targets.h"
#include "widenet/solve/ridge_path.h"

namespace widenet {
namespace {

// What BLAS keeps to pack its operands, as measured with the tiles of the Cholesky factor.
constexpr std::size_t blas_bytes_per_thread = std::size_t{10} << 20;
// A tile's rows packed and their products, which every thread keeps (96 rows against 384 columns, and the allocator's
// rounding).
constexpr std::size_t tile_bytes_per_thread = std::size_t{512} << 10;
// Where the system gives huge pages unasked, every large piece of memory may end in one: the Gram, the samples, and
// one piece of every thread.
constexpr std::size_t huge_page = std::size_t{2} << 20;

// Rows on which a kernel or a ridge is chosen, where there are more.
constexpr std::size_t selection_rows = 1000, ridge_rows = 2000;

// What leave-one-out says of every row, in scaled units, from (A^-1)_ii.
struct LooRows {
  Matrix<double> residuals, predictions;  // n x m
  std::vector<double> deviations;         // n, of an observation
};

LooRows leave_one_out(MatrixView<const double> y, MatrixView<const double> alpha,
                      std::span<const double> inverse_diagonal) {
  LooRows loo{Matrix<double>(y.rows(), y.cols()), Matrix<double>(y.rows(), y.cols()), std::vector<double>(y.rows())};
  for (std::size_t i = 0; i < y.rows(); ++i) {
    loo.deviations[i] = 1 / std::sqrt(inverse_diagonal[i]);
    for (std::size_t j = 0; j < y.cols(); ++j) {
      loo.residuals(i, j) = alpha(i, j) / inverse_diagonal[i];
      loo.predictions(i, j) = y(i, j) - loo.residuals(i, j);
    }
  }
  return loo;
}

// Residuals and deviations in scaled units. A residual is what is known accurately: as the difference of a target and a
// prediction it would be the rounding of the target where it is small.
Metrics regression_rows(const Model& model, const Target& target, Matrix<double> residuals,
                        std::span<const double> deviations) {
  Matrix<double> deviation(deviations.empty() ? 0 : residuals.rows(), residuals.cols());
  for (std::size_t i = 0; i < deviation.rows(); ++i) std::ranges::fill(deviation.row(i), deviations[i]);
  unscale_deviations(model.scaling, residuals);
  unscale_deviations(model.scaling, deviation);
  return residual_metrics(target.values.view(), residuals.view(), deviation.view(), model.training_mean);
}

Metrics classification_rows(const Model& model, const Target& target, MatrixView<const double> scores) {
  return classification_metrics(target.classes, largest_per_row(scores), softmax(scores, model.sharpness).view(),
                                model.classes(), model.majority_class);
}

// -(1/2) sum_j y_j^T alpha_j - (m/2) log det A - (n m / 2) log 2 pi.
double log_marginal_likelihood(MatrixView<const double> y, MatrixView<const double> alpha, double log_determinant) {
  double quadratic = 0;
  for (std::size_t i = 0; i < y.rows(); ++i)
    for (std::size_t j = 0; j < y.cols(); ++j) quadratic += y(i, j) * alpha(i, j);
  const double m = static_cast<double>(y.cols()), n = static_cast<double>(y.rows());
  return -0.5 * quadratic - 0.5 * m * log_determinant - 0.5 * n * m * std::log(2 * std::numbers::pi);
}

Scale scale_of(const FitOptions& options) {
  const bool positions = options.kernel && reads_positions(*options.kernel);
  return options.scale.value_or(positions ? ScaleMode::channels : ScaleMode::standard);
}

class Fitter {
 public:
  // The first `given` rows are the table's; mirror images follow.
  Fitter(const Dataset& data, std::size_t given, const FitOptions& options, FitResult& result)
      : data_(data),
        target_(data.target.value()),
        given_(given),
        options_(options),
        result_(result),
        model_(result.model) {}

  void run() {
    if (!options_.gram.empty()) open_gram();
    choose();
    if (result_.failure) return;
    if (!stored_) scale();
    remember_baseline();
    if (options_.solver == Solver::svm)
      fit_svm(target_.classes, given_, options_.ridge, options_.seed, *training_gram(), options_.progress, model_);
    else
      fit_cholesky();
  }

 private:
  void scale() {
    model_.scaling = learn_scaling(scale_, data_.inputs.view(), target_values(target_), model_.sample_shape().channels);
    model_.inputs = scale_inputs(model_.scaling, data_.inputs.view());
  }

  // The stored matrix, made sure to be that of the rows as they are scaled.
  void open_gram() {
    file_.emplace(options_.gram);
    // With mirror images the second half is theirs.
    const std::size_t halves = target_.rows() / given_, own = file_->size() / halves;
    std::vector<std::size_t> rows = options_.gram_rows;
    if (rows.empty()) {
      rows.resize(given_);
      std::iota(rows.begin(), rows.end(), std::size_t{0});
    }
    const bool fits = options_.gram_rows.empty() ? file_->size() == target_.rows()
                                                 : file_->size() % halves == 0 && *std::ranges::max_element(rows) < own;
    if (!fits)
      fail_outside("'{}' is {} x {} (the training rows{} are {}) give the kernel matrix of these rows with themselves",
                   options_.gram, file_->size(), file_->size(), mirrored() ? " and their mirror images" : "",
                   options_.gram_rows.empty() ? target_.rows() : options_.gram_rows.size());
    for (std::size_t k = 0; mirrored() && k < given_; ++k) rows.push_back(rows[k] + own);
    stored_.emplace(*file_, std::move(rows));
    scale_ = scale_of(options_);
    scale();
    check_gram(*stored_, self_contained(*options_.kernel), model_.sample_shape(), model_.inputs.view(),
               options_.progress);
  }

  std::unique_ptr<Gram<double>> training_gram() const {
    if (stored_) return std::make_unique<FileGram>(stored_->times(variance_));
    return kernel_gram<double>(model_.kernel, model_.sample_shape(), model_.inputs.view());
  }

  // Kernel, ridge and scale: given, or chosen by leave-one-out.
  void choose() {
    scale_ = scale_of(options_);
    if (options_.kernel) model_.kernel = self_contained(*options_.kernel);
    if (options_.ridge) model_.ridge = *options_.ridge;
    if (options_.kernel && (options_.ridge || options_.solver == Solver::svm)) return;
    std::vector<FamilyMember> family;
    if (options_.kernel) {
      family.push_back({model_.kernel, scale_});
    } else {
      family = default_family(data_.inputs.cols());
      if (options_.scale) {
        std::erase_if(family, [](const FamilyMember& member) { return member.scale != Scale(ScaleMode::standard); });
        for (FamilyMember& member : family) member.scale = scale_;
      }
    }
    const SelectionOptions how{options_.kernel ? ridge_rows : selection_rows,
                               options_.seed,
                               options_.progress,
                               options_.ridge,
                               model_.sample_shape(),
                               stored_ ? &*stored_ : nullptr,
                               model_.inputs.view()};
    std::vector<std::size_t> given(given_);
    std::iota(given.begin(), given.end(), std::size_t{0});
    result_.selection = select(family, data_.inputs.view().rows({0, given_}), take_rows(target_, given), how);
    const Candidate& best = result_.selection.tried[result_.selection.best];
    if (!std::isfinite(best.loo_error)) {
      if (options_.ridge)
        result_.failure = fmt::format(
            "no kernel of the family can be judged at the ridge {:g} (with it none of their matrices is positive "
            "definite) give a larger ridge, or a kernel",
            *options_.ridge);
      else
        result_.failure = fmt::format(
            "no ridge can be chosen for {} (its matrix is zero on these rows, or has no inverse at any ridge that was "
            "tried) give another kernel, or a ridge",
            options_.kernel ? to_text(model_.kernel) : "any kernel of the family");
      return;
    }
    model_.kernel = best.kernel;
    variance_ = best.variance;
    scale_ = best.scale;
    if (!options_.ridge) model_.ridge = best.ridge;
    if (result_.selection.subsampled)
      model_.notes.push_back(fmt::format("chose {} on {} of {} rows, drawn with seed {}",
                                         options_.kernel  ? "the ridge"
                                         : options_.ridge ? "the kernel"
                                                          : "kernel and ridge",
                                         result_.selection.rows, given_, options_.seed));
  }

  void remember_baseline() {
    if (target_.task == Task::regression) {
      model_.training_mean = column_means(target_.values.view());
      return;
    }
    std::vector<std::size_t> members(model_.classes());
    for (const std::size_t c : target_.classes) ++members[c];
    std::vector<std::string> names;
    for (std::size_t c = 0; c < members.size(); ++c)
      if (members[c] == 0) {
        model_.absent_classes.push_back(c);
        names.push_back(target_.class_names[c]);
      }
    if (!names.empty())
      model_.notes.push_back(fmt::format("no training row is of class {}: the model never predicts {}.",
                                         text::listed(names), names.size() == 1 ? "it" : "one of these"));
    model_.majority_class =
        static_cast<std::size_t>(std::max_element(members.begin(), members.end()) - members.begin());
  }

  void fit_cholesky() {
    const Matrix<double> y = numbers_to_fit(model_.scaling, target_);
    {
      CholeskyResult solved =
          cholesky(materialize_half(*training_gram(), options_.progress), model_.ridge, options_.progress);
      if (!solved) {
        result_.failure = solved.failure->message;
        return;
      }
      result_.factor = std::move(solved.factor);
    }
    const CholeskyFactor& factor = *result_.factor;
    if (!factor.summary().warning.empty()) model_.notes.push_back(factor.summary().warning);
    model_.coefficients = factor.solve(y.view());
    std::vector<double> inverse_diagonal;
    if (y.rows() <= loo_limit && !(mirrored() && target_.task == Task::classification))
      inverse_diagonal = factor.inverse_diagonal(options_.progress);
    measure(y, inverse_diagonal);
    model_.metrics["train"].lml =
        log_marginal_likelihood(y.view(), model_.coefficients.view(), factor.log_determinant());
  }

  void measure(const Matrix<double>& y, std::span<const double> inverse_diagonal) {
    // (K + ridge I) alpha = Y, so the training residual Y - K alpha is exactly ridge alpha; taken as a difference it
    // would be lost in the rounding of Y and K alpha at a tiny ridge.
    Matrix<double> residuals = model_.coefficients;
    for (std::size_t k = 0; k < residuals.size(); ++k) residuals.data()[k] *= model_.ridge;
    const bool loo_known = !inverse_diagonal.empty() && !mirrored();
    LooRows loo;
    if (loo_known) loo = leave_one_out(y.view(), model_.coefficients.view(), inverse_diagonal);
    if (target_.task == Task::classification) {
      Matrix<double> fitted = y;
      for (std::size_t k = 0; k < y.size(); ++k) fitted.data()[k] -= residuals.data()[k];
      exclude_classes(model_.absent_classes, fitted);
      exclude_classes(model_.absent_classes, loo.predictions);
      model_.sharpness = loo_known ? fit_sharpness(loo.predictions.view(), target_.classes) : subsample_sharpness(y);
      model_.metrics["train"] = classification_rows(model_, target_, fitted.view());
      if (loo_known) model_.metrics["loo"] = classification_rows(model_, target_, loo.predictions.view());
      return;
    }
    // The latent variance at a training row is ridge - ridge^2 (A^-1)_ii.
    std::vector<double> deviations;
    for (const double d : inverse_diagonal)
      deviations.push_back(std::sqrt(std::max(2 * model_.ridge - model_.ridge * model_.ridge * d, model_.ridge)));
    model_.metrics["train"] = regression_rows(model_, target_, std::move(residuals), deviations);
    if (loo_known) model_.metrics["loo"] = regression_rows(model_, target_, std::move(loo.residuals), loo.deviations);
  }

  // Where leave-one-out over all rows would take too long: over a subsample.
  double subsample_sharpness(const Matrix<double>& y) const {
    const std::vector<std::size_t> rows = random_rows(given_, selection_rows, options_.seed);
    const Matrix<double> inputs = take_rows(model_.inputs, rows), targets = take_rows(y, rows);
    const RidgePathResult path =
        ridge_path(stored_ ? materialize(stored_->times(variance_).part(rows))
                           : materialize(*kernel_gram<double>(model_.kernel, model_.sample_shape(), inputs.view())),
                   targets.view());
    if (!path || model_.ridge <= 0) return 1;
    LeaveOneOut loo = path.path->leave_one_out(model_.ridge);
    exclude_classes(model_.absent_classes, loo.predictions);
    return fit_sharpness(loo.predictions.view(), take_rows(target_, rows).classes);
  }

  bool mirrored() const { return given_ < target_.rows(); }

  const Dataset& data_;
  const Target& target_;
  const std::size_t given_;
  const FitOptions& options_;
  FitResult& result_;
  Model& model_;
  Scale scale_;
  std::optional<GramFile> file_;
  std::optional<FileGram> stored_;
  double variance_ = 1;  // the factor of the kernel that the ridge was chosen with
};

void check_options(const FitOptions& options, Task task) {
  if (options.ridge && !(*options.ridge >= 0 && std::isfinite(*options.ridge)))
    fail("the ridge is {} (it is added to the diagonal of the kernel matrix) give a number >= 0, or auto",
         *options.ridge);
  if (!options.gram.empty() && !options.kernel)
    fail("a stored matrix is given, but no kernel (it belongs to one) give --kernel");
  if (options.solver == Solver::svm && task == Task::regression)
    fail(
        "the svm solver is for classification (it separates classes) leave --solver out, or give --task "
        "classification");
  if (options.solver == Solver::svm && options.ridge && *options.ridge == 0)
    fail("the svm solver needs a ridge above 0 (its C is 1 / ridge) give a positive ridge, or auto");
}

}  // namespace

std::size_t fit_bytes(const FitOptions& options, std::size_t given, const Shape& shape, std::size_t m) {
  if (options.kernel) validate(*options.kernel, shape);
  const std::size_t word = sizeof(double), d = position_count(shape.positions) * shape.channels;
  const std::size_t n = options.flip ? 2 * given : given;
  const Scale scale = scale_of(options);
  const bool selects = !options.kernel || (!options.ridge && options.solver == Solver::cholesky);
  const std::size_t judged = std::min(given, ridge_rows);
  const std::size_t choosing = !selects         ? 0
                               : options.kernel ? ridge_path_bytes(judged, m) +
                                                      kernel_gram_bytes(*options.kernel, 0, judged, shape, word) +
                                                      2 * judged * d * word
                                                : selection_bytes(given, d, m, {selection_rows, options.seed, {}});
  // Mirror images are not left out one by one.
  const bool loo = n <= loo_limit && !options.flip;
  const std::size_t measuring = loo     ? CholeskyFactor::inverse_diagonal_bytes(n)
                                : m > 1 ? ridge_path_bytes(selection_rows, m)
                                        : CholeskyFactor::inverse_diagonal_bytes(n <= loo_limit ? n : 0);
  const std::size_t solving =
      options.solver == Solver::svm ? svm_fit_bytes(n, m, options.ridge) : cholesky_bytes(n) + measuring;
  const Kernel stand_in{ClosedKernel{.kind = Closed::gaussian, .lengths = {}, .lengths_file = {}}};
  const std::size_t gram = kernel_gram_bytes(options.kernel.value_or(stand_in), 0, n, shape, word);
  const std::size_t tiles = (n + SymmetricTiles::default_tile_size - 1) / SymmetricTiles::default_tile_size;
  const std::size_t blas = std::min(thread_count(), tiles) * blas_bytes_per_thread;
  // Of every row: its inputs raw, scaled and in the model; targets, coefficients, fitted and left-out predictions and
  // their probabilities; its class, its label, its share of the inverse and its deviation.
  const std::size_t rows = n * (3 * d + 6 * m + 4) * word;
  const std::size_t learning = learn_scaling_bytes(scale, d), kept = scaling_bytes(scale, d);
  const std::size_t pages = (2 + thread_count()) * huge_page;
  return rows + blas + pages + thread_count() * tile_bytes_per_thread +
         std::max({choosing + learning, learning, solving + gram + kept});
}

FitResult fit(const Table& table, LearnedCoding learned, const FitOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  FitResult result;
  CodedTable coded = code_table(learned.coding, table, WithTarget::yes);
  result.model.coding = std::move(learned.coding);
  result.model.solver = options.solver;
  for (auto* notes : {&learned.notes, &coded.notes})
    result.model.notes.insert(result.model.notes.end(), notes->begin(), notes->end());
  const Task task = result.model.task();
  check_options(options, task);
  const std::size_t outputs = task == Task::classification ? result.model.classes() : 1;
  const std::size_t given = coded.data.inputs.rows();
  result.memory_needed = fit_bytes(options, given, result.model.sample_shape(), outputs);
  check_memory(result.memory_needed, options.memory, fmt::format("fitting {} rows", given));
  if (options.flip) {
    coded.data = with_mirror_images(coded.data);
    result.model.notes.push_back(
        fmt::format("every image stands beside its mirror image: {} rows.", coded.data.inputs.rows()));
  }
  Fitter(coded.data, given, options, result).run();
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

FitResult fit(const Table& table, const FitOptions& options) {
  if (table.rows() == 0)
    fail_outside("{} has no rows (a model is learned from them) give a table with at least one", table.provenance.path);
  return fit(table, learn_coding(table, {options.target, options.task}), options);
}

}  // namespace widenet
