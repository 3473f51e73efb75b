import ArgumentParser
import Results

struct TableCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "table", abstract: "Print a table of a results file.",
        discussion: "Tables:\n" + Tables.recipes.map { "  \($0.name): \($0.help)" }.joined(separator: "\n"))

    @Argument(help: "The results file.", completion: .file(extensions: ["h5"]))
    var file: String

    @Option(help: ArgumentHelp("Which table.", valueName: "table"))
    var name = "summary"

    @Option(help: ArgumentHelp("markdown or csv.", valueName: "format"))
    var format = "markdown"

    func run() throws {
        let recipe = try Tables.recipe(named: name)
        let format = try Tables.format(named: format)
        print(format.text(of: recipe.table(of: try PublishedFile(file))), terminator: "")
    }
}
