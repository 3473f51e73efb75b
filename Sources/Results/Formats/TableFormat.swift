/// A way to write a table as text. A new one is a file of its own and a line in `Tables.formats`.
public protocol TableFormat: Sendable {
    /// What the user calls it.
    var name: String { get }

    /// The text, with a line end after the last line: a part to be put into a document.
    func text(of table: Table) -> String

    /// A whole document with the table in it; nil where a table is one already.
    func document(with table: Table) -> String?
}

extension TableFormat {
    public func document(with table: Table) -> String? { nil }
}
