import ArgumentParser
import Results

struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write a results file as tidy CSV files with a data dictionary.",
        discussion: "Files:\n" + (Export.files + [Export.driftFile]).map { "  \($0.name): \($0.help)" }.joined(separator: "\n") + "\n  README.md: every column with its unit and meaning")

    @Argument(help: "The results file.", completion: .file(extensions: ["h5"]))
    var file: String

    @Option(help: ArgumentHelp("The folder; it is made when it is missing, and files of these names in it are replaced.", valueName: "dir"))
    var output: String

    func run() throws {
        for path in try Export.write(try PublishedFile(file), to: output) { print(path) }
    }
}
