// The little of CUDA C++ that the kernels use, on the CPU: one thread block after the other, its threads as contexts that
// take turns at each barrier. For tests of the kernels' source where there is no GPU. Not thread-safe.
#pragma once

#include <functional>
#include <ucontext.h>
#include <vector>

#define __device__ static
#define __forceinline__ inline
#define __global__
#define __launch_bounds__(threads)
#define __shared__ static

struct Index { unsigned x; };
struct uint4 { unsigned x, y, z, w; };

inline Index threadIdx, blockIdx;

struct Turns {
    static constexpr size_t STACK_BYTES = 32 * 1024;
    ucontext_t scheduler;
    std::vector<ucontext_t> threads;
    std::vector<bool> ended;
    std::vector<char> stacks;
    std::vector<unsigned> reduced;
    std::function<void()> kernel;
};

inline Turns turns;

// Every thread comes here, so a turn of each lies between two barriers.
inline void __syncthreads() {
    swapcontext(&turns.threads[threadIdx.x], &turns.scheduler);
}

// Reached by all threads of the block together, which is more than CUDA asks for.
inline unsigned __reduce_xor_sync(unsigned, unsigned value) {
    turns.reduced[threadIdx.x] = value;
    __syncthreads();
    unsigned sum = 0;
    for (unsigned lane = 0; lane < 32; lane++) {
        sum ^= turns.reduced[threadIdx.x / 32 * 32 + lane];
    }
    __syncthreads();
    return sum;
}

inline void run_thread() {
    turns.kernel();
    turns.ended[threadIdx.x] = true;
}

inline void run_grid(unsigned blocks, unsigned threads, std::function<void()> kernel) {
    turns.kernel = std::move(kernel);
    turns.threads.resize(threads);
    turns.stacks.resize(threads * Turns::STACK_BYTES);
    turns.reduced.assign(threads, 0);
    for (blockIdx.x = 0; blockIdx.x < blocks; blockIdx.x++) {
        turns.ended.assign(threads, false);
        for (unsigned i = 0; i < threads; i++) {
            getcontext(&turns.threads[i]);
            turns.threads[i].uc_stack.ss_sp = &turns.stacks[i * Turns::STACK_BYTES];
            turns.threads[i].uc_stack.ss_size = Turns::STACK_BYTES;
            turns.threads[i].uc_link = &turns.scheduler;
            makecontext(&turns.threads[i], run_thread, 0);
        }
        for (bool left = true; left;) {
            left = false;
            for (unsigned i = 0; i < threads; i++) {
                if (!turns.ended[i]) {
                    threadIdx.x = i;
                    swapcontext(&turns.scheduler, &turns.threads[i]);
                    left |= !turns.ended[i];
                }
            }
        }
    }
}
