// The batched number-theoretic transform modulo one prime.
//
// A row of n = 2^k residues is a polynomial at the root of a binary tree. Node j at depth d is the row's slice
// [j * L, (j + 1) * L), L = n >> d: the polynomial modulo x^L - c_j, whose halves modulo x^(L/2) -+ w_j, w_j^2 = c_j, are
// nodes 2j and 2j + 1. The roots w_j do not depend on n or d: one bit-reversed table serves all sizes and both directions,
// and the transform needs no permutation (see fastmul/transforms/ntt.py).
//
// Residues are lazily reduced: every sum stays below 2^53 = 7.99 p, and what that takes is proved in fastmul/bounds/ntt.py.
// Down, only the first of a group's eight values is reduced: from |v| <= 4 p the others come out within 4 p again. Up, sums
// of four are reduced before they double: from 1.05 p back to 1.05 p. A test follows these bounds through every stage.
// What a whole transform leaves is reduced once more, to balanced residues, which are those of the reference.
//
// One launch is one PASS: it takes LEVELS = sum(STAGES) levels of that tree through shared memory, so that a transform of
// 2^21 points reads and writes device memory twice. A block owns a tile
//
//      column        0      ..  COLUMNS - 1          ROWS = 2^LEVELS rows, S points apart in memory: S = L >> LEVELS.
//      row 0         x[b]   ..                       Upper passes: COLUMNS neighbours, so that memory moves in whole
//      row 1         x[b + S]                        32-byte sectors. The last pass has S = COLUMNS = 1: a tile is
//      ..            ..                              contiguous and holds NODES whole nodes, also of different rows.
//      row ROWS - 1  x[b + S * (ROWS - 1)]
//
// and runs its stages on it: radix 2, 4 or 8, a group's values in registers, a barrier between stages. The first stage
// reads device memory itself and the last one writes it where its accesses are whole sectors. TILE <= 4096 doubles is 36 KiB
// with padding, 512 threads: two blocks, 1024 threads, per multiprocessor within 64 registers a thread.
//
// Compile-time constants: STAGES, four bits per stage from the top of the tree down, each log2 of a radix;
// COLUMNS and NODES as drawn, one of them 1; TILE = ROWS * COLUMNS * NODES.

#include "modular.cuh"

typedef long long index_t;

constexpr int MAX_RADIX = 8;
constexpr int SECTOR = 4;  // doubles in the 32 bytes that device memory moves at once

__host__ __device__ constexpr int stage_levels(int stage) { return (STAGES >> (4 * stage)) & 15; }
__host__ __device__ constexpr int levels_before(int stage) {
  return stage == 0 ? 0 : levels_before(stage - 1) + stage_levels(stage - 1);
}
__host__ __device__ constexpr int count_stages(int stage = 0) {
  return stage_levels(stage) == 0 ? stage : count_stages(stage + 1);
}

constexpr int N_STAGES = count_stages();
constexpr int LEVELS = levels_before(N_STAGES);
constexpr int TILE = NODES * COLUMNS << LEVELS;
constexpr int THREADS = TILE / MAX_RADIX;
constexpr int THREADS_PER_MULTIPROCESSOR = 1024;  // at 64 registers each
constexpr bool AT_LEAVES = COLUMNS == 1;  // this pass goes down to single values

static_assert(NODES == 1 || COLUMNS == 1, "a tile is either columns of one node or several whole nodes");
static_assert(TILE >= MAX_RADIX, "a tile has work for a thread");

// Where point i of a tile lies in shared memory: eight threads that are 8 points apart must not meet in a bank.
__device__ __forceinline__ int padded(int i) { return i + i / 8; }
constexpr int PADDED_TILE = TILE + TILE / 8;

// A block's tile in device memory. Offsets from its first point fit 32 bits, since a row has at most 2^27 points.
struct Tile {
  double *x;   // point 0
  int stride;  // from row to row
  int points;  // of them in memory: only the last block of several nodes has fewer than TILE
  int node, nodes_in_row;  // the number of its first node, and where numbers start again

  __device__ Tile(double *rows, index_t n, index_t batch, int depth) {
    stride = n >> (depth + LEVELS);
    const index_t tiles_across = NODES > 1 ? 1 : stride / COLUMNS;
    const index_t tile = blockIdx.x / tiles_across;
    const index_t base = tile * NODES * (n >> depth) + blockIdx.x % tiles_across * COLUMNS;
    const index_t rest = batch * n - base;
    x = rows + base;
    points = rest < TILE ? rest : TILE;
    nodes_in_row = 1 << depth;
    node = tile * NODES & (nodes_in_row - 1);
  }
  __device__ int offset(int i) const { return i / COLUMNS * stride + i % COLUMNS; }
  __device__ bool has(int i) const { return NODES == 1 || i < points; }
  __device__ double load(int i) const { return has(i) ? x[offset(i)] : 0.0; }
  __device__ void store(int i, double value) const {
    if (has(i)) x[offset(i)] = value;
  }
};

// 2^R values of a node, R levels down: v[k] becomes the value of descendant k.
template <int R>
__device__ __forceinline__ void descend(double (&v)[1 << R], const double *roots, int node, Modulus m) {
  v[0] = reduce_mod(v[0], m);
#pragma unroll
  for (int level = 0; level < R; level++) {
    const int half = (1 << R) >> (level + 1);
#pragma unroll
    for (int k = 0; k < 1 << R; k++) {
      if (k & half) continue;
      const double t = multiply_mod(v[k + half], roots[(node << level) + (k >> (R - level))], m);
      v[k + half] = __dsub_rn(v[k], t);
      v[k] = __dadd_rn(v[k], t);
    }
  }
}

__device__ __forceinline__ int octave(int j) { return j == 0 ? 0 : 1 << (31 - __clz(j)); }

// The inverse of roots[(node << level) + k], k < 2^level, from the same table: by the mirror identity that of roots[o + i],
// o a power of two and i < o, is -roots[2 o - 1 - i].
__device__ __forceinline__ double inverse_root(const double *roots, int node, int level, int k) {
  const int j = (node << level) + k;
  const int o = node == 0 ? octave(k) : octave(node) << level;  // one octave serves all roots of a group
  return o == 0 ? roots[0] : -roots[3 * o - 1 - j];
}

// The way back, without the factor 1 / 2^R: v[k] of descendants becomes v[k] of the node.
template <int R>
__device__ __forceinline__ void ascend(double (&v)[1 << R], const double *roots, int node, Modulus m) {
#pragma unroll
  for (int level = R - 1; level >= 0; level--) {
    const int half = (1 << R) >> (level + 1);
    if (R == 3 && level == 0) {  // sums of four leave the window at the last level
      v[0] = reduce_mod(v[0], m);
      v[4] = reduce_mod(v[4], m);
    }
#pragma unroll
    for (int k = 0; k < 1 << R; k++) {
      if (k & half) continue;
      const double difference = __dsub_rn(v[k], v[k + half]);
      v[k] = __dadd_rn(v[k], v[k + half]);
      v[k + half] = multiply_mod(difference, inverse_root(roots, node, level, k >> (R - level)), m);
    }
  }
#pragma unroll
  for (int k = R == 3 ? 1 : 0; k < 1 << (R - 1); k++) v[k] = reduce_mod(v[k], m);
}

enum Direction { FORWARD, INVERSE };

// One stage of a pass: every group of 2^R points of the tile goes through registers, each point back to where it was.
template <Direction direction, int STAGE, bool FROM_DEVICE, bool TO_DEVICE>
__device__ __forceinline__ void run_stage(double *shared, Tile tile, const double *roots, Modulus m) {
  constexpr int R = stage_levels(STAGE), ABOVE = levels_before(STAGE);
  constexpr int STRIDE = COLUMNS << (LEVELS - ABOVE - R);  // between the points of a group, in the tile
  for (int g = threadIdx.x; g < TILE >> R; g += THREADS) {
    const int node = g / STRIDE, first = node * (STRIDE << R) + g % STRIDE;
    double v[1 << R];
#pragma unroll
    for (int k = 0; k < 1 << R; k++)
      v[k] = FROM_DEVICE ? tile.load(first + k * STRIDE) : shared[padded(first + k * STRIDE)];
    const int j = ((tile.node << ABOVE) + node) & ((tile.nodes_in_row << ABOVE) - 1);
    if (direction == FORWARD) descend<R>(v, roots, j, m);
    else ascend<R>(v, roots, j, m);
    const bool finished = direction == FORWARD ? AT_LEAVES && STAGE == N_STAGES - 1 : tile.nodes_in_row == 1 && STAGE == 0;
    if (finished)
#pragma unroll
      for (int k = 0; k < 1 << R; k++) v[k] = reduce_mod(v[k], m);
#pragma unroll
    for (int k = 0; k < 1 << R; k++)
      if (TO_DEVICE) tile.store(first + k * STRIDE, v[k]);
      else shared[padded(first + k * STRIDE)] = v[k];
  }
}

// Stages DONE, DONE + 1, ... of the pass, counted in the direction of travel.
template <Direction direction, int DONE = 0>
__device__ __forceinline__ void run_stages(double *shared, Tile tile, const double *roots, Modulus m) {
  if constexpr (DONE < N_STAGES) {
    constexpr int STAGE = direction == FORWARD ? DONE : N_STAGES - 1 - DONE;
    constexpr int STRIDE = COLUMNS << (LEVELS - levels_before(STAGE) - stage_levels(STAGE));
    constexpr bool WHOLE_SECTORS = STRIDE >= SECTOR;
    constexpr bool FIRST = DONE == 0, LAST = DONE == N_STAGES - 1;
    if constexpr (FIRST && !WHOLE_SECTORS) {
      for (int i = threadIdx.x; i < TILE; i += THREADS) shared[padded(i)] = tile.load(i);
    }
    if constexpr (!FIRST || !WHOLE_SECTORS) __syncthreads();
    run_stage<direction, STAGE, FIRST && WHOLE_SECTORS, LAST && WHOLE_SECTORS>(shared, tile, roots, m);
    if constexpr (LAST && !WHOLE_SECTORS) {
      __syncthreads();
      for (int i = threadIdx.x; i < TILE; i += THREADS) tile.store(i, shared[padded(i)]);
    }
    run_stages<direction, DONE + 1>(shared, tile, roots, m);
  }
}

// Grid: one block per tile of x, (batch, n) with n a power of two; depth = levels of the tree above this pass.
extern "C" __global__ void __launch_bounds__(THREADS, THREADS_PER_MULTIPROCESSOR / THREADS)
    ntt_forward(double *x, index_t n, index_t batch, int depth,
                const double *__restrict__ roots, double p, double inverse) {
  __shared__ double shared[PADDED_TILE];
  run_stages<FORWARD>(shared, Tile(x, n, batch, depth), roots, {p, inverse});
}

extern "C" __global__ void __launch_bounds__(THREADS, THREADS_PER_MULTIPROCESSOR / THREADS)
    ntt_inverse(double *x, index_t n, index_t batch, int depth,
                const double *__restrict__ roots, double p, double inverse) {
  __shared__ double shared[PADDED_TILE];
  run_stages<INVERSE>(shared, Tile(x, n, batch, depth), roots, {p, inverse});
}
