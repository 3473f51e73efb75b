/// A way to write a table as text. A new one is a file of its own and a line in `Tables.formats`.
public protocol TableFormat: Sendable {
    /// What the user calls it.
    var name: String { get }

    /// The text, with a line end after the last line.
    func text(of table: Table) -> String
}
