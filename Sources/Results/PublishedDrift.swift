import HDF5

/// How far the models of a file have gone from their bases, read back: every run and row of the stream (0 = base); NaN where that was not measured.
public struct PublishedDrift: Sendable {
    /// A row a run: nats a token.
    public let divergence: [[Double]]
    public let layerCount: Int
    /// By run, row and layer.
    public let weights: ScoreMatrices
    public let alignment: ScoreMatrices
    public let rank: ScoreMatrices

    /// nil when the shape is not that of the other matrices.
    init?(_ group: Group, runCount: Int, rowCount: Int) throws {
        layerCount = try group.dataset("layer").shape.first ?? 0
        let shape = [runCount, rowCount, layerCount]
        guard let divergence = PublishedFile.rows(try group.dataset("divergence").read(as: Double.self), runCount, rowCount),
            let weights = ScoreMatrices(try group.dataset("weights").read(), shape: shape),
            let alignment = ScoreMatrices(try group.dataset("alignment").read(), shape: shape),
            let rank = ScoreMatrices(try group.dataset("rank").read(), shape: shape)
        else { return nil }
        (self.divergence, self.weights, self.alignment, self.rank) = (divergence, weights, alignment, rank)
    }

    /// A layer's value; NaN for `divergence`, which has none.
    func value(_ column: DriftColumn, run: Int, row: Int, layer: Int) -> Double {
        switch column {
        case .divergence: .nan
        case .weights: weights[run: run, row: row, domain: layer]
        case .alignment: alignment[run: run, row: row, domain: layer]
        case .rank: rank[run: run, row: row, domain: layer]
        }
    }

    /// What tables show: of layers the mean over those of the run's base.
    func value(_ column: DriftColumn, run: Int, row: Int) -> Double {
        guard column.isOfLayers else { return divergence[run][row] }
        // The base's row has a value in each of its layers.
        let layers = (0..<layerCount).filter { !weights[run: run, row: 0, domain: $0].isNaN }
        return layers.reduce(0) { $0 + value(column, run: run, row: row, layer: $1) } / Double(layers.count)
    }
}
