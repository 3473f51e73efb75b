#if STRATA_BF16
    import KernelTypes

    // Operands rounded to bfloat16, two neighbouring k in a word as the processor's products read them: the even one in the low half. In all other respects
    // words lie as floats do in Packing.swift, so they are moved as floats too.

    let pairsAreWords = true
    typealias Bits = SIMD16<UInt32>

    @_transparent
    func bits(_ x: Lanes) -> Bits { unsafeBitCast(x, to: Bits.self) }

    /// Words of an even and an odd k, lane by lane.
    @_transparent
    func words(even: Lanes, odd: Lanes) -> Lanes { unsafeBitCast(bits(rounded(even)) &>> 16 | bits(rounded(odd)), to: Lanes.self) }

    /// Words of numbers that stand beside each other: 0 and 1, 2 and 3 ...
    @_transparent
    func words(_ x: Lanes) -> SIMD8<Float> {
        let all = rounded(x)
        let even = unsafeBitCast(all.evenHalf, to: SIMD8<UInt32>.self), odd = unsafeBitCast(all.oddHalf, to: SIMD8<UInt32>.self)
        return unsafeBitCast(even &>> 16 | odd, to: SIMD8<Float>.self)
    }

    /// The last word of an odd depth. The sign of its odd half is what a product with the other operand's needs to be -0, which changes no sum.
    @inline(__always)
    func lastWord(_ even: Float, isLeft: Bool) -> Float { Float(bitPattern: bits(rounded(Lanes(repeating: even)))[0] &>> 16 | (isLeft ? 0x8000_0000 : 0)) }

    /// Rows of a left operand: target[i, p] = word(source[i, 2p], source[i, 2p + 1]).
    /// Shapes: source (rows, columns), target (rows, ceil(columns / 2)), rows `sourceRow` and `targetRow` apart. target may not overlap source.
    func roundRows(_ source: Input, _ sourceRow: Int, _ target: Output, _ targetRow: Int, _ rows: Int, _ columns: Int) {
        var i = 0
        while i < rows {
            roundRow(source + i * sourceRow, target + i * targetRow, columns, isLeft: true)
            i += 1
        }
    }

    @inline(__always)
    func roundRow(_ from: Input, _ to: Output, _ columns: Int, isLeft: Bool) {
        var k = 0
        while k + 16 <= columns {
            store8(words(load(from + k)), to + k / 2)
            k += 16
        }
        if k + 1 < columns {
            let rest = words(load(from + k, columns - k))
            let count = (columns - k) / 2
            var p = 0
            while p < count {
                to[k / 2 + p] = rest[p]
                p += 1
            }
        }
        if columns & 1 == 1 { to[columns / 2] = lastWord(from[columns - 1], isLeft: isLeft) }
    }

    /// Packs rows in panels: packed[panel][p][j] = word(row 2p, row 2p + 1), zeros beyond the last column. A word that lies half in these rows gets
    /// that half; the other is of the source below or above, and another thread may be writing it.
    func packColumnsRounded(_ r: PanelRows) {
        let panelRow = (r.packedDepth + 1) / 2 * r.width
        let last = r.isLeft ? Bits(repeating: 0x8000_0000) : Bits(repeating: 0)
        var j = 0
        while j < r.columns {
            let panel = r.packed + j / r.width * panelRow
            // Panels may be narrower than a vector, and wider than one.
            var column = 0
            while column < r.width {
                let width = r.width - column < 16 ? r.width - column : 16
                let left = r.columns - j - column
                let filled = left < 0 ? 0 : left < width ? left : width
                var from = r.source + (filled > 0 ? j + column : 0)
                var k = r.firstRow
                let end = k + r.depth
                if k & 1 == 1, k < end {
                    storeHalves(rounded(loadWords(from, filled)), panel + k / 2 * r.width + column, width, half: 1)
                    from += r.sourceRow
                    k += 1
                }
                while k + 2 <= end {
                    storeWords(words(even: loadWords(from, filled), odd: loadWords(from + r.sourceRow, filled)), panel + k / 2 * r.width + column, width)
                    from += 2 * r.sourceRow
                    k += 2
                }
                if k < end {
                    let even = rounded(loadWords(from, filled))
                    let out = panel + k / 2 * r.width + column
                    if end == r.packedDepth {
                        storeWords(unsafeBitCast(bits(even) &>> 16 | last, to: Lanes.self), out, width)
                    } else {
                        storeHalves(even, out, width, half: 0)
                    }
                }
                column += 16
            }
            j += r.width
        }
    }

    @inline(__always)
    func loadWords(_ p: Input, _ count: Int) -> Lanes { count == 16 ? load(p) : load(p, count) }

    @inline(__always)
    func storeWords(_ x: Lanes, _ p: Output, _ count: Int) {
        if count == 16 { store(x, p) } else { store(x, p, count) }
    }

    /// The even (0) or odd (1) halves of words.
    @inline(__always)
    func storeHalves(_ x: Lanes, _ p: Output, _ count: Int, half: Int) {
        let high = bits(x) &>> 16
        var j = 0
        while j < count {
            UnsafeMutableRawPointer(p + j).storeBytes(of: UInt16(truncatingIfNeeded: high[j]), toByteOffset: 2 * half, as: UInt16.self)
            j += 1
        }
    }

    /// Packs the transpose of a matrix for use as B, from column `first` on: packed[panel][p][j] = word(source[j - first, 2p], source[j - first, 2p + 1]).
    /// Shapes as of `packTransposed`, with ceil(depth / 2) words for depth floats. Other columns stay as they are.
    func packTransposedRounded(_ source: Input, _ sourceRow: Int, _ columns: Int, _ depth: Int, _ packed: Output, _ first: Int) {
        let pairs = (depth + 1) / 2
        var j = 0
        while j < columns {
            let column = first + j
            let room = panelWidth - column % panelWidth
            let width = columns - j < room ? columns - j : room
            transposeWords(source + j * sourceRow, sourceRow, width, depth, packed + column / panelWidth * panelWidth * pairs + column % panelWidth)
            j += width
        }
    }

    /// target[p, j] = word(source[j, 2p], source[j, 2p + 1]). Shapes: source (rows, columns); rows of target `panelWidth` apart.
    @inline(__always)
    func transposeWords(_ source: Input, _ sourceRow: Int, _ rows: Int, _ columns: Int, _ target: Output) {
        var j = 0
        while j < rows {
            let from = source + j * sourceRow
            let to = target + j
            var k = 0
            let height = rows - j < 4 ? rows - j : 4
            if height == 4 {
                while k + 8 <= columns {
                    // As in `transpose`: two rounds of taking every other word turn a square of four.
                    let ab = words(Lanes(lowHalf: load8(from + k), highHalf: load8(from + sourceRow + k)))
                    let cd = words(Lanes(lowHalf: load8(from + 2 * sourceRow + k), highHalf: load8(from + 3 * sourceRow + k)))
                    let even = SIMD8(lowHalf: ab.evenHalf, highHalf: cd.evenHalf)
                    let odd = SIMD8(lowHalf: ab.oddHalf, highHalf: cd.oddHalf)
                    let p = to + k / 2 * panelWidth
                    store4(even.evenHalf, p)
                    store4(odd.evenHalf, p + panelWidth)
                    store4(even.oddHalf, p + 2 * panelWidth)
                    store4(odd.oddHalf, p + 3 * panelWidth)
                    k += 8
                }
            }
            while k < columns {
                var row = 0
                while row < height {
                    let x = from + row * sourceRow + k
                    to[k / 2 * panelWidth + row] = k + 1 < columns ? words(load(x, 2))[0] : lastWord(x[0], isLeft: false)
                    row += 1
                }
                k += 2
            }
            j += height
        }
    }
#endif
