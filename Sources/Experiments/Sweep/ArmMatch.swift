import Foundation
import Settings

/// A whole number of one arm that is chosen so that a count of the arm comes nearest to that of another one.
public struct ArmMatch: Sendable, Hashable {
    /// What is counted.
    public enum Measure: String, Sendable, Hashable, CaseIterable {
        /// Weights that are trained, and weights that are added to the base: the most in any phase.
        case parameters, added
        /// Floating-point operations of the stream's training, what a strategy does beside it included and evaluations not.
        case flops

        /// In words.
        public var text: String {
            switch self {
            case .parameters: "trained parameters"
            case .added: "added parameters"
            case .flops: "training FLOPs"
            }
        }

        /// A count in words: whole, or with three digits.
        public func text(_ count: Double) -> String { self == .flops ? scientific(count) : grouped(count) }

        func count(_ size: StreamSize) -> Double {
            switch self {
            case .parameters: Double(size.trained)
            case .added: Double(size.added)
            case .flops: size.operations
            }
        }
    }

    /// Labels of the arm and of the other one.
    public var arm: String
    public var to: String
    public var by: Measure
    /// The setting that is chosen.
    public var key: String
    /// How far off the nearest may be, as a share of the other arm's count.
    public var tolerance: Double

    static let fields: [Field] = [
        .required("arm", .string, "the arm to come near to, by its name"),
        .required(
            "by", .choice(Measure.allCases.map(\.rawValue)),
            "what is counted: parameters (weights that are trained), added (weights beside the base's) or flops (operations of the stream's training)"),
        .required("key", .string, "the setting that is chosen, a whole number: strategy.r, train.steps ..."),
        .optional("tolerance", .share, default: 0.1, "how far off the nearest may be, as a share of the other arm's count"),
    ]

    /// - Parameters:
    ///   - arm: the label of the arm.
    ///   - settings: validated by `fields`.
    init(arm: String, _ settings: Settings) {
        self.arm = arm
        to = settings.string("arm")
        by = Measure(rawValue: settings.string("by")) ?? .parameters
        key = settings.string("key")
        tolerance = settings.number("tolerance")
    }

    /// Reads back what `json` wrote.
    public init(json: Value) throws(SettingsError) {
        guard var entries = json.asObject, let arm = entries.removeValue(forKey: "of")?.asString else {
            throw SettingsError(path: Path(), found: json.summary, expected: "a match of an arm")
        }
        self.init(arm: arm, try Settings(.object(entries), fields: ArmMatch.fields))
    }

    /// The keys of the experiment file, and `of`: the arm that has them.
    public var json: Value {
        ["of": .string(arm), "arm": .string(to), "by": .string(by.rawValue), "key": .string(key), "tolerance": .number(tolerance)]
    }
}

/// A match that is still to be made.
struct MatchRequest: Sendable, Hashable {
    var match: ArmMatch
    var key: Path
    /// The arm to come near to, by its place in the sweep.
    var reference: Int
    /// Where it stands in the document.
    var source: Path
}

/// What a match chose for a run.
public struct MatchedSetting: Sendable, Hashable {
    public var match: ArmMatch
    public var value: Int
    /// What the value makes, and what it was to come near to.
    public var count: Double
    public var target: Double

    /// `strategy.r=37`
    public var setting: String { "\(match.key)=\(value)" }

    /// `strategy.r = 37 chosen so that trained parameters are 54,272 against 54,300 of block expansion (-0.1 %)`
    var text: String {
        let difference = count == target ? "the same" : String(format: abs(count - target) < 0.0005 * target ? "%+.1g %%" : "%+.1f %%", 100 * (count / target - 1))
        return "\(match.key) = \(value) chosen so that \(match.by.text) are \(match.by.text(count)) against \(match.by.text(target)) of \(match.to) (\(difference))"
    }

    var json: Value {
        [
            "of": .string(match.arm), "arm": .string(match.to), "by": .string(match.by.rawValue), "key": .string(match.key), "value": .integer(value),
            "count": .number(count), "target": .number(target),
        ]
    }
}
