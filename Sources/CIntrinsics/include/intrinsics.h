#ifndef STRATA_INTRINSICS_H
#define STRATA_INTRINSICS_H

/// Asks for the cache line of `p` in the second-level cache. Any address may be given.
static inline __attribute__((always_inline)) void cintrinsics_prefetch(const float *p) { __builtin_prefetch(p, 0, 2); }

#if defined(__AVX512BF16__)
#include <immintrin.h>

/// Sixteen floats, or sixteen words of two bfloat16: SIMD16<Float> in Swift.
typedef float cintrinsics_lanes __attribute__((ext_vector_type(16)));

/// sums + odd halves of a times odd halves of b, then + even halves times even halves: vdpbf16ps. Each sum is rounded to nearest even; inputs too small
/// to be normal count as 0, results likewise become 0.
static inline __attribute__((always_inline)) cintrinsics_lanes cintrinsics_bfloat16_dot(cintrinsics_lanes sums, cintrinsics_lanes a, cintrinsics_lanes b) {
    return (cintrinsics_lanes)_mm512_dpbf16_ps((__m512)sums, (__m512bh)a, (__m512bh)b);
}
#endif

#endif
