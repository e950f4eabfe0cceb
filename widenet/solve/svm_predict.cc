// Decisions, votes and labels of a trained support vector classifier.
#include <algorithm>

#include "widenet/base/blas.h"
#include "widenet/base/error.h"
#include "widenet/base/threads.h"
#include "widenet/solve/svm.h"

namespace widenet {
namespace {

constexpr std::size_t block = 64;  // test rows of one task

// The support vectors class by class, so that a class' share of all its decisions is one matrix product.
struct SortedVectors {
  std::vector<std::size_t> samples;
  std::vector<Range> of_class;  // by position in `present`
  Matrix<double> coefficients;  // rows in the order of `samples`

  explicit SortedVectors(const SvmResult& svm) {
    for (const std::size_t k : svm.present) {
      const std::size_t begin = samples.size();
      for (std::size_t i = 0; i < svm.labels.size(); ++i) {
        const auto row = svm.coefficients.row(i);
        if (svm.labels[i] == k && std::any_of(row.begin(), row.end(), [](double beta) { return beta != 0; }))
          samples.push_back(i);
      }
      of_class.push_back({begin, samples.size()});
    }
    coefficients = take_rows(svm.coefficients, samples);
  }
};

// decisions(z, (a, b)) = shares of class a's samples in their pair with b + those of class b's with a + bias.
template <class T>
void decide(const SvmResult& svm, const SortedVectors& vectors, MatrixView<const T> K, MatrixView<double> decisions) {
  const std::size_t p = svm.present.size();
  auto gathered = Matrix<double>::uninitialized(K.rows(), vectors.samples.size());
  for (std::size_t z = 0; z < K.rows(); ++z)
    for (std::size_t s = 0; s < vectors.samples.size(); ++s)
      gathered(z, s) = static_cast<double>(K(z, vectors.samples[s]));
  std::vector<Matrix<double>> shares;
  for (std::size_t a = 0; a < p; ++a) {
    const Range own = vectors.of_class[a];
    shares.emplace_back(K.rows(), p - 1);
    if (own.size() > 0)
      blas::gemm(blas::Transpose::no, blas::Transpose::no, 1, gathered.view().block({0, K.rows()}, own),
                 vectors.coefficients.view().rows(own), 0, shares[a]);
  }
  for (std::size_t z = 0; z < K.rows(); ++z)
    for (std::size_t a = 0, pair = 0; a < p; ++a)
      for (std::size_t b = a + 1; b < p; ++b, ++pair)
        decisions(z, pair) = shares[a](z, b - 1) + shares[b](z, a) + svm.pairs[pair].bias;
}

template <class T>
SvmPrediction predict_any(const SvmResult& svm, MatrixView<const T> K) {
  if (K.cols() != svm.labels.size())
    fail(
        "a kernel matrix of {} columns (the classifier was trained on {} samples) give k(test, training) with one "
        "column "
        "per training sample",
        K.cols(), svm.labels.size());
  const std::size_t tests = K.rows(), p = svm.present.size();
  SvmPrediction out{.labels = std::vector<std::size_t>(tests),
                    .decisions = Matrix<double>(tests, svm.pairs.size()),
                    .votes = Matrix<std::size_t>(tests, p)};
  const SortedVectors vectors(svm);
  parallel_for((tests + block - 1) / block, [&](std::size_t index, std::size_t) {
    const Range rows{index * block, std::min(tests, (index + 1) * block)};
    decide(svm, vectors, K.rows(rows), out.decisions.view().rows(rows));
    for (std::size_t z = rows.begin; z < rows.end; ++z) {
      for (std::size_t a = 0, pair = 0; a < p; ++a)
        for (std::size_t b = a + 1; b < p; ++b, ++pair) ++out.votes(z, out.decisions(z, pair) > 0 ? a : b);
      const auto votes = out.votes.row(z);
      out.labels[z] =
          svm.present[static_cast<std::size_t>(std::max_element(votes.begin(), votes.end()) - votes.begin())];
    }
  });
  return out;
}

}  // namespace

SvmPrediction predict(const SvmResult& svm, MatrixView<const double> K) { return predict_any(svm, K); }
SvmPrediction predict(const SvmResult& svm, MatrixView<const float> K) { return predict_any(svm, K); }

}  // namespace widenet
