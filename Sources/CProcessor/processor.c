#include "processor.h"

#if defined(__x86_64__)
#include <cpuid.h>

int cprocessor_has_x86_64_v3(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi")
        && __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("f16c") && __builtin_cpu_supports("lzcnt")
        && __builtin_cpu_supports("movbe");
}

int cprocessor_has_x86_64_v4(void) {
    return cprocessor_has_x86_64_v3() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
        && __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

int cprocessor_has_avx512_bf16(void) {
    unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
    return cprocessor_has_x86_64_v4() && __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) && (eax >> 5 & 1);
}

int cprocessor_has_fast_avx512_bf16(void) {
    unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
    if (!cprocessor_has_avx512_bf16()) return 0;
    __builtin_cpu_init();
    int hasFP16 = __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && (edx >> 23 & 1);
    return !(__builtin_cpu_is("intel") && hasFP16);
}
#else
int cprocessor_has_x86_64_v3(void) { return 0; }
int cprocessor_has_x86_64_v4(void) { return 0; }
int cprocessor_has_avx512_bf16(void) { return 0; }
int cprocessor_has_fast_avx512_bf16(void) { return 0; }
#endif
