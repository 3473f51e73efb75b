/// How far a model has gone from the base that it comes from, beside what it scores.
public struct Drift: Sendable, Hashable {
    /// Cross-entropy of the model against the base's own predictions, nats a token: the mean over positions of
    /// -sum p_base log p_model. Forgetting that needs no labels. Source: Kalajdzievski 2024, arXiv 2401.05605.
    public var crossEntropy: Double
    /// What the base itself has there, its mean entropy: `crossEntropy` of a model that predicts the same.
    public var baseEntropy: Double
    /// A layer of the base each; blocks that were added belong to none. Of a second block in a layer (`moe-expansion`, `control`) weights and rank know
    /// nothing: they are those of the first, which is the base's.
    public var layers: [Layer]

    /// Mean Kullback-Leibler divergence of the model's predictions from the base's, nats a token; 0 for the base.
    public var divergence: Double { crossEntropy - baseEntropy }

    public struct Layer: Sendable, Hashable {
        /// Norm of the change of all weights of the block over their norm in the base; adapters count as merged. Tensors that have another shape than in
        /// the base (`width`: the feed-forward layer's) are left out of both norms.
        public var weights: Double
        /// Linear centred kernel alignment of the residual stream behind the block with the base's, over tokens: 1 when they are equal but
        /// for rotation and one scale. Source: Kornblith et al. 2019, arXiv 1905.00414, eq. 3 in its form for features.
        public var alignment: Double
        /// Effective rank of the change, exp of the entropy of its normalised singular values, as the mean over the block's matrices that have the base's
        /// shape; 0 where nothing changed. Source: Roy and Vetterli 2007, The effective rank.
        public var rank: Double

        public init(weights: Double, alignment: Double, rank: Double) {
            (self.weights, self.alignment, self.rank) = (weights, alignment, rank)
        }
    }

    public init(crossEntropy: Double, baseEntropy: Double, layers: [Layer]) {
        (self.crossEntropy, self.baseEntropy, self.layers) = (crossEntropy, baseEntropy, layers)
    }
}
