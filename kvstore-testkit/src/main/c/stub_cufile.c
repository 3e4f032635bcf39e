// A libcufile.so.0 without a GPU: real file I/O on the host memory that the stub driver hands out as device memory. It
// injects the errors that the real one returns and counts misuse: a handle used after its end, a request without a
// current context, a descriptor closed before its handle.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

typedef struct { int err, cu_err; } Error;
typedef struct { int type; union { int fd; void* handle; } handle; void* fs_ops; } Description;
typedef struct { int fd; bool open; int busy; } Handle;

enum { READ, WRITE, HANDLE_REGISTER, BUF_REGISTER, DRIVER_OPEN, OPERATIONS };
enum { SHORT = 1, HANG = 2, WRONG_BYTES = 3 };
enum { HANDLES = 4096, BUFFERS = 4096 };

int stub_cuda_has_context(void);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t released = PTHREAD_COND_INITIALIZER;
static Handle handles[HANDLES];
static struct { uint64_t base, size; } buffers[BUFFERS];
static long faults[OPERATIONS], fault_count[OPERATIONS], calls[OPERATIONS];
static long misuse, unregistered, hanging;
static int version = 1150, nvfs_major, driver_open;
static bool hang_released;
static uint64_t posix_reads, posix_writes, nvfs_reads, nvfs_writes;

void stub_cufile_reset(void) {
    pthread_mutex_lock(&lock);
    // An engine that was closed while a request hung leaves it open.
    driver_open = 0;
    memset(faults, 0, sizeof faults);
    memset(fault_count, 0, sizeof fault_count);
    memset(calls, 0, sizeof calls);
    misuse = unregistered = 0;
    version = 1150;
    nvfs_major = 0;
    hang_released = false;
    pthread_mutex_unlock(&lock);
}
void stub_cufile_version(int number) { version = number; }
// With a version of nvidia-fs, requests are counted as its; 0 means that there is none.
void stub_cufile_nvfs(int major) { nvfs_major = major; }
// The next `count` calls of an operation end as `value` says: 1 to 3 of the enum above, -1 to -4095 -errno, from -5001 on
// minus a status, which control calls return as the status.
void stub_cufile_fail(int operation, long value, long count) {
    pthread_mutex_lock(&lock);
    faults[operation] = value;
    fault_count[operation] = count;
    pthread_mutex_unlock(&lock);
}
void stub_cufile_release(void) {
    pthread_mutex_lock(&lock);
    hang_released = true;
    pthread_cond_broadcast(&released);
    pthread_mutex_unlock(&lock);
}
long stub_cufile_calls(int operation) { return calls[operation]; }
long stub_cufile_misuse(void) { return misuse; }
long stub_cufile_unregistered(void) { return unregistered; }
long stub_cufile_hanging(void) { return hanging; }
long stub_cufile_held(void) {
    long held = driver_open;
    for (int i = 0; i < HANDLES; i++) held += handles[i].open;
    for (int i = 0; i < BUFFERS; i++) held += buffers[i].size != 0;
    return held;
}

static long take_fault(int operation) {
    pthread_mutex_lock(&lock);
    calls[operation]++;
    long value = 0;
    if (fault_count[operation] > 0) {
        fault_count[operation]--;
        value = faults[operation];
    }
    pthread_mutex_unlock(&lock);
    return value;
}

static Error status(int code) { return (Error){code, code == 5011 ? 100 : 0}; }

Error cuFileDriverOpen(void) {
    long fault = take_fault(DRIVER_OPEN);
    if (fault) return status((int)-fault);
    driver_open++;
    return status(0);
}
Error cuFileDriverClose_v2(void) { if (driver_open > 0) driver_open--; return status(0); }
Error cuFileDriverClose(void) { return cuFileDriverClose_v2(); }
long cuFileUseCount(void) { return driver_open; }
Error cuFileGetVersion(int* out) {
    if (!out) return status(5022);
    *out = version;
    return status(0);
}
Error cuFileSetParameterString(int parameter, const char* value) { return status(driver_open ? 5026 : parameter == 2 && value ? 0 : 5022); }
Error cuFileSetParameterBool(int parameter, bool value) { (void)parameter; (void)value; return status(driver_open ? 5026 : 0); }

Error cuFileHandleRegister(void** out, Description* description) {
    long fault = take_fault(HANDLE_REGISTER);
    if (fault) return status((int)-fault);
    if (description->type != 1 || description->fs_ops) return status(5022);
    if (fcntl(description->handle.fd, F_GETFD) < 0) return status(5018);
    pthread_mutex_lock(&lock);
    Error result = status(5043);
    for (int i = 0; i < HANDLES; i++) {
        if (handles[i].open && handles[i].fd == description->handle.fd) { result = status(5028); break; }
        if (!handles[i].open) {
            handles[i] = (Handle){description->handle.fd, true, 0};
            *out = &handles[i];
            result = status(0);
            break;
        }
    }
    pthread_mutex_unlock(&lock);
    return result;
}
void cuFileHandleDeregister(void* opaque) {
    Handle* handle = opaque;
    pthread_mutex_lock(&lock);
    if (!handle->open || handle->busy || fcntl(handle->fd, F_GETFD) < 0) misuse++;
    handle->open = false;
    pthread_mutex_unlock(&lock);
}
Error cuFileBufRegister(uint64_t base, size_t size, int flags) {
    long fault = take_fault(BUF_REGISTER);
    if (fault) return status((int)-fault);
    if (flags || !size || base % 4096) return status(5022);
    pthread_mutex_lock(&lock);
    Error result = status(5043);
    for (int i = 0; i < BUFFERS; i++) {
        if (buffers[i].size && buffers[i].base == base) { result = status(5023); break; }
        if (!buffers[i].size) { buffers[i].base = base; buffers[i].size = size; result = status(0); break; }
    }
    pthread_mutex_unlock(&lock);
    return result;
}
Error cuFileBufDeregister(uint64_t base) {
    pthread_mutex_lock(&lock);
    Error result = status(5024);
    for (int i = 0; i < BUFFERS; i++) {
        if (buffers[i].size && buffers[i].base == base) { buffers[i].size = 0; result = status(0); break; }
    }
    pthread_mutex_unlock(&lock);
    return result;
}

static ssize_t transfer(int operation, Handle* handle, uint64_t base, size_t size, off_t file_offset, off_t buffer_offset) {
    long fault = take_fault(operation);
    pthread_mutex_lock(&lock);
    if (!handle->open || !stub_cuda_has_context()) misuse++;
    bool registered = false;
    for (int i = 0; i < BUFFERS; i++) registered |= buffers[i].size && buffers[i].base == base && (size_t)buffer_offset + size <= buffers[i].size;
    unregistered += !registered;
    handle->busy++;
    if (fault == HANG) {
        hanging++;
        while (!hang_released) pthread_cond_wait(&released, &lock);
        hanging--;
    }
    pthread_mutex_unlock(&lock);

    ssize_t result;
    char* memory = (char*)base + buffer_offset;
    if (fault <= -5001) {
        result = fault;
    } else if (fault < 0) {
        errno = (int)-fault;
        result = -1;
    } else {
        size_t wanted = fault == SHORT ? size / 2 : size;
        char* wrong = NULL;
        if (fault == WRONG_BYTES && operation == WRITE) {
            // a copy: the memory itself stays as it is. O_DIRECT wants it aligned
            wrong = aligned_alloc(4096, (wanted + 4095) / 4096 * 4096);
            memcpy(wrong, memory, wanted);
            wrong[wanted / 2] ^= 1;
            memory = wrong;
        }
        result = operation == READ ? pread(handle->fd, memory, wanted, file_offset) : pwrite(handle->fd, memory, wanted, file_offset);
        if (fault == WRONG_BYTES && operation == READ && result > 0) memory[result / 2] ^= 1;
        free(wrong);
    }
    int error = errno;
    pthread_mutex_lock(&lock);
    handle->busy--;
    if (result > 0) {
        if (operation == READ) { nvfs_major ? nvfs_reads++ : posix_reads++; }
        else { nvfs_major ? nvfs_writes++ : posix_writes++; }
    }
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}
ssize_t cuFileRead(void* handle, void* base, size_t size, off_t file_offset, off_t buffer_offset) {
    return transfer(READ, handle, (uint64_t)base, size, file_offset, buffer_offset);
}
ssize_t cuFileWrite(void* handle, const void* base, size_t size, off_t file_offset, off_t buffer_offset) {
    return transfer(WRITE, handle, (uint64_t)base, size, file_offset, buffer_offset);
}

Error cuFileDriverGetProperties(void* out) {
    unsigned properties[14] = {0};
    properties[0] = nvfs_major;
    properties[6] = nvfs_major ? 1 : 0;
    properties[7] = 2;
    memcpy(out, properties, sizeof properties);
    return status(0);
}
Error cuFileSetStatsLevel(int level) { return status(level < 0 || level > 3 ? 5022 : 0); }
Error cuFileStatsStart(void) { return status(0); }
Error cuFileStatsStop(void) { return status(0); }
Error cuFileGetStatsL3(char* out) {
    memset(out, 0, 5000);
    unsigned gpus = 1;
    memcpy(out + 1024, &gpus, 4);
    memcpy(out + 1032 + 64, &nvfs_reads, 8);
    memcpy(out + 1032 + 72, &posix_reads, 8);
    memcpy(out + 1032 + 168, &nvfs_writes, 8);
    memcpy(out + 1032 + 176, &posix_writes, 8);
    return status(0);
}
