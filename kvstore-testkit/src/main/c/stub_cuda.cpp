// A libcuda.so.1 without a GPU: host memory stands in for the device, and kernels run on the CPU. It is stricter than the
// driver where that finds mistakes: copies and kernels happen only when their stream is synchronised, a call without a
// current context fails, and what is not given back is counted.
#include "cuda_on_cpu.h"
#include "block_checksums.cu"

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <set>
#include <unistd.h>

namespace {

enum Result { SUCCESS = 0, INVALID_VALUE = 1, OUT_OF_MEMORY = 2, NO_DEVICE = 100, INVALID_CONTEXT = 201, INVALID_HANDLE = 400, NOT_FOUND = 500 };

constexpr uint64_t CONTEXT = 0xC0;
constexpr uint64_t MEMORY_BYTES = 1ull << 30;

std::recursive_mutex lock;
thread_local uint64_t current_context;
int devices = 1;
int fail_next_copies;
int retained;
std::map<uint64_t, uint64_t> allocations; // address to size
uint64_t allocated_bytes;
std::map<uint64_t, int> ipc_opened;
std::set<void*> pinned;
std::map<uint64_t, std::vector<std::function<void()>>> streams;
uint64_t next_stream = 0x5000;
std::set<uint64_t> events;
uint64_t next_event = 0xE000;

struct IpcHandle { char bytes[64]; };

// Every call that needs a context starts with this.
#define ENTER()                                                                                                        \
    std::lock_guard guard(lock);                                                                                       \
    if (current_context != CONTEXT) return INVALID_CONTEXT

bool inside(uint64_t address, uint64_t size) {
    auto after = allocations.upper_bound(address);
    if (after == allocations.begin()) return false;
    auto& [base, bytes] = *std::prev(after);
    return address >= base && address + size <= base + bytes;
}

int copy(void* to, const void* from, uint64_t size, uint64_t stream) {
    if (fail_next_copies > 0) {
        fail_next_copies--;
        return INVALID_VALUE;
    }
    auto found = streams.find(stream);
    if (found == streams.end()) return INVALID_HANDLE;
    found->second.push_back([=] { memcpy(to, from, size); });
    return SUCCESS;
}

} // namespace

extern "C" {

void stub_cuda_reset() {
    std::lock_guard guard(lock);
    devices = 1;
    fail_next_copies = 0;
}
void stub_cuda_devices(int count) { devices = count; }
void stub_cuda_fail_copies(int count) { fail_next_copies = count; }
int stub_cuda_has_context() { return current_context == CONTEXT; }
// What is held and was not given back: contexts, allocations, streams, events, pinned and imported memory.
long stub_cuda_held() {
    std::lock_guard guard(lock);
    return retained + allocations.size() + streams.size() + events.size() + pinned.size() + ipc_opened.size();
}

// Memory of another process: no context, and nobody here gives it back.
uint64_t stub_cuda_client_memory(uint64_t size, IpcHandle* handle) {
    std::lock_guard guard(lock);
    auto address = (uint64_t)aligned_alloc(65536, (size + 65535) / 65536 * 65536);
    allocations[address] = size;
    memset(handle, 0x5A, sizeof *handle);
    memcpy(handle->bytes, &address, sizeof address);
    return address;
}

int cuInit(unsigned) { return devices > 0 ? SUCCESS : NO_DEVICE; }
int cuDriverGetVersion(int* version) { *version = 12040; return SUCCESS; }
int cuGetErrorName(int code, const char** name) {
    static const std::map<int, const char*> names = {
        {INVALID_VALUE, "CUDA_ERROR_INVALID_VALUE"}, {OUT_OF_MEMORY, "CUDA_ERROR_OUT_OF_MEMORY"},
        {NO_DEVICE, "CUDA_ERROR_NO_DEVICE"}, {INVALID_CONTEXT, "CUDA_ERROR_INVALID_CONTEXT"},
        {INVALID_HANDLE, "CUDA_ERROR_INVALID_HANDLE"}, {NOT_FOUND, "CUDA_ERROR_NOT_FOUND"}};
    auto found = names.find(code);
    if (found == names.end()) return INVALID_VALUE;
    *name = found->second;
    return SUCCESS;
}
int cuDeviceGetCount(int* count) { *count = devices; return SUCCESS; }
int cuDeviceGet(int* device, int ordinal) { *device = ordinal; return ordinal < devices ? SUCCESS : 101; }
int cuDeviceGetName(char* name, int, int) { strcpy(name, "Stub GPU"); return SUCCESS; }
int cuDeviceGetUuid_v2(unsigned char* uuid, int device) {
    for (int i = 0; i < 16; i++) uuid[i] = 0xA0 + i;
    uuid[15] += device;
    return SUCCESS;
}
int cuDeviceTotalMem_v2(uint64_t* bytes, int) { *bytes = MEMORY_BYTES; return SUCCESS; }
int cuDeviceGetAttribute(int* value, int, int) { *value = 9; return SUCCESS; }
int cuDevicePrimaryCtxRetain(uint64_t* context, int) { std::lock_guard guard(lock); retained++; *context = CONTEXT; return SUCCESS; }
int cuDevicePrimaryCtxRelease_v2(int) { std::lock_guard guard(lock); retained--; return SUCCESS; }
int cuCtxSetCurrent(uint64_t context) { current_context = context; return SUCCESS; }

int cuMemAlloc_v2(uint64_t* address, uint64_t size) {
    ENTER();
    if (allocated_bytes + size > MEMORY_BYTES) return OUT_OF_MEMORY;
    *address = (uint64_t)aligned_alloc(65536, (size + 65535) / 65536 * 65536);
    allocations[*address] = size;
    allocated_bytes += size;
    return SUCCESS;
}
int cuMemFree_v2(uint64_t address) {
    ENTER();
    auto found = allocations.find(address);
    if (found == allocations.end()) return INVALID_VALUE;
    allocated_bytes -= found->second;
    allocations.erase(found);
    free((void*)address);
    return SUCCESS;
}
int cuMemGetInfo_v2(uint64_t* free_bytes, uint64_t* total) { ENTER(); *free_bytes = MEMORY_BYTES - allocated_bytes; *total = MEMORY_BYTES; return SUCCESS; }
int cuMemGetAddressRange_v2(uint64_t* base, uint64_t* size, uint64_t address) {
    ENTER();
    if (!inside(address, 1)) return NOT_FOUND;
    auto& found = *std::prev(allocations.upper_bound(address));
    *base = found.first;
    *size = found.second;
    return SUCCESS;
}
int cuMemHostRegister_v2(void* memory, uint64_t, unsigned) { ENTER(); pinned.insert(memory); return SUCCESS; }
int cuMemHostUnregister(void* memory) { ENTER(); return pinned.erase(memory) ? SUCCESS : INVALID_VALUE; }
int cuMemcpyHtoDAsync_v2(uint64_t to, const void* from, uint64_t size, uint64_t stream) {
    ENTER();
    return inside(to, size) ? copy((void*)to, from, size, stream) : INVALID_VALUE;
}
int cuMemcpyDtoHAsync_v2(void* to, uint64_t from, uint64_t size, uint64_t stream) {
    ENTER();
    return inside(from, size) ? copy(to, (void*)from, size, stream) : INVALID_VALUE;
}
int cuMemcpyDtoDAsync_v2(uint64_t to, uint64_t from, uint64_t size, uint64_t stream) {
    ENTER();
    return inside(to, size) && inside(from, size) ? copy((void*)to, (void*)from, size, stream) : INVALID_VALUE;
}
int cuMemsetD8Async(uint64_t to, unsigned char value, uint64_t size, uint64_t stream) {
    ENTER();
    if (!inside(to, size)) return INVALID_VALUE;
    streams.at(stream).push_back([=] { memset((void*)to, value, size); });
    return SUCCESS;
}
int cuPointerGetAttribute(void*, int, uint64_t) { return SUCCESS; }

int cuIpcGetMemHandle(IpcHandle* handle, uint64_t address) {
    ENTER();
    if (!allocations.count(address)) return INVALID_VALUE;
    memset(handle, 0x5A, sizeof *handle);
    memcpy(handle->bytes, &address, sizeof address);
    return SUCCESS;
}
int cuIpcOpenMemHandle_v2(uint64_t* address, IpcHandle handle, unsigned) {
    ENTER();
    memcpy(address, handle.bytes, sizeof *address);
    if (handle.bytes[63] != 0x5A || !allocations.count(*address)) return INVALID_VALUE;
    ipc_opened[*address]++;
    return SUCCESS;
}
int cuIpcCloseMemHandle(uint64_t address) {
    ENTER();
    auto found = ipc_opened.find(address);
    if (found == ipc_opened.end()) return INVALID_VALUE;
    if (--found->second == 0) ipc_opened.erase(found);
    return SUCCESS;
}

int cuStreamCreate(uint64_t* stream, unsigned) { ENTER(); *stream = next_stream++; streams[*stream]; return SUCCESS; }
int cuStreamSynchronize(uint64_t stream) {
    std::vector<std::function<void()>> work;
    {
        ENTER();
        auto found = streams.find(stream);
        if (found == streams.end()) return INVALID_HANDLE;
        work.swap(found->second);
    }
    for (auto& step : work) step();
    return SUCCESS;
}
int cuStreamWaitEvent(uint64_t, uint64_t, unsigned) { return SUCCESS; }
int cuStreamDestroy_v2(uint64_t stream) { ENTER(); return streams.erase(stream) ? SUCCESS : INVALID_HANDLE; }
int cuEventCreate(uint64_t* event, unsigned) { ENTER(); *event = next_event++; events.insert(*event); return SUCCESS; }
int cuEventRecord(uint64_t, uint64_t) { return SUCCESS; }
int cuEventQuery(uint64_t) { return SUCCESS; }
int cuEventSynchronize(uint64_t) { return SUCCESS; }
int cuEventElapsedTime(float* millis, uint64_t, uint64_t) { *millis = 1; return SUCCESS; }
int cuEventDestroy_v2(uint64_t event) { ENTER(); return events.erase(event) ? SUCCESS : INVALID_HANDLE; }

int cuModuleLoadData(uint64_t* module, const char* ptx) {
    ENTER();
    *module = 0x300;
    return strstr(ptx, ".entry block_checksums") ? SUCCESS : 218;
}
int cuModuleUnload(uint64_t) { return SUCCESS; }
int cuModuleGetFunction(uint64_t* function, uint64_t, const char* name) {
    *function = 0x400;
    return strcmp(name, "block_checksums") ? NOT_FOUND : SUCCESS;
}
int cuLaunchKernel(uint64_t function, unsigned blocks, unsigned, unsigned, unsigned threads, unsigned, unsigned, unsigned,
                   uint64_t stream, void** arguments, void**) {
    ENTER();
    if (function != 0x400) return INVALID_HANDLE;
    auto data = *(const unsigned char**)arguments[0];
    auto length = *(unsigned long long*)arguments[1];
    auto crcs = *(unsigned**)arguments[2];
    auto constants = *(const unsigned**)arguments[3];
    auto unpad = *(unsigned*)arguments[4];
    if (!inside((uint64_t)data, length) || !inside((uint64_t)crcs, blocks * 4ull)) return INVALID_VALUE;
    streams.at(stream).push_back([=] {
        static std::mutex one_at_a_time;
        std::lock_guard guard(one_at_a_time);
        run_grid(blocks, threads, [=] { block_checksums(data, length, crcs, constants, unpad); });
    });
    return SUCCESS;
}

} // extern "C"
