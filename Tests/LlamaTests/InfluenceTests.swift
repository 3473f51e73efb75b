import Kernels
import TestSupport
import Testing

@testable import Llama

/// Against the residual streams of models that end after each block.
@Suite struct InfluenceTests {
    @Test func cosines() throws {
        let model = smallModel(try smallConfiguration())
        let tokens = randomTokens(18, vocabulary: 19, seed: 2)
        var streams: [[Float]] = []
        for depth in 0...3 {
            let cut = smallModel(try smallConfiguration())
            cut.blocks = Array(cut.blocks[..<depth])
            cut.configuration.layerCount = depth
            let pass = ModelPass(cut, Compute(), batch: 2, length: 9)
            pass.forward(tokens)
            streams.append(pass.output.values)
        }
        let found = ModelPass(model, Compute(threads: 2), batch: 2, length: 9).blockInfluence(tokens: tokens)
        try #require(found.count == 3)
        for layer in 0..<3 {
            var mean = 0.0
            for row in 0..<18 {
                let (x, y) = (streams[layer][row * 12..<row * 12 + 12].map(Double.init), streams[layer + 1][row * 12..<row * 12 + 12].map(Double.init))
                let (xy, xx, yy) = (zip(x, y).map(*).reduce(0, +), x.map { $0 * $0 }.reduce(0, +), y.map { $0 * $0 }.reduce(0, +))
                mean += xy / (xx * yy).squareRoot() / 18
            }
            #expect(abs(found[layer] - (1 - mean)) < 1e-9 && found[layer] > 1e-3)
        }
    }
}
