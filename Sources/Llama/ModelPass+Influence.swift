import Kernels

extension ModelPass {
    /// How much each layer changes what it reads, from 0: 1 - the mean over all tokens of the cosine between the residual stream before and behind it.
    /// Source: Men et al. 2024, ShortGPT, arXiv 2403.03853, eq. 1 (block influence).
    public func blockInfluence(tokens: [Int32]) -> [Double] {
        embed(tokens)
        let width = model.configuration.hiddenSize
        let before = FloatBuffer(shape.rows * width)
        return layers.indices.map { index in
            before.copy(from: layers[index].input)
            let behind = index + 1 < layers.count ? layers[index + 1].input : output
            layers[index].forward(into: behind)
            var cosines = 0.0
            for row in 0..<shape.rows {
                var (product, first, second) = (0.0, 0.0, 0.0)
                for i in row * width..<(row + 1) * width {
                    let (x, y) = (Double(before.base[i]), Double(behind.base[i]))
                    product += x * y
                    first += x * x
                    second += y * y
                }
                cosines += first > 0 && second > 0 ? product / (first * second).squareRoot() : 0
            }
            return 1 - cosines / Double(shape.rows)
        }
    }
}
