internal import CIntrinsics
import KernelTypes

// Register tiles: up to `tileRows` rows of A by two vectors of B. An element of C is one chain of fused multiply-adds in
// ascending k, continued from C where the depth is cut, so its bits do not depend on the tile or on how work was cut.
#if STRATA_AVX512
    typealias TileVector = SIMD16<Float>
    let tileRows = 12
#else
    typealias TileVector = SIMD8<Float>
    let tileRows = 6
#endif

let vectorWidth = TileVector.scalarCount
let panelWidth = 2 * vectorWidth
/// Rows of B that stay in the first-level cache while the rows of A pass by.
let depthBlock = 256
let productScratch = tileRows * panelWidth * 2

@inline(__always)
func fusedTile(_ a: TileVector, _ b: TileVector, _ c: TileVector) -> TileVector {
    #if STRATA_FMA
        c.addingProduct(a, b)
    #else
        c + a * b
    #endif
}

@inline(__always)
func loadTile(_ p: Input) -> TileVector { UnsafeRawPointer(p).loadUnaligned(as: TileVector.self) }

/// Where a tile's result goes: C = [C +] A B [+ addend].
struct TileTarget {
    var c: Output, row: Int
    var accumulates: Bool
    var addend: Input?
}

/// `fusedTile`, or with words of two k both, the odd one first.
@_transparent
func tileSum(isWords: Bool, _ a: TileVector, _ b: TileVector, _ c: TileVector) -> TileVector {
    #if STRATA_BF16
        isWords ? cintrinsics_bfloat16_dot(c, a, b) : fusedTile(a, b, c)
    #else
        fusedTile(a, b, c)
    #endif
}

/// One k of a tile, or a word of two.
@_transparent
func tileStep(rows: Int, vectors: Int, isWords: Bool, _ a: Input, _ aRow: Int, _ b: Input, _ sums: inout InlineArray<24, TileVector>) {
    let b0 = loadTile(b)
    let b1 = vectors == 2 ? loadTile(b + vectorWidth) : b0
    var i = 0
    while i < rows {
        let x = TileVector(repeating: a[i * aRow])
        sums[i * 2] = tileSum(isWords: isWords, x, b0, sums[i * 2])
        if vectors == 2 { sums[i * 2 + 1] = tileSum(isWords: isWords, x, b1, sums[i * 2 + 1]) }
        i += 1
    }
}

/// C (rows, vectors * vectorWidth) = A (rows, depth) B (depth, the same width). `rows` and `vectors` are constants
/// at each call, so the loops over them unroll and the accumulators stay in registers. Meanwhile `nextStep` floats from `next` are fetched for each k.
@_transparent
func tile(
    rows: Int, vectors: Int, isPaired: Bool, depth: Int, a: Input, aRow: Int, aColumn: Int, b: Input, bRow: Int, next: Input, nextStep: Int,
    to target: TileTarget
) {
    let o = TileVector(repeating: 0)
    // A literal: `init(repeating:)` would be a generic function, compiled for one instruction set and called from all.
    var sums: InlineArray<24, TileVector> = [o, o, o, o, o, o, o, o, o, o, o, o, o, o, o, o, o, o, o, o, o, o, o, o]
    var i = 0
    if target.accumulates {
        while i < rows {
            var j = 0
            while j < vectors {
                sums[i * 2 + j] = loadTile(target.c + i * target.row + j * vectorWidth)
                j += 1
            }
            i += 1
        }
    }
    var a = a
    var b = b
    var next = next
    var k = 0
    if isPaired, !pairsAreWords {
        while k + 2 <= depth {
            tileStep(rows: rows, vectors: vectors, isWords: false, a + aColumn, aRow, b + bRow, &sums)
            tileStep(rows: rows, vectors: vectors, isWords: false, a, aRow, b, &sums)
            a += 2 * aColumn
            b += 2 * bRow
            k += 2
        }
    }
    while k < depth {
        cintrinsics_prefetch(next)
        next += nextStep
        tileStep(rows: rows, vectors: vectors, isWords: isPaired && pairsAreWords, a, aRow, b, &sums)
        a += aColumn
        b += bRow
        k += 1
    }
    if let addend = target.addend {
        i = 0
        while i < rows {
            var j = 0
            while j < vectors {
                sums[i * 2 + j] += loadTile(addend + i * target.row + j * vectorWidth)
                j += 1
            }
            i += 1
        }
    }
    i = 0
    while i < rows {
        var j = 0
        while j < vectors {
            UnsafeMutableRawPointer(target.c + i * target.row + j * vectorWidth).storeBytes(of: sums[i * 2 + j], as: TileVector.self)
            j += 1
        }
        i += 1
    }
}

/// Rows of A as the tiles read them: element (i, k) stands at
/// base[i / rowGroup * group + i % rowGroup * row + k * column].
struct TileRows {
    var base: Input
    var group: Int, row: Int, column: Int

    /// Rows of one distance throughout.
    @inline(__always)
    init(_ base: Input, row: Int, column: Int) { (self.base, group, self.row, self.column) = (base, rowGroup * row, row, column) }

    @inline(__always)
    init(_ base: Input, group: Int, row: Int, column: Int) { (self.base, self.group, self.row, self.column) = (base, group, row, column) }
}

/// The height of the next tile with `left` rows to go: such that the last tiles are not so low that they wait for each other's
/// sums. Tiles may cross the bounds of `rowGroup` only where the rows have one distance throughout.
@inline(__always)
func tileHeight(_ left: Int, isUniform: Bool) -> Int {
    #if STRATA_AVX512
        if left >= 12 { return isUniform && left == 16 ? 8 : 12 }
        return left >= 8 ? 8 : left >= 6 ? 6 : left >= 4 ? 4 : left >= 2 ? 2 : 1
    #else
        if left >= 6 { return !isUniform || left > 9 || left == 6 ? 6 : left == 9 ? 5 : 4 }
        return left
    #endif
}

/// One panel of B against all rows of A, while `next`, the panel behind it or any address, is fetched from beyond the second-level cache.
@inline(__always)
func panel(vectors: Int, isPaired: Bool = false, rows: Int, depth: Int, a: TileRows, b: Input, bRow: Int, next: Input, to target: TileTarget) {
    var i = 0
    let tiles = (rows + tileRows - 1) / tileRows
    let nextStep = vectors * vectorWidth / tiles
    var next = next
    let aRow = a.row, aColumn = a.column
    let isUniform = a.group == rowGroup * a.row
    var target = target
    while i < rows {
        let height = tileHeight(rows - i, isUniform: isUniform)
        let a = a.base + i / rowGroup * a.group + i % rowGroup * aRow
        switch height {
        #if STRATA_AVX512
            case 12:
                tile(
                    rows: 12, vectors: vectors, isPaired: isPaired, depth: depth, a: a, aRow: aRow, aColumn: aColumn, b: b, bRow: bRow, next: next,
                    nextStep: nextStep, to: target)
            case 8:
                tile(
                    rows: 8, vectors: vectors, isPaired: isPaired, depth: depth, a: a, aRow: aRow, aColumn: aColumn, b: b, bRow: bRow, next: next,
                    nextStep: nextStep, to: target)
        #else
            case 5:
                tile(
                    rows: 5, vectors: vectors, isPaired: isPaired, depth: depth, a: a, aRow: aRow, aColumn: aColumn, b: b, bRow: bRow, next: next,
                    nextStep: nextStep, to: target)
            case 3:
                tile(
                    rows: 3, vectors: vectors, isPaired: isPaired, depth: depth, a: a, aRow: aRow, aColumn: aColumn, b: b, bRow: bRow, next: next,
                    nextStep: nextStep, to: target)
        #endif
        case 6:
            tile(
                rows: 6, vectors: vectors, isPaired: isPaired, depth: depth, a: a, aRow: aRow, aColumn: aColumn, b: b, bRow: bRow, next: next,
                nextStep: nextStep, to: target)
        case 4:
            tile(
                rows: 4, vectors: vectors, isPaired: isPaired, depth: depth, a: a, aRow: aRow, aColumn: aColumn, b: b, bRow: bRow, next: next,
                nextStep: nextStep, to: target)
        case 2:
            tile(
                rows: 2, vectors: vectors, isPaired: isPaired, depth: depth, a: a, aRow: aRow, aColumn: aColumn, b: b, bRow: bRow, next: next,
                nextStep: nextStep, to: target)
        default:
            tile(
                rows: 1, vectors: vectors, isPaired: isPaired, depth: depth, a: a, aRow: aRow, aColumn: aColumn, b: b, bRow: bRow, next: next,
                nextStep: nextStep, to: target)
        }
        i += height
        next += depth * nextStep
        target.c += height * target.row
        if let addend = target.addend { target.addend = addend + height * target.row }
    }
}

@inline(never)
func widePanel(_ rows: Int, _ depth: Int, _ a: TileRows, _ b: Input, _ bRow: Int, _ next: Input, _ target: TileTarget) {
    panel(vectors: 2, rows: rows, depth: depth, a: a, b: b, bRow: bRow, next: next, to: target)
}

@inline(never)
func narrowPanel(_ rows: Int, _ depth: Int, _ a: TileRows, _ b: Input, _ bRow: Int, _ next: Input, _ target: TileTarget) {
    panel(vectors: 1, rows: rows, depth: depth, a: a, b: b, bRow: bRow, next: next, to: target)
}

@inline(never)
func widePanelOfPairs(_ rows: Int, _ depth: Int, _ a: TileRows, _ b: Input, _ bRow: Int, _ next: Input, _ target: TileTarget) {
    panel(vectors: 2, isPaired: true, rows: rows, depth: depth, a: a, b: b, bRow: bRow, next: next, to: target)
}

@inline(never)
func narrowPanelOfPairs(_ rows: Int, _ depth: Int, _ a: TileRows, _ b: Input, _ bRow: Int, _ next: Input, _ target: TileTarget) {
    panel(vectors: 1, isPaired: true, rows: rows, depth: depth, a: a, b: b, bRow: bRow, next: next, to: target)
}

/// Matrix product: C[i,j] = [C[i,j] +] sum_k A[i,k] B[k,j] [+ addend[i,j]]; the sum in ascending k, or in the order 1, 0, 3, 2 ... where
/// `isPaired`.
/// Shapes, strides and what is read: see `Product`. C may not overlap A, B or the addend, which is read last.
/// Error: that of a chain of `depth` fused multiply-adds, at most (depth + 1) * 2^-24 * (|C[i,j]| + sum_k |A[i,k] B[k,j]|) with C as it
/// was where it is added to, and one more rounding where an addend is given; the bits are those of the chain, which begins with
/// C or 0. Without fused multiply-add each product is rounded too.
func product(_ p: Product) {
    var k0 = 0
    repeat {
        let depth = p.depth - k0 < depthBlock ? p.depth - k0 : depthBlock
        let a = TileRows(p.a + k0 * p.aColumn, group: p.aGroup, row: p.aRow, column: p.aColumn)
        let accumulates = p.accumulates || k0 > 0
        let isLast = k0 + depth == p.depth
        productPanels(
            rows: p.rows, columns: p.columns, depth: depth, isPaired: p.isPaired, a: a, b: p.b + k0 * panelWidth, bDepth: p.bDepth,
            to: TileTarget(c: p.c, row: p.cRow, accumulates: accumulates, addend: isLast ? p.addend : nil), scratch: p.scratch)
        k0 += depth
    } while k0 < p.depth
}

/// All panels of B against all rows of A, over a part of the depth. `bDepth` is that of the packed panels.
/// A panel's first rows would wait for the third-level cache: it is fetched while the panel before it is multiplied.
@inline(__always)
func productPanels(
    rows: Int, columns: Int, depth: Int, isPaired: Bool = false, a: TileRows, b: Input, bDepth: Int, to target: TileTarget, scratch: Output
) {
    var j = 0
    while j < columns {
        let width = columns - j < panelWidth ? columns - j : panelWidth
        let b = b + j * bDepth
        var target = target
        target.c += j
        if let addend = target.addend { target.addend = addend + j }
        if width == panelWidth {
            (isPaired ? widePanelOfPairs : widePanel)(rows, depth, a, b, panelWidth, b + panelWidth * bDepth, target)
        } else if width == vectorWidth {
            (isPaired ? narrowPanelOfPairs : narrowPanel)(rows, depth, a, b, panelWidth, b + panelWidth * bDepth, target)
        } else {
            cornerPanel(rows, depth, isPaired, a, b, width, target, scratch)
        }
        j += panelWidth
    }
}

/// Columns that do not fill a vector: through a corner tile, so that nothing beyond C is touched.
func cornerPanel(_ rows: Int, _ depth: Int, _ isPaired: Bool, _ a: TileRows, _ b: Input, _ width: Int, _ target: TileTarget, _ scratch: Output) {
    let corner = scratch
    let cornerAddend = scratch + tileRows * panelWidth
    var i = 0
    while i < rows {
        let height = rows - i < tileRows ? rows - i : tileRows
        var a = a
        a.base += i / rowGroup * a.group + i % rowGroup * a.row
        let c = target.c + i * target.row
        var inner = TileTarget(c: corner, row: panelWidth, accumulates: target.accumulates, addend: nil)
        if target.accumulates { copyCorner(from: Input(c), row: target.row, to: corner, row: panelWidth, rows: height, width: width) }
        if let addend = target.addend {
            copyCorner(from: addend + i * target.row, row: target.row, to: cornerAddend, row: panelWidth, rows: height, width: width)
            inner.addend = Input(cornerAddend)
        }
        if width > vectorWidth {
            (isPaired ? widePanelOfPairs : widePanel)(height, depth, a, b, panelWidth, b, inner)
        } else {
            (isPaired ? narrowPanelOfPairs : narrowPanel)(height, depth, a, b, panelWidth, b, inner)
        }
        copyCorner(from: Input(corner), row: panelWidth, to: c, row: target.row, rows: height, width: width)
        i += tileRows
    }
}

@inline(__always)
func copyCorner(from source: Input, row: Int, to target: Output, row targetRow: Int, rows: Int, width: Int) {
    var i = 0
    while i < rows {
        var j = 0
        while j + 4 <= width {
            store4(load4(source + i * row + j), target + i * targetRow + j)
            j += 4
        }
        while j < width {
            target[i * targetRow + j] = source[i * row + j]
            j += 1
        }
        i += 1
    }
}
