import ArgumentParser
import Results

struct TableCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "table", abstract: "Print a table of a results file.",
        discussion: "Tables, beside those that the experiment describes under 'tables':\n" + Tables.recipes.map { "  \($0.name): \($0.help)" }.joined(separator: "\n"))

    @Argument(help: "The results file.", completion: .file(extensions: ["h5"]))
    var file: String

    @Option(help: ArgumentHelp("Which table (default: the first of the experiment's, else summary).", valueName: "table"))
    var name: String?

    @Option(help: ArgumentHelp("\(Tables.formats.map(\.name).joined(separator: ", ")).", valueName: "format"))
    var format = "markdown"

    @Flag(help: "A whole document, with latex and html: without it a part to be put into one.")
    var whole = false

    func run() throws {
        let format = try Tables.format(named: format)
        let file = try PublishedFile(file)
        let table = try Tables.recipe(named: name, of: file).table(of: file)
        guard whole else { return print(format.text(of: table), terminator: "") }
        guard let document = format.document(with: table) else { throw Failure.wrongInput("strata: --whole goes with --format latex or html") }
        print(document, terminator: "")
    }
}
