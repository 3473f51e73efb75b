import ArgumentParser
import Continual

struct MetricsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "metrics", abstract: "OP, BWT, FWT, forgetting and more of a score matrix from anywhere.",
        discussion: """
            The matrix is a CSV file: a header of task names in the order of training, and a row of scores after each round. A row of the \
            base may stand first: labelled 'base' in a first column of labels (whose header is 'round' or empty), or simply one row more than there \
            are tasks. Cells that were not measured stay empty.
            """)

    @Argument(help: "The score matrix.", completion: .file(extensions: ["csv"]))
    var matrix: String

    @Option(help: ArgumentHelp("Scores of a randomly initialised model, for FWT.", valueName: "row.csv"))
    var random: String?

    @Option(help: ArgumentHelp("Scores of the jointly trained model, for intransigence.", valueName: "row.csv"))
    var joint: String?

    @Flag(help: "The cells are losses: lower is better.")
    var losses = false

    @Flag(help: "Print a JSON object.")
    var json = false

    func run() throws {
        let scores = try MatrixCSV.matrix(contentsOf: matrix, measure: losses ? .loss : .score)
        let report = MetricReport(
            scores, random: try random.map { try MatrixCSV.row(contentsOf: $0, tasks: scores.tasks) },
            joint: try joint.map { try MatrixCSV.row(contentsOf: $0, tasks: scores.tasks) })
        print(json ? report.json.canonicalJSON + "\n" : report.table, terminator: "")
    }
}
