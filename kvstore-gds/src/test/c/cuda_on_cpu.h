// The little of CUDA C++ that the kernels use, on threads of the CPU: one thread block after the other, each of its threads
// a thread here. For tests of the kernels' source where there is no GPU.
#pragma once

#include <barrier>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#define __device__ static
#define __forceinline__ inline
#define __global__
#define __launch_bounds__(threads)
#define __shared__ static

struct Index { unsigned x; };
struct uint4 { unsigned x, y, z, w; };

inline thread_local Index threadIdx, blockIdx;
inline std::unique_ptr<std::barrier<>> block_barrier;
inline std::vector<unsigned> reduced;

inline void __syncthreads() {
    block_barrier->arrive_and_wait();
}

// Reached by all threads of the block together, which is more than CUDA asks for.
inline unsigned __reduce_xor_sync(unsigned, unsigned value) {
    reduced[threadIdx.x] = value;
    __syncthreads();
    unsigned sum = 0;
    for (unsigned lane = 0; lane < 32; lane++) {
        sum ^= reduced[threadIdx.x / 32 * 32 + lane];
    }
    __syncthreads();
    return sum;
}

inline void run_grid(unsigned blocks, unsigned threads, const std::function<void()>& kernel) {
    block_barrier = std::make_unique<std::barrier<>>(threads);
    reduced.assign(threads, 0);
    std::vector<std::thread> running;
    for (unsigned thread = 0; thread < threads; thread++) {
        running.emplace_back([=, &kernel] {
            threadIdx.x = thread;
            for (unsigned block = 0; block < blocks; block++) {
                blockIdx.x = block;
                kernel();
                __syncthreads();
            }
        });
    }
    for (auto& thread : running) {
        thread.join();
    }
}
