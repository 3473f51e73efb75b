/// How a table is made from a published file. A new one is a file of its own and a line in `Tables.recipes`.
public protocol TableRecipe: Sendable {
    /// What the user calls it.
    var name: String { get }
    /// What it shows, in one line.
    var help: String { get }

    func table(of file: PublishedFile) -> Table
}
