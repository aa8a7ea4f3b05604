// The CUDA that our kernels use, on a CPU: a C++17 compiler that sees this header before a .cu file makes its kernels
// callable by tests, so that a machine without a GPU proves their arithmetic, their indices and their barriers.
//
// The threads of a block are fibers of one thread. Between two barriers they run one after the other, upwards or downwards:
// a kernel that lacks a barrier gives another result in one of the two orders.
#pragma once

#include <ucontext.h>

#include <cmath>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#define __global__
#define __device__
#define __host__
#define __shared__ static
#define __forceinline__ inline
#define __launch_bounds__(...)

struct dim3 {
  unsigned x = 1, y = 1, z = 1;
};
inline dim3 threadIdx, blockIdx, blockDim, gridDim;

inline double __dadd_rn(double a, double b) { return a + b; }
inline double __dsub_rn(double a, double b) { return a - b; }
inline double __dmul_rn(double a, double b) { return a * b; }
inline double __fma_rn(double a, double b, double c) { return std::fma(a, b, c); }
inline int __clz(int x) { return x == 0 ? 32 : __builtin_clz(x); }
using std::rint;

namespace host {

enum Outcome { FINE, SOME_THREADS_MISSED_A_BARRIER };

constexpr std::size_t STACK_BYTES = 64 << 10;

struct Fiber {
  ucontext_t context;
  std::unique_ptr<char[]> stack{new char[STACK_BYTES]};
  bool finished = false;
};

inline ucontext_t scheduler;
inline Fiber *running;
inline std::function<void()> body;

inline void enter() {
  body();
  running->finished = true;
}

inline Outcome run_block(std::vector<Fiber> &fibers, bool downwards) {
  for (Fiber &fiber : fibers) {
    fiber.finished = false;
    getcontext(&fiber.context);
    fiber.context.uc_stack.ss_sp = fiber.stack.get();
    fiber.context.uc_stack.ss_size = STACK_BYTES;
    fiber.context.uc_link = &scheduler;
    makecontext(&fiber.context, enter, 0);
  }
  const unsigned count = fibers.size();
  for (unsigned finished = 0; finished < count;) {
    finished = 0;
    for (unsigned i = 0; i < count; i++) {  // each thread to its next barrier, or to its end
      threadIdx.x = downwards ? count - 1 - i : i;
      running = &fibers[threadIdx.x];
      swapcontext(&scheduler, &running->context);
      finished += running->finished;
    }
    if (finished != 0 && finished != count) return SOME_THREADS_MISSED_A_BARRIER;
  }
  return FINE;
}

template <typename... Parameters, std::size_t... I>
Outcome launch(void (*kernel)(Parameters...), void **arguments, unsigned blocks, unsigned threads, bool downwards,
               std::index_sequence<I...>) {
  std::vector<Fiber> fibers(threads);
  body = [&] { kernel(*static_cast<Parameters *>(arguments[I])...); };
  blockDim.x = threads, gridDim.x = blocks;
  for (unsigned i = 0; i < blocks; i++) {
    blockIdx.x = downwards ? blocks - 1 - i : i;
    if (Outcome outcome = run_block(fibers, downwards)) return outcome;
  }
  return FINE;
}

template <typename... Parameters>
Outcome launch(void (*kernel)(Parameters...), void **arguments, unsigned blocks, unsigned threads, bool downwards) {
  return launch(kernel, arguments, blocks, threads, downwards, std::index_sequence_for<Parameters...>());
}

}  // namespace host

inline void __syncthreads() { swapcontext(&host::running->context, &host::scheduler); }

// run_<kernel>(pointers to the arguments, grid, block, order), for ctypes.
#define HOST_KERNEL(kernel)                                                                                  \
  extern "C" int run_##kernel(void **arguments, unsigned blocks, unsigned threads, int downwards) {          \
    return host::launch(kernel, arguments, blocks, threads, downwards != 0);                                 \
  }
