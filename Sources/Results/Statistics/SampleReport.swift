import Settings

/// The statistics of samples from anywhere, for programs: those that tables show.
public struct SampleReport {
    private let samples: [(name: String, values: [Double])]
    private let against: String?
    private let method: Estimate.Method

    /// - `samples`: paired by their places, NaN where not measured.
    /// - `against`: the sample that the others are compared with.
    public init(_ samples: [(name: String, values: [Double])], against: String?, _ method: Estimate.Method) {
        (self.samples, self.against, self.method) = (samples, against, method)
    }

    /// An object with a list of arms in their order, null for one without values, and a list of comparisons.
    public var json: Value {
        let arms = samples.map { sample -> Value in
            var object = Estimate(sample.values, method).map(JSONFormat.value) ?? ["n": 0]
            object["name"] = .string(sample.name)
            return object
        }
        guard let reference = samples.first(where: { $0.name == against }) else { return ["arms": .list(arms)] }
        let comparisons = samples.filter { $0.name != reference.name }.compactMap { sample in
            PairedComparison(Array(zip(sample.values, reference.values)), method).map { (sample.name, $0) }
        }
        let corrected = Holm.corrected(comparisons.map(\.1.test.p))
        let compared = zip(comparisons, corrected).map { pair, p -> Value in
            var (name, comparison) = pair
            comparison.correctedP = p
            var object = JSONFormat.value(Table.Cell.difference(comparison))
            object["name"] = .string(name)
            return object
        }
        return ["arms": .list(arms), "against": .string(reference.name), "comparisons": .list(compared)]
    }
}
