import ArgumentParser
import Foundation
import Results

struct ReportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Write a results file as one HTML page with tables, plots, configuration and provenance.",
        discussion: "Plots need gnuplot; without it the page has tables alone and says so.")

    @Argument(help: "The results file.", completion: .file(extensions: ["h5"]))
    var file: String

    @Option(help: ArgumentHelp("The page (default: beside the results file, with .html).", valueName: "html"))
    var output: String?

    /// On the main thread: libhdf5 cannot close at the end of the program when an error stands in the stack of another one.
    @MainActor
    func run() async throws {
        let path = output ?? URL(fileURLWithPath: file).deletingPathExtension().appendingPathExtension("html").relativePath
        let report = try await Report(try PublishedFile(file))
        if !report.hasPlots { complain("strata: the report has no plots: \(GnuplotError.missing)") }
        try report.write(to: path)
        print(path)
    }
}
