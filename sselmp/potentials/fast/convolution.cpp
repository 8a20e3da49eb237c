// Messages between atoms and their sum, fused: for each edge the tensor product of a neighbour's features with the edge's
// spherical harmonics, weighted channel by channel, is added to the atom's sum without being stored. One path couples
// degree l1 of the features with degree l2 of the harmonics to degree l3; its channels ("uvu" in e3nn's words) stay apart.
//
// Features lie component by component: component c of a block of degree l, then its channels, so that the innermost loops
// run over channels. Edges are sorted by the atom that receives.

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

namespace {

struct Path {
  int32_t channels, l1, l2, l3;
  int32_t in, harmonics, out, weights;    // where the block of each begins
  int32_t coupling;                       // where C[i][j][k], normalised, begins in the table
};

struct Sizes {
  int64_t atoms, edges;
  int32_t paths, in, harmonics, out, weights;
};

// M[i][k] = sum over j of C[i][j][k] Y[j]
inline void coupled(const Path &path, const float *table, const float *harmonics, float *M)
{
  const int n1 = 2 * path.l1 + 1, n2 = 2 * path.l2 + 1, n3 = 2 * path.l3 + 1;
  const float *C = table + path.coupling, *Y = harmonics + path.harmonics;
  std::fill(M, M + n1 * n3, 0.0f);
  for (int i = 0; i < n1; i++)
    for (int j = 0; j < n2; j++)
      for (int k = 0; k < n3; k++) M[i * n3 + k] += C[(i * n2 + j) * n3 + k] * Y[j];
}

constexpr int LARGEST = 13 * 13;    // up to degree 6

}    // namespace

extern "C" {

// rows[a] to rows[a + 1]: the edges whose sum atom a is; source: the atom that each comes from
void sselmp_convolve(const Sizes *sizes, const Path *paths, const float *table, const int64_t *rows, const int64_t *source,
                     const float *x, const float *harmonics, const float *weights, float *out)
{
#pragma omp parallel for schedule(dynamic, 8)
  for (int64_t atom = 0; atom < sizes->atoms; atom++) {
    float *sum = out + atom * sizes->out;
    std::fill(sum, sum + sizes->out, 0.0f);
    for (int64_t edge = rows[atom]; edge < rows[atom + 1]; edge++) {
      const float *from = x + source[edge] * sizes->in, *w = weights + edge * sizes->weights;
      for (int p = 0; p < sizes->paths; p++) {
        const Path &path = paths[p];
        const int n1 = 2 * path.l1 + 1, n3 = 2 * path.l3 + 1, channels = path.channels;
        float M[LARGEST];
        coupled(path, table, harmonics + edge * sizes->harmonics, M);
        const float *wp = w + path.weights;
        for (int k = 0; k < n3; k++) {
          float *to = sum + path.out + k * channels;
          for (int i = 0; i < n1; i++) {
            const float factor = M[i * n3 + k];
            if (factor == 0.0f) continue;
            const float *xi = from + path.in + i * channels;
#pragma omp simd
            for (int u = 0; u < channels; u++) to[u] += factor * wp[u] * xi[u];
          }
        }
      }
    }
  }
}

// The gradients by features, harmonics and weights, from that by the sums.
void sselmp_convolve_back(const Sizes *sizes, const Path *paths, const float *table, const int64_t *rows,
                          const int64_t *source, const float *x, const float *harmonics, const float *weights,
                          const float *slope, float *by_x, float *by_harmonics, float *by_weights)
{
  std::fill(by_x, by_x + sizes->atoms * sizes->in, 0.0f);
#pragma omp parallel
  {
    std::vector<float> own(sizes->atoms * sizes->in, 0.0f);    // several atoms that receive share a source
#pragma omp for schedule(dynamic, 8)
    for (int64_t atom = 0; atom < sizes->atoms; atom++) {
      const float *g = slope + atom * sizes->out;
      for (int64_t edge = rows[atom]; edge < rows[atom + 1]; edge++) {
        const float *from = x + source[edge] * sizes->in, *w = weights + edge * sizes->weights;
        float *back = own.data() + source[edge] * sizes->in;
        float *by_w = by_weights + edge * sizes->weights, *by_Y = by_harmonics + edge * sizes->harmonics;
        std::fill(by_w, by_w + sizes->weights, 0.0f);
        std::fill(by_Y, by_Y + sizes->harmonics, 0.0f);
        for (int p = 0; p < sizes->paths; p++) {
          const Path &path = paths[p];
          const int n1 = 2 * path.l1 + 1, n2 = 2 * path.l2 + 1, n3 = 2 * path.l3 + 1, channels = path.channels;
          const float *C = table + path.coupling;
          float M[LARGEST], by_M[LARGEST];
          coupled(path, table, harmonics + edge * sizes->harmonics, M);
          const float *wp = w + path.weights;
          float *by_wp = by_w + path.weights;
          for (int i = 0; i < n1; i++) {
            const float *xi = from + path.in + i * channels;
            float *bi = back + path.in + i * channels;
            for (int k = 0; k < n3; k++) {
              const float *gk = g + path.out + k * channels;
              const float factor = M[i * n3 + k];
              float sum = 0.0f;
#pragma omp simd reduction(+ : sum)
              for (int u = 0; u < channels; u++) {
                const float gx = gk[u] * xi[u];
                by_wp[u] += factor * gx;
                bi[u] += factor * wp[u] * gk[u];
                sum += wp[u] * gx;
              }
              by_M[i * n3 + k] = sum;
            }
          }
          for (int i = 0; i < n1; i++)
            for (int j = 0; j < n2; j++)
              for (int k = 0; k < n3; k++) by_Y[path.harmonics + j] += C[(i * n2 + j) * n3 + k] * by_M[i * n3 + k];
        }
      }
    }
#pragma omp critical
    for (int64_t n = 0; n < sizes->atoms * sizes->in; n++) by_x[n] += own[n];
  }
}
}
