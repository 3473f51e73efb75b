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
/// Rows of A that are packed at once.
let rowBlock = 96
let productScratch = depthBlock * panelWidth + tileRows * panelWidth + rowBlock * depthBlock

@inline(__always)
func fusedTile(_ a: TileVector, _ b: TileVector, _ c: TileVector) -> TileVector {
    #if STRATA_FMA
        c.addingProduct(a, b)
    #else
        c + a * b
    #endif
}

/// C (rows, vectors * vectorWidth) = [C +] A (rows, depth) B (depth, the same width). `rows` and `vectors` are constants
/// at each call, so the loops over them unroll and the accumulators stay in registers.
@inline(__always)
func tile(
    rows: Int, vectors: Int, depth: Int, a: Input, aRow: Int, aColumn: Int, b: Input, bRow: Int, c: Output, cRow: Int, accumulates: Bool
) {
    var sums = InlineArray<24, TileVector>(repeating: TileVector(repeating: 0))
    var i = 0
    if accumulates {
        while i < rows {
            var j = 0
            while j < vectors {
                sums[i * 2 + j] = UnsafeRawPointer(c + i * cRow + j * vectorWidth).loadUnaligned(as: TileVector.self)
                j += 1
            }
            i += 1
        }
    }
    var a = a
    var b = b
    var k = 0
    while k < depth {
        let b0 = UnsafeRawPointer(b).loadUnaligned(as: TileVector.self)
        let b1 = vectors == 2 ? UnsafeRawPointer(b + vectorWidth).loadUnaligned(as: TileVector.self) : b0
        i = 0
        while i < rows {
            let x = TileVector(repeating: a[i * aRow])
            sums[i * 2] = fusedTile(x, b0, sums[i * 2])
            if vectors == 2 { sums[i * 2 + 1] = fusedTile(x, b1, sums[i * 2 + 1]) }
            i += 1
        }
        a += aColumn
        b += bRow
        k += 1
    }
    i = 0
    while i < rows {
        var j = 0
        while j < vectors {
            UnsafeMutableRawPointer(c + i * cRow + j * vectorWidth).storeBytes(of: sums[i * 2 + j], as: TileVector.self)
            j += 1
        }
        i += 1
    }
}

/// Rows of A as the tiles read them: element (i, k) stands at
/// base[i / tileRows * tile + i % tileRows * row + k * column].
struct TileRows {
    var base: Input
    var tile: Int, row: Int, column: Int
}

/// One panel of B against all rows of A, in the tallest tiles that fit.
@inline(__always)
func panel(vectors: Int, rows: Int, depth: Int, a: TileRows, b: Input, bRow: Int, c: Output, cRow: Int, accumulates: Bool) {
    var i = 0
    let aRow = a.row, aColumn = a.column
    while i < rows {
        let left = rows - i
        let a = a.base + i / tileRows * a.tile + i % tileRows * aRow
        let c = c + i * cRow
        #if STRATA_AVX512
            if left >= 12 {
                tile(rows: 12, vectors: vectors, depth: depth, a: a, aRow: aRow, aColumn: aColumn, b: b, bRow: bRow, c: c, cRow: cRow, accumulates: accumulates)
                i += 12
                continue
            }
            if left >= 8 {
                tile(rows: 8, vectors: vectors, depth: depth, a: a, aRow: aRow, aColumn: aColumn, b: b, bRow: bRow, c: c, cRow: cRow, accumulates: accumulates)
                i += 8
                continue
            }
        #else
            if left >= 6 {
                tile(rows: 6, vectors: vectors, depth: depth, a: a, aRow: aRow, aColumn: aColumn, b: b, bRow: bRow, c: c, cRow: cRow, accumulates: accumulates)
                i += 6
                continue
            }
        #endif
        if left >= 4 {
            tile(rows: 4, vectors: vectors, depth: depth, a: a, aRow: aRow, aColumn: aColumn, b: b, bRow: bRow, c: c, cRow: cRow, accumulates: accumulates)
            i += 4
        } else if left >= 2 {
            tile(rows: 2, vectors: vectors, depth: depth, a: a, aRow: aRow, aColumn: aColumn, b: b, bRow: bRow, c: c, cRow: cRow, accumulates: accumulates)
            i += 2
        } else {
            tile(rows: 1, vectors: vectors, depth: depth, a: a, aRow: aRow, aColumn: aColumn, b: b, bRow: bRow, c: c, cRow: cRow, accumulates: accumulates)
            i += 1
        }
    }
}

@inline(never)
func widePanel(_ rows: Int, _ depth: Int, _ a: TileRows, _ b: Input, _ bRow: Int, _ c: Output, _ cRow: Int, _ accumulates: Bool) {
    panel(vectors: 2, rows: rows, depth: depth, a: a, b: b, bRow: bRow, c: c, cRow: cRow, accumulates: accumulates)
}

@inline(never)
func narrowPanel(_ rows: Int, _ depth: Int, _ a: TileRows, _ b: Input, _ bRow: Int, _ c: Output, _ cRow: Int, _ accumulates: Bool) {
    panel(vectors: 1, rows: rows, depth: depth, a: a, b: b, bRow: bRow, c: c, cRow: cRow, accumulates: accumulates)
}

/// Matrix product: C[i,j] = [C[i,j] +] sum_k A[i,k] B[k,j], the sum in ascending k.
/// Shapes, strides and what is read: see `Product`. C may not overlap A or B.
/// Error: that of a chain of `depth` fused multiply-adds, at most (depth + 1) * 2^-24 * (|C[i,j]| + sum_k |A[i,k] B[k,j]|) with C as it
/// was where it is added to; the bits are those of the chain. Without fused multiply-add each product is rounded too.
func product(_ p: Product) {
    if p.depth == 0, !p.accumulates {
        var i = 0
        while i < p.rows {
            var j = 0
            while j < p.columns {
                p.c[i * p.cRow + j] = 0
                j += 1
            }
            i += 1
        }
    }
    var k0 = 0
    while k0 < p.depth {
        let depth = p.depth - k0 < depthBlock ? p.depth - k0 : depthBlock
        var i0 = 0
        while i0 < p.rows {
            // Rows of A that lie across memory are packed: their lines would throw each other out of the cache.
            let rows = p.aColumn != 1 && p.rows - i0 > rowBlock ? rowBlock : p.rows - i0
            let source = p.a + i0 * p.aRow + k0 * p.aColumn
            var a = TileRows(base: source, tile: tileRows * p.aRow, row: p.aRow, column: p.aColumn)
            if p.aColumn != 1 {
                let packed = p.scratch + depthBlock * panelWidth + tileRows * panelWidth
                packRows(source, p.aRow, p.aColumn, rows, depth, packed)
                a = TileRows(base: Input(packed), tile: tileRows * depth, row: 1, column: tileRows)
            }
            productBlock(p, a, i0: i0, rows: rows, k0: k0, depth: depth)
            i0 += rows
        }
        k0 += depth
    }
}

/// Rows i0 ..< i0 + rows of C, plus what the depth k0 ..< k0 + depth gives, panel after panel.
@inline(__always)
func productBlock(_ p: Product, _ a: TileRows, i0: Int, rows: Int, k0: Int, depth: Int) {
    let edge = p.scratch
    let corner = p.scratch + depthBlock * panelWidth
    let accumulates = p.accumulates || k0 > 0
    var j0 = 0
    while j0 < p.columns {
        let width = p.columns - j0 < panelWidth ? p.columns - j0 : panelWidth
        var b: Input, bRow: Int
        if p.isPacked {
            (b, bRow) = (p.b + j0 * p.depth + k0 * panelWidth, panelWidth)
        } else {
            (b, bRow) = (p.b + k0 * p.bRow + j0, p.bRow)
            if width != panelWidth, width != vectorWidth {
                copyEdge(from: b, row: bRow, depth: depth, width: width, to: edge)
                (b, bRow) = (Input(edge), panelWidth)
            }
        }
        let c = p.c + i0 * p.cRow + j0
        if width == panelWidth {
            widePanel(rows, depth, a, b, bRow, c, p.cRow, accumulates)
        } else if width == vectorWidth {
            narrowPanel(rows, depth, a, b, bRow, c, p.cRow, accumulates)
        } else {
            // Columns that do not fill a vector: through a corner tile, so that nothing beyond C is touched.
            var i = 0
            while i < rows {
                let height = rows - i < tileRows ? rows - i : tileRows
                let c = c + i * p.cRow
                var a = a
                a.base += i / tileRows * a.tile
                if accumulates { copyCorner(from: Input(c), row: p.cRow, to: corner, row: panelWidth, rows: height, width: width) }
                if width > vectorWidth {
                    widePanel(height, depth, a, b, bRow, corner, panelWidth, accumulates)
                } else {
                    narrowPanel(height, depth, a, b, bRow, corner, panelWidth, accumulates)
                }
                copyCorner(from: Input(corner), row: panelWidth, to: c, row: p.cRow, rows: height, width: width)
                i += tileRows
            }
        }
        j0 += panelWidth
    }
}

/// Rows of A in tiles: packed[tile][k][row of the tile].
@inline(__always)
func packRows(_ a: Input, _ aRow: Int, _ aColumn: Int, _ rows: Int, _ depth: Int, _ packed: Output) {
    var i = 0
    var out = packed
    while i < rows {
        let height = rows - i < tileRows ? rows - i : tileRows
        var k = 0
        if height == tileRows, aRow == 1 {
            // Whole vectors of 4 and 2: a loop over single floats would take as long as the products.
            while k < depth {
                let from = UnsafeRawPointer(a + i + k * aColumn), to = UnsafeMutableRawPointer(out + k * tileRows)
                to.storeBytes(of: from.loadUnaligned(as: SIMD4<Float>.self), as: SIMD4<Float>.self)
                #if STRATA_AVX512
                    (to + 16).storeBytes(of: (from + 16).loadUnaligned(as: SIMD8<Float>.self), as: SIMD8<Float>.self)
                #else
                    (to + 16).storeBytes(of: (from + 16).loadUnaligned(as: SIMD2<Float>.self), as: SIMD2<Float>.self)
                #endif
                k += 1
            }
        } else {
            while k < depth {
                var row = 0
                while row < height {
                    out[k * tileRows + row] = a[(i + row) * aRow + k * aColumn]
                    row += 1
                }
                k += 1
            }
        }
        out += depth * tileRows
        i += tileRows
    }
}

@inline(__always)
func copyEdge(from b: Input, row: Int, depth: Int, width: Int, to edge: Output) {
    var k = 0
    while k < depth {
        var j = 0
        while j < width {
            edge[k * panelWidth + j] = b[k * row + j]
            j += 1
        }
        while j < panelWidth {
            edge[k * panelWidth + j] = 0
            j += 1
        }
        k += 1
    }
}

@inline(__always)
func copyCorner(from source: Input, row: Int, to target: Output, row targetRow: Int, rows: Int, width: Int) {
    var i = 0
    while i < rows {
        var j = 0
        while j < width {
            target[i * targetRow + j] = source[i * row + j]
            j += 1
        }
        i += 1
    }
}

/// Packs the transpose of a matrix for use as B: packed[panel][k][j] = source[j, k], zeros beyond the last column.
/// Shapes: source (columns, depth), rows `sourceRow` apart; packed: columns rounded up to whole panels, times depth.
func packTransposed(_ source: Input, _ sourceRow: Int, _ columns: Int, _ depth: Int, _ packed: Output) {
    var j0 = 0
    var out = packed
    while j0 < columns {
        let width = columns - j0 < panelWidth ? columns - j0 : panelWidth
        let rows = source + j0 * sourceRow
        var k = 0
        while k < depth {
            var j = 0
            while j < width {
                out[j] = rows[j * sourceRow + k]
                j += 1
            }
            while j < panelWidth {
                out[j] = 0
                j += 1
            }
            out += panelWidth
            k += 1
        }
        j0 += panelWidth
    }
}
