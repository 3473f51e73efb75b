import ArgumentParser
import Results

struct PlotCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plot", abstract: "Draw the plots of a results file with gnuplot.",
        discussion: "Plots, each if the file has data for it:\n" + Plots.recipes.map { "  \($0.name): \($0.help)" }.joined(separator: "\n"))

    @Argument(help: "The results file.", completion: .file(extensions: ["h5"]))
    var file: String

    @Option(help: ArgumentHelp("The folder; it is made when it is missing, and files of these names in it are replaced.", valueName: "dir"))
    var output = "."

    @Option(help: ArgumentHelp("Which plot (default: all).", valueName: "plot"))
    var name: String?

    @Option(help: ArgumentHelp("\(PlotFormat.allCases.map(\.rawValue).joined(separator: ", ")).", valueName: "format"))
    var format = "svg"

    /// On the main thread: libhdf5 cannot close at the end of the program when an error stands in the stack of another one.
    @MainActor
    func run() async throws {
        guard let format = PlotFormat(rawValue: format) else {
            throw Failure.wrongInput("strata: --format is '\(format)', expected one of \(PlotFormat.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        let plots = try Plots.plots(of: try PublishedFile(file), named: name)
        guard !plots.isEmpty else { throw Failure.wrongInput("strata: \(file): found no data to plot: no run has begun") }
        for path in try await Gnuplot.write(plots, as: format, to: output) { print(path) }
    }
}
