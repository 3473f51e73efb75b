import Experiments
import Settings

/// One column of the tidy table of runs: a name and a value a run.
public struct Column: Sendable, Hashable {
    /// What a column stands for.
    public enum Role: String, Sendable, Hashable {
        /// A coordinate of the sweep.
        case axis
        /// What a run is called: its strategy.
        case label
        /// A setting that a table tells runs apart by.
        case setting
        /// What the training took.
        case cost
        /// A number of parameters.
        case parameter
        /// A measurement.
        case metric
    }

    public enum Values: Sendable, Hashable {
        /// Missing: never.
        case integers([Int])
        /// Missing: NaN.
        case numbers([Double])
        /// Missing: empty.
        case texts([String])

        public var count: Int {
            switch self {
            case .integers(let values): values.count
            case .numbers(let values): values.count
            case .texts(let values): values.count
            }
        }
    }

    public var name: String
    public var role: Role
    public var values: Values

    /// What the values are, for people.
    public var meaning: String
    /// `nats/token`, `s`; nil for plain numbers and text.
    public var unit: String?

    public init(name: String, role: Role, values: Values, meaning: String = "", unit: String? = nil) {
        self.name = name
        self.role = role
        self.values = values
        self.meaning = meaning
        self.unit = unit
    }

    /// The values as numbers, NaN where there is none.
    public var numbers: [Double] {
        switch values {
        case .integers(let values): values.map(Double.init)
        case .numbers(let values): values
        case .texts(let values): values.map { _ in .nan }
        }
    }

    /// The value of a run as a label, nil where there is none.
    public func text(run: Int) -> String? {
        switch values {
        case .integers(let values): String(values[run])
        case .numbers(let values): values[run].isNaN ? nil : TableLabels.text(.number(values[run]))
        case .texts(let values): values[run].isEmpty ? nil : values[run]
        }
    }

}

extension Column.Values {
    /// Values of a sweep's axis in the narrowest form that holds them all: whole numbers, numbers, or text.
    /// - Parameter values: null where a run has no such coordinate.
    init(_ values: [Value]) {
        let given = values.filter { $0 != .null }
        if !given.isEmpty, given.count == values.count, given.allSatisfy({ $0.asInteger != nil }) {
            self = .integers(values.compactMap(\.asInteger))
        } else if !given.isEmpty, given.allSatisfy({ $0.asDouble != nil }) {
            self = .numbers(values.map { $0.asDouble ?? .nan })
        } else {
            self = .texts(values.map { $0 == .null ? "" : TableLabels.text($0) })
        }
    }
}
