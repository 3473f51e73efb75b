/// A table before it is text: labels, then values with their intervals. Formats, and pages that show tables, are made from it.
public struct Table: Sendable, Hashable {
    public struct Column: Sendable, Hashable {
        public enum Kind: Sendable, Hashable {
            /// What a row is: text.
            case label
            /// A plain number.
            case count
            /// A mean over the runs of the row.
            case estimate
            /// Compared with another arm.
            case difference
            /// A word, or nothing.
            case mark
        }

        /// How numbers are shown to people. Programs get them in full.
        public enum Style: Sendable, Hashable {
            /// Whole numbers as they are, others like decimals.
            case whole
            case decimals(Int)
            /// Three significant digits and a power of ten.
            case scientific
            /// Bytes in MB (10^6).
            case megabytes
        }

        /// For programs.
        public var name: String
        /// For people.
        public var title: String
        public var kind: Kind
        public var style: Style
        /// `nats/token`, `s`; nil for plain numbers and text.
        public var unit: String?

        public init(_ name: String, _ kind: Kind, title: String? = nil, style: Style? = nil, unit: String? = nil) {
            self.name = name
            self.title = title ?? name
            self.kind = kind
            self.style = style ?? (kind == .count ? .whole : .decimals(4))
            self.unit = unit
        }
    }

    public enum Cell: Sendable, Hashable {
        case text(String)
        case number(Double)
        case estimate(Estimate)
        case difference(PairedComparison)
        /// What does not apply, or was not measured.
        case missing

        /// The mean of values, missing when all of them are.
        public init(_ values: [Double], _ method: Estimate.Method = .studentT) { self = Estimate(values, method).map(Cell.estimate) ?? .missing }

        public init(_ text: String?) { self = text.map(Cell.text) ?? .missing }

        /// The mean of values as a plain number: sizes and costs, which have no interval.
        static func plain(_ values: [Double]) -> Cell { Estimate(values).map { .number($0.mean) } ?? .missing }

        /// The mean of an estimate.
        var mean: Double? { if case .estimate(let estimate) = self { estimate.mean } else { nil } }
    }

    public struct Row: Sendable, Hashable {
        /// One a column.
        public var cells: [Cell]
        /// Observations behind the row: runs, or base models in a base row.
        public var count: Int
        /// Places of the cells that are the best of their columns.
        public var best: Set<Int> = []

        public init(_ cells: [Cell], count: Int) {
            self.cells = cells
            self.count = count
        }
    }

    public var name: String
    /// What stands above it; may be empty.
    public var title: String
    public var columns: [Column]
    public var rows: [Row]
    /// What a reader must know to read the numbers: divisors, signs, intervals.
    public var footer: [String]

    public init(name: String = "", title: String = "", columns: [Column], rows: [Row], footer: [String]) {
        (self.name, self.title) = (name, title)
        self.columns = columns
        self.rows = rows
        self.footer = footer
    }
}
