@testable import Kernels
import Testing

/// Packing of a transposed matrix into panels: every float in its place, zeros beyond the last column.
@Suite struct PackingTests {
    @Test(arguments: instructionSets)
    func everyFloatIsInItsPlace(set: InstructionSet) {
        let kernels = set.kernels
        let width = kernels.panelWidth
        for columns in Array(0...17) + [31, 32, 33, 47, 48, 49, 65] {
            for depth in [0, 1, 2, 5, 16] {
                for gap in [0, 3] {
                    let row = depth + gap
                    let source = Guarded(columns == 0 ? 0 : columns * row - gap, .beforeWall)
                    source.fill(randomFloats(source.count, seed: columns))
                    let panels = (columns + width - 1) / width
                    let packed = Guarded(panels * width * depth)
                    kernels.packTransposed(source.base, row, columns, depth, packed.base)
                    var isRight = packed.isIntact && source.isIntact
                    for panel in 0..<panels {
                        for k in 0..<depth {
                            for j in 0..<width {
                                let column = panel * width + j
                                let expected = column < columns ? source.base[column * row + k] : 0
                                if packed.base[(panel * depth + k) * width + j] != expected { isRight = false }
                            }
                        }
                    }
                    #expect(isRight, "\(columns) columns, depth \(depth), gap \(gap)")
                }
            }
        }
    }
}
