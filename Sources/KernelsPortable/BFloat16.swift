import KernelTypes

// Operands rounded to bfloat16 (to nearest, ties to even). Error: relative 2^-9. What is smaller than the smallest normal number becomes 0, as the
// processor's bfloat16 products take it; a NaN stays a NaN; beyond the largest bfloat16 comes infinity.
//
// Without bfloat16 products in the processor a rounded number is kept in a float; with them, two neighbouring k in a word, the even one in its
// low half (PackingWords.swift).

/// Of sixteen floats; the low half of the bits is 0.
@_transparent
func rounded(_ x: Lanes) -> Lanes {
    typealias Bits = SIMD16<UInt32>
    let bits = unsafeBitCast(x, to: Bits.self)
    let odd = (bits &>> 16) & Bits(repeating: 1)
    var y = unsafeBitCast((bits &+ Bits(repeating: 0x7FFF) &+ odd) & Bits(repeating: 0xFFFF_0000), to: Lanes.self)
    let size = unsafeBitCast(bits & Bits(repeating: 0x7FFF_FFFF), to: Lanes.self)
    y.replace(with: Lanes(repeating: 0), where: size .< Lanes(repeating: Float.leastNormalMagnitude))
    // Not `y`: the carry of a NaN's bits can reach the exponent.
    let quiet = unsafeBitCast(unsafeBitCast(x + x, to: Bits.self) & Bits(repeating: 0xFFFF_0000), to: Lanes.self)
    return y.replacing(with: quiet, where: x .!= x)
}

#if !STRATA_BF16
    let pairsAreWords = false

    /// target[i, k] = round(source[i, k]). Shapes: (rows, columns), rows `sourceRow` and `targetRow` apart. target may be source.
    func roundRows(_ source: Input, _ sourceRow: Int, _ target: Output, _ targetRow: Int, _ rows: Int, _ columns: Int) {
        var i = 0
        while i < rows {
            let from = source + i * sourceRow, to = target + i * targetRow
            var j = 0
            while j + 16 <= columns {
                store(rounded(load(from + j)), to + j)
                j += 16
            }
            if j < columns { store(rounded(load(from + j, columns - j)), to + j, columns - j) }
            i += 1
        }
    }

    /// `packColumns`, rounded.
    func packColumnsRounded(_ r: PanelRows) {
        let panelRow = r.packedDepth * r.width
        var panel = r.packed + r.firstRow * r.width
        packColumns(r.source, r.sourceRow, r.columns, r.depth, panel, panelRow, r.width)
        var j = 0
        while j < r.columns {
            roundRows(Input(panel), r.width, panel, r.width, r.depth, r.width)
            panel += panelRow
            j += r.width
        }
    }

    /// `packTransposed`, rounded.
    func packTransposedRounded(_ source: Input, _ sourceRow: Int, _ columns: Int, _ depth: Int, _ packed: Output, _ first: Int) {
        packTransposed(source, sourceRow, columns, depth, packed, first)
        // Only these columns: others may be written beside them at the same time.
        var column = first
        while column < first + columns {
            let room = panelWidth - column % panelWidth
            let width = first + columns - column < room ? first + columns - column : room
            let start = packed + column / panelWidth * panelWidth * depth + column % panelWidth
            roundRows(Input(start), panelWidth, start, panelWidth, depth, width)
            column += width
        }
    }
#endif
