/// A table before it is text: labels, then values with their intervals.
public struct Table: Sendable, Hashable {
    public struct Column: Sendable, Hashable {
        public enum Kind: Sendable, Hashable {
            /// What a row is: text.
            case label
            /// A plain number.
            case count
            /// A mean over the runs of the row.
            case estimate
        }

        public var name: String
        public var kind: Kind

        public init(_ name: String, _ kind: Kind) {
            self.name = name
            self.kind = kind
        }
    }

    public enum Cell: Sendable, Hashable {
        case text(String)
        case number(Double)
        case estimate(Estimate)
        /// What does not apply, or was not measured.
        case missing

        /// The mean of values, missing when all of them are.
        public init(_ values: [Double]) { self = Estimate(values).map(Cell.estimate) ?? .missing }

        public init(_ text: String?) { self = text.map(Cell.text) ?? .missing }
    }

    public struct Row: Sendable, Hashable {
        /// One a column.
        public var cells: [Cell]
        /// Repetitions behind the row: runs, or base models in a base row.
        public var count: Int

        public init(_ cells: [Cell], count: Int) {
            self.cells = cells
            self.count = count
        }
    }

    public var columns: [Column]
    public var rows: [Row]
    /// What a reader must know to read the numbers: divisors, signs, intervals.
    public var footer: [String]

    public init(columns: [Column], rows: [Row], footer: [String]) {
        self.columns = columns
        self.rows = rows
        self.footer = footer
    }
}
