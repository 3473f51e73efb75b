import ArgumentParser
import Experiments
import Results

struct PlotCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plot", abstract: "Draw the plots of a results file with gnuplot.",
        discussion: """
            Those that the experiment file describes under `plots:`, or else each of these that the file has data for:
            \(PlotKind.allCases.map { "  \($0.rawValue): \($0.help)" }.joined(separator: "\n"))
              runs-N: training loss of every run of an arm
            Files are called as the plots; of kind axis axis-AXIS, of kind scores scores-loss and scores-accuracy.
            """)

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
            let known = PlotFormat.allCases.map(\.rawValue).joined(separator: ", ")
            throw Failure.wrongInput("strata: --format is '\(format)', expected one of \(known)")
        }
        let file = try PublishedFile(file)
        let (plots, missing) = try name.map { ([try Plots.plot(named: $0, of: file)], []) } ?? Plots.plots(of: file)
        for name in missing { complain("strata: \(file.path): there is no data for the plot '\(name)' yet") }
        guard !plots.isEmpty else { throw Failure.wrongInput("strata: \(file.path): found no data to plot: no run has begun") }
        for path in try await Gnuplot.write(plots, as: format, to: output) { print(path) }
    }
}
