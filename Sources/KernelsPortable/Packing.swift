import KernelTypes

// Packed forms of the two operands of a product. Each is read once, front to back, where strides of the original would throw
// lines out of the cache.

/// Packs rows in panels of `width` columns: packed[panel][k][j] = source[k, j], zeros beyond the last column. With `panelWidth` they are read as
/// B, with `rowGroup` as the transpose of A.
/// Shapes: source (depth, columns), rows `sourceRow` apart; panels `panelRow` floats apart, so that several sources can stand below each
/// other: at least depth * width.
func packColumns(_ source: Input, _ sourceRow: Int, _ columns: Int, _ depth: Int, _ packed: Output, _ panelRow: Int, _ width: Int) {
    var j0 = 0
    var panel = packed
    while j0 < columns {
        let filled = columns - j0 < width ? columns - j0 : width
        var from = source + j0
        var out = panel
        var k = 0
        if filled == 32, width == 32 {
            while k < depth {
                store(load(from), out)
                store(load(from + 16), out + 16)
                from += sourceRow
                out += width
                k += 1
            }
        } else if filled == 16, width == 16 {
            while k < depth {
                store8(load8(from), out)
                store8(load8(from + 8), out + 8)
                from += sourceRow
                out += width
                k += 1
            }
        } else if filled == 12, width == 12 {
            while k < depth {
                store8(load8(from), out)
                store4(load4(from + 8), out + 8)
                from += sourceRow
                out += width
                k += 1
            }
        } else {
            while k < depth {
                var j = 0
                while j + 4 <= filled {
                    store4(load4(from + j), out + j)
                    j += 4
                }
                while j < filled {
                    out[j] = from[j]
                    j += 1
                }
                while j + 4 <= width {
                    store4(SIMD4(repeating: 0), out + j)
                    j += 4
                }
                while j < width {
                    out[j] = 0
                    j += 1
                }
                from += sourceRow
                out += width
                k += 1
            }
        }
        panel += panelRow
        j0 += width
    }
}

/// Packs the transpose of a matrix for use as B, from column `first` on: packed[panel][k][j] = source[j - first, k] with j counted over all panels.
/// Shapes: source (columns, depth), rows `sourceRow` apart; packed: whole panels, each depth * panelWidth. Other columns stay as they are.
func packTransposed(_ source: Input, _ sourceRow: Int, _ columns: Int, _ depth: Int, _ packed: Output, _ first: Int) {
    var j = 0
    while j < columns {
        let column = first + j
        let room = panelWidth - column % panelWidth
        let width = columns - j < room ? columns - j : room
        transpose(source + j * sourceRow, sourceRow, width, depth, packed + column / panelWidth * panelWidth * depth + column % panelWidth, panelWidth)
        j += width
    }
}

/// target[k, j] = source[j, k]. Shapes: source (rows, columns), rows `sourceRow` apart; target (columns, rows), rows `targetRow` apart.
@inline(__always)
func transpose(_ source: Input, _ sourceRow: Int, _ rows: Int, _ columns: Int, _ target: Output, _ targetRow: Int) {
    var j = 0
    while j + 4 <= rows {
        let from = source + j * sourceRow
        let to = target + j
        var k = 0
        while k + 4 <= columns {
            // Two rounds of taking every other number turn a square of four.
            let ab = SIMD8(lowHalf: load4(from + k), highHalf: load4(from + sourceRow + k))
            let cd = SIMD8(lowHalf: load4(from + 2 * sourceRow + k), highHalf: load4(from + 3 * sourceRow + k))
            let even = SIMD8(lowHalf: ab.evenHalf, highHalf: cd.evenHalf)
            let odd = SIMD8(lowHalf: ab.oddHalf, highHalf: cd.oddHalf)
            store4(even.evenHalf, to + k * targetRow)
            store4(odd.evenHalf, to + (k + 1) * targetRow)
            store4(even.oddHalf, to + (k + 2) * targetRow)
            store4(odd.oddHalf, to + (k + 3) * targetRow)
            k += 4
        }
        while k < columns {
            var row = 0
            while row < 4 {
                to[k * targetRow + row] = from[row * sourceRow + k]
                row += 1
            }
            k += 1
        }
        j += 4
    }
    while j < rows {
        var k = 0
        while k < columns {
            target[k * targetRow + j] = source[j * sourceRow + k]
            k += 1
        }
        j += 1
    }
}
