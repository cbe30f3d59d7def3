/* A driver of two devices, for tests: the functions of NVIDIA's that unravel calls, and no device behind them. */
#include <stddef.h>
#include <string.h>

static int pushed, retained;

int cuInit(unsigned flags) { return flags == 0 ? 0 : 1; }
int cuDeviceGetCount(int *n) { *n = 2; return 0; }
int cuDeviceGet(int *device, int index) {
    if (index < 0 || 2 <= index) return 101; /* CUDA_ERROR_INVALID_DEVICE */
    *device = 70 + index;
    return 0;
}
int cuDeviceGetName(char *name, int length, int device) {
    strncpy(name, device == 70 ? "Large GPU" : "Small GPU", length);
    return 0;
}
int cuDeviceTotalMem_v2(size_t *bytes, int device) {
    *bytes = device == 70 ? (size_t)80 << 30 : (size_t)8 << 30;
    return 0;
}
int cuDevicePrimaryCtxRetain(void **context, int device) {
    retained = device;
    *context = &retained;
    return 0;
}
int cuCtxPushCurrent_v2(void *context) { pushed = context == &retained; return pushed ? 0 : 201; }
int cuMemGetInfo_v2(size_t *free, size_t *total) {
    if (!pushed) return 201; /* CUDA_ERROR_INVALID_CONTEXT */
    cuDeviceTotalMem_v2(total, retained);
    *free = *total - ((size_t)1 << 30);
    return 0;
}
int cuCtxPopCurrent_v2(void **context) { *context = &retained; pushed = 0; return 0; }
int cuDevicePrimaryCtxRelease_v2(int device) { return device == retained ? 0 : 1; }
