import KernelTypes

/// The kernels of this folder as compiled for this module's instruction set.
public let kernelTable: KernelTable = {
    #if STRATA_BF16
        let name = "avx512bf16"
    #elseif STRATA_AVX512
        let name = "avx512"
    #elseif STRATA_AVX2
        let name = "avx2"
    #else
        let name = "portable"
    #endif
    return KernelTable(
        name: name, panelWidth: panelWidth, productScratch: productScratch, pairsAreWords: pairsAreWords,
        product: product, packTransposed: packTransposed, packColumns: packColumns, packTransposedRounded: packTransposedRounded,
        packColumnsRounded: packColumnsRounded, roundRows: roundRows, normForward: normForward, normBackward: normBackward,
        rotate: rotate, attentionForward: attentionForward, attentionBackward: attentionBackward,
        gateForward: gateForward, gateBackward: gateBackward, crossEntropyRow: crossEntropyRow,
        add: add, scale: scale, sumOfSquares: sumOfSquares, adamW: adamW, exponential: exponential, peak: peak)
}()
