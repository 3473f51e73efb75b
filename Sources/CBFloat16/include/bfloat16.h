#ifndef STRATA_BFLOAT16_H
#define STRATA_BFLOAT16_H

#if defined(__AVX512BF16__)
#include <immintrin.h>

/// Sixteen floats, or sixteen words of two bfloat16: SIMD16<Float> in Swift.
typedef float cbfloat16_lanes __attribute__((ext_vector_type(16)));

/// sums + odd halves of a times odd halves of b, then + even halves times even halves: vdpbf16ps. Each sum is rounded to nearest even; inputs too small
/// to be normal count as 0, results likewise become 0.
static inline __attribute__((always_inline)) cbfloat16_lanes cbfloat16_dot(cbfloat16_lanes sums, cbfloat16_lanes a, cbfloat16_lanes b) {
    return (cbfloat16_lanes)_mm512_dpbf16_ps((__m512)sums, (__m512bh)a, (__m512bh)b);
}
#endif

#endif
