import Experiments
import Training

/// How far the model of one row has gone from its base.
public struct DriftRow: Sendable, Hashable {
    /// Against the base's own predictions, nats a token; NaN where that was not measured: on the base.
    public var crossEntropy: Double
    /// Of its predictions from the base's, nats a token.
    public var divergence: Double
    /// A layer of the base each.
    public var layers: [Drift.Layer]

    public init(crossEntropy: Double, divergence: Double, layers: [Drift.Layer]) {
        (self.crossEntropy, self.divergence, self.layers) = (crossEntropy, divergence, layers)
    }

    init(_ drift: Drift) { self.init(crossEntropy: drift.crossEntropy, divergence: drift.divergence, layers: drift.layers) }

    /// The base, which has gone nowhere.
    static func base(layerCount: Int) -> DriftRow {
        DriftRow(crossEntropy: .nan, divergence: 0, layers: (0..<layerCount).map { _ in Drift.Layer(weights: 0, alignment: 1, rank: 0) })
    }
}

/// The measures of drift. Tables have them as `drift.NAME`, those of layers as means over the layers.
enum DriftColumn: String, CaseIterable {
    case divergence, weights, alignment, rank

    var name: String { "drift.\(rawValue)" }
    var isOfLayers: Bool { self != .divergence }
    var unit: String? { isOfLayers ? nil : "nats/token" }
    var meaning: String { isOfLayers ? "\(layerMeaning), mean over the base's layers" : "mean divergence of predictions from the base's own" }

    var layerMeaning: String {
        switch self {
        case .divergence: ""
        case .weights: "norm of the change of the weights over their norm in the base"
        case .alignment: "linear centred kernel alignment of representations with the base's; 1: equal but for rotation and scale"
        case .rank: "effective rank of the change of the weight matrices"
        }
    }

    func value(_ layer: Drift.Layer) -> Double {
        switch self {
        case .divergence: .nan
        case .weights: layer.weights
        case .alignment: layer.alignment
        case .rank: layer.rank
        }
    }

    func value(_ row: DriftRow) -> Double {
        isOfLayers ? row.layers.reduce(0) { $0 + value($1) } / Double(row.layers.count) : row.divergence
    }
}
