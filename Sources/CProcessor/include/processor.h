#ifndef STRATA_PROCESSOR_H
#define STRATA_PROCESSOR_H

/// 1 when the processor and the operating system can run x86-64-v3 code (AVX2, FMA, BMI2, F16C).
int cprocessor_has_x86_64_v3(void);
/// 1 when they can run x86-64-v4 code (AVX-512 F, BW, CD, DQ, VL).
int cprocessor_has_x86_64_v4(void);
/// 1 when they can run x86-64-v4 code with AVX512-BF16 (bfloat16 dot products).
int cprocessor_has_avx512_bf16(void);
/// 1 when AVX512-BF16 multiplies faster than FP32 does. Intel's processors since Sapphire Rapids, known by AVX512-FP16, leave bfloat16 to their
/// matrix units: the dot product of vectors does half the multiply-adds a cycle that FP32 does.
int cprocessor_has_fast_avx512_bf16(void);

/// Tells the processor that the thread is waiting in a loop.
static inline void cprocessor_pause(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

#endif
