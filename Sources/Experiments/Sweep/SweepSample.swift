import Kernels
import Settings

/// Random search: so many points of a sweep, none twice, drawn by a seed.
///
/// The axes stay lists of values: what can be drawn can be counted, and a value that was drawn once is found again by its stage.
public struct SweepSample: Sendable, Hashable {
    public var count: Int
    public var seed: Int

    static let fields: [Field] = [
        .required("count", .positive, "points to draw"),
        .optional("seed", .natural, default: 0, "which ones; has nothing to do with the seeds of runs"),
    ]

    public init(count: Int, seed: Int = 0) { (self.count, self.seed) = (count, seed) }

    /// Reads `sample: N` or `sample: {count: N, seed: S}`; nil where there is none. Throws when there are fewer than `total` points.
    init?(_ value: Value?, of total: Int, at path: Path) throws(SettingsError) {
        guard let value, value != .null else { return nil }
        count = value.asInteger ?? value["count"]?.asInteger ?? 0
        seed = value["seed"]?.asInteger ?? 0
        guard total < Int.max else {
            throw SettingsError(path: path, found: "a sample of more points than can be counted", expected: "fewer", advice: "shorten an axis of the sweep")
        }
        guard count <= total else {
            throw SettingsError(
                path: value.asInteger == nil ? path.appending("count") : path, found: "\(count)",
                expected: "at most \(total), which is all that the sweep has", advice: "leave it out to run them all")
        }
    }

    /// Places of the points in the whole sweep, rising: the first `count` of a shuffle, so that a larger sample of the same sweep with the
    /// same seed has all that a smaller one has.
    func places(of total: Int) -> [Int] {
        var random = RandomStream(seed: seed, "sweep.sample")
        // Fisher and Yates on 0 ..< total, of which only what was moved is kept.
        var moved: [Int: Int] = [:]
        var drawn: [Int] = []
        for place in 0..<count {
            let other = place + random.below(total - place)
            drawn.append(moved[other] ?? other)
            moved[other] = moved[place] ?? place
        }
        return drawn.sorted()
    }
}
