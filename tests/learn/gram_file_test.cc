// A stored matrix in place of a computed one: the same fit, and every other matrix refused.
#include "widenet/learn/gram_file.h"

#include <gtest/gtest.h>

#include "tests/data/fixture.h"
#include "widenet/data/npy.h"
#include "widenet/infinite/kernel_gram.h"
#include "widenet/learn/fit.h"

namespace widenet {
namespace {

using testing::Folder;

class StoredFit : public ::testing::Test {
 protected:
  StoredFit() {
    for (std::size_t k = 0; k < x.size(); ++k) x.data()[k] = std::sin(static_cast<double>(k * k % 101));
    write_npy(path, materialize(*kernel_gram<double>(kernel, x.view())).view());
    const Matrix<float> rounded = copy<float>(x.view());
    write_npy(single, materialize(*kernel_gram<float>(kernel, rounded.view())).view());
    for (std::size_t j = 0; j < x.cols(); ++j) {
      Column column{"x" + std::to_string(j), ColumnKind::numeric, {}, {}, {}};
      for (std::size_t i = 0; i < x.rows(); ++i) column.numbers.push_back(x(i, j));
      table.columns.push_back(column);
    }
    Column target{"y", ColumnKind::numeric, {}, {}, {}}, classes{"y", ColumnKind::text, {}, {}, {}};
    for (std::size_t i = 0; i < x.rows(); ++i) {
      target.numbers.push_back(x(i, 0) + 0.3 * x(i, 1) * x(i, 2));
      classes.texts.push_back(target.numbers.back() > 0 ? "up" : "down");
    }
    labels = table;
    table.columns.push_back(target);
    labels.columns.push_back(classes);
  }
  FitOptions options(std::optional<double> ridge, ScaleMode scale = ScaleMode::none) const {
    FitOptions out;
    out.target = "y";
    out.kernel = kernel;
    out.ridge = ridge;
    out.scale = scale;
    return out;
  }
  static void expect_same(const Table& rows, FitOptions how, const std::string& gram) {
    const FitResult computed = fit(rows, how);
    how.gram = gram;
    const FitResult stored = fit(rows, how);
    ASSERT_FALSE(computed.failure || stored.failure);
    EXPECT_EQ(stored.model.ridge, computed.model.ridge);
    EXPECT_EQ(to_text(stored.model.kernel), to_text(computed.model.kernel));
    EXPECT_TRUE(std::ranges::equal(std::span(stored.model.coefficients.data(), stored.model.coefficients.size()),
                                   std::span(computed.model.coefficients.data(), computed.model.coefficients.size())));
    EXPECT_EQ(stored.model.metrics.at("train").rmse, computed.model.metrics.at("train").rmse);
    if (how.solver == Solver::svm) {
      EXPECT_EQ(predict(stored.model, stored.model.inputs.view()).labels,
                predict(computed.model, stored.model.inputs.view()).labels);
    }
  }
  std::string refusal(const std::string& gram, FitOptions how) const {
    how.gram = gram;
    return testing::message_of([&] { fit(table, how); });
  }

  Folder folder;
  Matrix<double> x{43, 3};
  const Kernel kernel = parse_kernel("ntk[repeat(2)[dense(bias_std=0.1) relu] dense]");
  const std::string path = folder.path("k.npy"), single = folder.path("single.npy");
  Table table, labels;
};

TEST_F(StoredFit, IsTheFitWithoutIt) {
  for (const std::optional<double> ridge : {std::optional<double>(), std::optional<double>(1e-2)}) {
    expect_same(table, options(ridge), path);
    expect_same(labels, options(ridge), path);
    FitOptions how = options(ridge);
    how.solver = Solver::svm;
    expect_same(labels, how, path);
  }
}

TEST_F(StoredFit, HoldsForRowsThatAreScaled) {
  // As the fit scales them: a model keeps its training rows.
  for (const ScaleMode mode : {ScaleMode::standard, ScaleMode::normalise}) {
    const FitResult fitted = fit(table, options(1e-2, mode));
    write_npy(folder.path("scaled.npy"), materialize(*kernel_gram<double>(kernel, fitted.model.inputs.view())).view());
    expect_same(table, options(std::nullopt, mode), folder.path("scaled.npy"));
    EXPECT_PRED2(testing::contains, refusal(path, options(1e-2, mode)), "is not the kernel matrix of these rows (of ");
  }
}

TEST_F(StoredFit, HoldsForFoldsAndSplits) {
  FitOptions how = options(1e-2);
  const Metrics computed = cross_validate(table, how, 4);
  how.gram = path;
  EXPECT_EQ(cross_validate(table, how, 4).rmse, computed.rmse);
  const TableSplit split = split_rows(table, 0.3, 1);
  how.gram_rows = split.train_rows;
  const FitResult stored = fit(split.train, how);
  const FitResult plain = fit(split.train, options(1e-2));
  EXPECT_EQ(stored.model.metrics.at("loo").rmse, plain.model.metrics.at("loo").rmse);
  EXPECT_EQ(cross_validate(split.train, how, 3).rmse, cross_validate(split.train, options(1e-2), 3).rmse);
}

// The mirror images of the rows follow them, in the file too.
TEST_F(StoredFit, HoldsForMirrorImages) {
  Table images = table;
  images.sample_shape = {1, 3, 1};
  FitOptions how = options(1e-2);
  how.flip = true;
  const FitResult plain = fit(images, how);
  ASSERT_EQ(plain.model.inputs.rows(), 86u);
  const std::string doubled = folder.path("doubled.npy");
  write_npy(doubled, materialize(*kernel_gram<double>(kernel, plain.model.inputs.view())).view());
  expect_same(images, how, doubled);
  const Metrics computed = cross_validate(images, how, 4);
  how.gram = doubled;
  EXPECT_EQ(cross_validate(images, how, 4).rmse, computed.rmse);
  how.gram = path;
  EXPECT_MESSAGE(fit(images, how), "is 43 x 43 (the training rows and their mirror images are 86)");
}

// Predictions with the matrix rounded to float32 differ by what the rounding of the matrix does to them.
TEST_F(StoredFit, TakesFloat32) {
  FitOptions how = options(1.0);
  const FitResult exact = fit(table, how);
  how.gram = single;
  const FitResult rounded = fit(table, how);
  // alpha' - alpha = A^-1 E alpha', |E| <= n c eps max K, |A^-1| <= 1 / ridge = 1; c = 64 of the float32 kernel.
  double largest = 0, most = 0;
  const Matrix<double> k = materialize(*kernel_gram<double>(kernel, x.view()));
  for (std::size_t i = 0; i < k.size(); ++i) largest = std::max(largest, std::abs(k.data()[i]));
  double norm = 0;
  for (std::size_t i = 0; i < 43; ++i) {
    norm += rounded.model.coefficients(i, 0) * rounded.model.coefficients(i, 0);
    most = std::max(most, std::abs(rounded.model.coefficients(i, 0) - exact.model.coefficients(i, 0)));
  }
  EXPECT_LE(most, 43 * 64 * 0x1p-24 * largest * std::sqrt(norm));
  // A matrix in float64 that was rounded by someone else.
  write_npy(folder.path("cut.npy"), copy<float>(k.view()).view());
  EXPECT_EQ(refusal(folder.path("cut.npy"), options(1.0)), "");
}

TEST_F(StoredFit, RefusesOtherMatrices) {
  const FitOptions how = options(1e-2);
  const std::string other = folder.path("other.npy");
  Matrix<double> k = materialize(*kernel_gram<double>(kernel, x.view()));
  const auto refused = [&](const Matrix<double>& matrix) {
    write_npy(other, matrix.view());
    return refusal(other, how);
  };
  Matrix<double> wrong = k;
  wrong(7, 7) = std::nextafter(wrong(7, 7), 0);
  EXPECT_EQ(refused(wrong),
            fmt::format("'{}' is not the kernel matrix of these rows (of training rows 7 and 7 it holds {}, the kernel "
                        "of the rows as they are scaled is {}) compute it from the same rows, and give --scale none "
                        "where they were taken as they are",
                        other, wrong(7, 7), k(7, 7)));
  wrong = k;
  wrong(3, 9) += 1;
  EXPECT_EQ(refused(wrong), fmt::format("'{}' is not symmetric (entry 3, 9 is {}, entry 9, 3 is {}) give the kernel "
                                        "matrix of the training rows with themselves",
                                        other, wrong(3, 9), k(9, 3)));
  wrong = k;
  wrong(3, 9) = wrong(9, 3) = std::nan("");
  EXPECT_PRED2(testing::contains, refused(wrong),
               "entry 3, 9 of '" + other + "' is nan (a kernel's entries are finite)");
  // Two samples exchanged.
  std::vector<std::size_t> order(43);
  for (std::size_t i = 0; i < 43; ++i) order[i] = i == 4 ? 30 : i == 30 ? 4 : i;
  const Matrix<double> swapped = take_rows(x, order);
  EXPECT_PRED2(testing::contains, refused(materialize(*kernel_gram<double>(kernel, swapped.view()))),
               "is not the kernel matrix of these rows (of training rows ");
  EXPECT_PRED2(testing::contains, refused(copy<double>(k.view().block({0, 42}, {0, 42}))),
               "is 42 x 42 (the training rows are 43)");
  EXPECT_PRED2(testing::contains, refused(copy<double>(k.view().block({0, 43}, {0, 42}))),
               "is no kernel matrix (that is a square");
  EXPECT_PRED2(testing::contains, refusal(folder.path("nothing.npy"), how), "nothing.npy' (No such file");
  EXPECT_PRED2(testing::contains, refusal(folder.write("empty.npy", ""), how), "cannot read '");
  const std::string bytes = testing::bytes_of(path);
  EXPECT_PRED2(testing::contains, refusal(folder.write("cut.npy", bytes.substr(0, bytes.size() - 8)), how),
               "is truncated");
  FitOptions none = how;
  none.kernel.reset();
  EXPECT_PRED2(testing::contains, refusal(path, none), "a stored matrix is given, but no kernel");
}

}  // namespace
}  // namespace widenet
