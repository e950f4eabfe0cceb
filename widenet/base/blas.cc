#include "widenet/base/blas.h"

#include <cblas.h>

#include <mutex>
#include <vector>

#include "widenet/base/error.h"

extern "C" {
void dpotrf_(const char* uplo, const int* n, double* a, const int* lda, int* info, std::size_t);
void dsyevd_(const char* jobz, const char* uplo, const int* n, double* a, const int* lda, double* w, double* work,
             const int* lwork, int* iwork, const int* liwork, int* info, std::size_t, std::size_t);
}

namespace widenet::blas {
namespace {

// OpenBLAS's serial flavour races when called from two threads at once, the OpenMP flavour starts threads of its own
// in every one of ours; only the pthread flavour with one thread per call is right inside a pool.
void prepare() {
  static std::once_flag once;
  std::call_once(once, [] {
    if (openblas_get_parallel() != 1)
      fail_outside(
          "the BLAS that was loaded is not the pthread flavour of OpenBLAS (the serial flavour gives wrong numbers "
          "when "
          "threads call it at once, the OpenMP flavour stalls) install libopenblas0-pthread, or choose it with "
          "update-alternatives --config libopenblas.so.0-x86_64-linux-gnu");
    openblas_set_num_threads(1);
  });
}

int to_int(std::size_t n) { return static_cast<int>(n); }
CBLAS_TRANSPOSE flag(Transpose t) { return t == Transpose::yes ? CblasTrans : CblasNoTrans; }
template <class T>
int stride(const MatrixView<T>& m) {
  return to_int(std::max<std::size_t>(m.stride(), 1));
}
template <class T>
std::size_t inner(Transpose t, const MatrixView<T>& m) {
  return t == Transpose::yes ? m.rows() : m.cols();
}

}  // namespace

void gemm(Transpose a, Transpose b, double alpha, MatrixView<const double> A, MatrixView<const double> B, double beta,
          MatrixView<double> C) {
  prepare();
  if (C.rows() == 0 || C.cols() == 0) return;
  cblas_dgemm(CblasRowMajor, flag(a), flag(b), to_int(C.rows()), to_int(C.cols()), to_int(inner(a, A)), alpha, A.data(),
              stride(A), B.data(), stride(B), beta, C.data(), stride(C));
}

void gemm(Transpose a, Transpose b, float alpha, MatrixView<const float> A, MatrixView<const float> B, float beta,
          MatrixView<float> C) {
  prepare();
  if (C.rows() == 0 || C.cols() == 0) return;
  cblas_sgemm(CblasRowMajor, flag(a), flag(b), to_int(C.rows()), to_int(C.cols()), to_int(inner(a, A)), alpha, A.data(),
              stride(A), B.data(), stride(B), beta, C.data(), stride(C));
}

std::size_t potrf(MatrixView<double> A) {
  prepare();
  if (A.rows() == 0) return 0;
  // A row-major lower triangle is a column-major upper one.
  const int n = to_int(A.rows()), lda = stride(A);
  int info = 0;
  dpotrf_("U", &n, A.data(), &lda, &info, 1);
  return static_cast<std::size_t>(info);
}

void trsm_right_transposed(MatrixView<const double> L, MatrixView<double> B) {
  prepare();
  if (B.rows() == 0 || B.cols() == 0) return;
  cblas_dtrsm(CblasRowMajor, CblasRight, CblasLower, CblasTrans, CblasNonUnit, to_int(B.rows()), to_int(B.cols()), 1.0,
              L.data(), stride(L), B.data(), stride(B));
}

void trsm_left(Transpose transpose, MatrixView<const double> L, MatrixView<double> B) {
  prepare();
  if (B.rows() == 0 || B.cols() == 0) return;
  cblas_dtrsm(CblasRowMajor, CblasLeft, CblasLower, flag(transpose), CblasNonUnit, to_int(B.rows()), to_int(B.cols()),
              1.0, L.data(), stride(L), B.data(), stride(B));
}

int syevd(MatrixView<double> A, double* values) {
  prepare();
  const int n = to_int(A.rows());
  if (n == 0) return 0;
  const int lda = stride(A), query = -1;
  double work_size = 0;
  int iwork_size = 0, info = 0;
  dsyevd_("V", "U", &n, A.data(), &lda, values, &work_size, &query, &iwork_size, &query, &info, 1, 1);
  std::vector<double> work(static_cast<std::size_t>(work_size));
  std::vector<int> iwork(static_cast<std::size_t>(iwork_size));
  const int lwork = to_int(work.size()), liwork = to_int(iwork.size());
  dsyevd_("V", "U", &n, A.data(), &lda, values, work.data(), &lwork, iwork.data(), &liwork, &info, 1, 1);
  return info;
}

std::string description() {
  prepare();
  std::string config = openblas_get_config();
  if (const auto end = config.find("NO_"); end != std::string::npos) config.resize(end);
  while (!config.empty() && config.back() == ' ') config.pop_back();
  return fmt::format("{} pthread ({})", config, openblas_get_corename());
}

}  // namespace widenet::blas
