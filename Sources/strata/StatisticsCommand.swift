import ArgumentParser
import Continual
import Results
import Settings

struct StatisticsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "statistics", abstract: "Mean, interval and paired tests of numbers from anywhere, as tables have them.",
        discussion: """
            The values are a CSV file: a header with a name for each arm, and a row for each repetition, paired: same seed, same order. Cells that \
            were not measured stay empty. Prints a JSON object: for each arm mean, sd, 95 % interval and n; with --against for each other arm the mean \
            difference with its interval, p of the two-sided sign-flip permutation test and p by Holm.
            """)

    @Argument(help: "The values.", completion: .file(extensions: ["csv"]))
    var values: String

    @Option(help: ArgumentHelp("The arm that the others are compared with.", valueName: "arm"))
    var against: String?

    @Option(help: ArgumentHelp("t, or bootstrap: percentiles of the means of resamples.", valueName: "method"))
    var interval = "t"

    @Option(help: ArgumentHelp("Seed of the bootstrap.", valueName: "n"))
    var seed = 0

    func run() throws {
        let samples = try SampleCSV.samples(contentsOf: values)
        guard ["t", "bootstrap"].contains(interval) else { throw Failure.wrongInput("strata: --interval is '\(interval)', expected t or bootstrap") }
        if let against, !samples.contains(where: { $0.name == against }) {
            let names = samples.map(\.name)
            let advice = nearestAdvice(to: against, among: names)
            throw Failure.wrongInput(
                "strata: --against is '\(against)', expected one of \(names.joined(separator: ", "))" + (advice.isEmpty ? "" : "; \(advice)"))
        }
        print(SampleReport(samples, against: against, interval == "t" ? .studentT : .bootstrap(seed: seed)).json.canonicalJSON)
    }
}
