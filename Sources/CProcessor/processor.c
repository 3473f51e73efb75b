#include "processor.h"

#if defined(__x86_64__)
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
#else
int cprocessor_has_x86_64_v3(void) { return 0; }
int cprocessor_has_x86_64_v4(void) { return 0; }
#endif
