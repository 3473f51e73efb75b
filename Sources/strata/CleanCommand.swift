import ArgumentParser
import Experiments
import Foundation
import Kernels
import Results

struct CleanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "clean", abstract: "Remove the stages that no experiment file given here needs, after asking.",
        discussion: """
            Give every experiment whose results are to stay. Stages of other experiments, of sweep values that are gone and of data that has changed \
            are listed with their sizes, and so are files that processes left unfinished when they died. Stages that are being worked on stay. \
            Results files (NAME.h5) stay too.
            """)

    @Argument(help: ArgumentHelp(
        "The experiment files, and key=value words: data=DIR names the data folder; with other words the stages of the changed experiments stay too.",
        valueName: "experiment"))
    var words: [String]

    @Option(help: ArgumentHelp("The folder of stages and results files.", valueName: "dir"))
    var results = "results"

    @Flag(help: "Only list.")
    var dryRun = false

    @Flag(help: "Do not ask.")
    var yes = false

    func run() throws {
        let store = StageStore(results: results)
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: results, isDirectory: &isFolder), isFolder.boolValue else {
            throw Failure.wrongInput("strata: there is no results folder '\(results)'; is --results right?")
        }
        let used = try usedKeys()
        let unused = try UnusedStages(store, used: used)
        for line in lines(unused) { print(line) }
        guard !dryRun, !unused.removable.isEmpty else { return }
        guard try isConfirmed(unused) else {
            print("nothing was removed")
            return
        }
        let failures = unused.remove()
        let removed = unused.removable.count - failures.count
        print("removed \(counted(removed, "entry", "entries"))")
        guard failures.isEmpty else {
            throw Failure.someFailed("strata: not removed:\n  " + failures.map { "\($0.entry.path): \($0.reason)" }.joined(separator: "\n  "))
        }
    }

    /// Keys of the stages of all experiments, in every family of numbers: machines of several may share a folder.
    private func usedKeys() throws -> Set<String> {
        let isChange: (String) -> Bool = { word in word.contains("=") && !FileManager.default.fileExists(atPath: word) }
        let files = words.filter { !isChange($0) }
        let changes = words.filter(isChange)
        guard !files.isEmpty else { throw Failure.wrongInput("strata: no experiment file is given: all stages would go; give those whose results are to stay") }
        var dataFolder = ProcessInfo.processInfo.environment["STRATA_DATA"]
        for word in changes where word.hasPrefix("data=") { dataFolder = String(word.dropFirst(5)) }
        let others = changes.filter { !$0.hasPrefix("data=") }
        var keys: Set<String> = []
        for file in files {
            for words in others.isEmpty ? [[]] : [[], others] {
                let experiment = try Experiment(file: file, words: words, dataFolder: dataFolder)
                for family in Set(InstructionSet.allCases.map(\.numericsFamily)).sorted() {
                    for graph in try graphs(of: experiment, family) { keys.formUnion(graph.stages.map(\.key)) }
                }
            }
        }
        return keys
    }

    /// All that the experiment may need. While `tune:` has not chosen, runs with any of its values stay.
    private func graphs(of experiment: Experiment, _ family: String) throws -> [StageGraph] {
        guard let tuning = experiment.tuning else { return [try StageGraph(experiment, family: family)] }
        let phase = try SweepPhase(experiment, family: family, store: StageStore(results: results))
        guard phase.isTuning else { return [try StageGraph(whole: phase.experiment, family: family)] }
        return try tuning.settings.values.indices.map { value in
            try StageGraph(whole: experiment.tuned(tuning.tunedArms.map { _ in value }), family: family)
        }
    }

    private func lines(_ unused: UnusedStages) -> [String] {
        guard !unused.entries.isEmpty else { return ["nothing to remove: the experiments given need every stage in '\(results)'"] }
        let rows = unused.entries.map { entry in
            [entry.key.isEmpty ? String(entry.path.dropFirst(results.count + 1)) : String(entry.key.prefix(12)), entry.kind, decimal(Double(entry.bytes) / 1e6, 2), entry.obstacle ?? ""]
        }
        return [
            TextTable(header: ["stage", "", "MB", ""], rows: rows, lastIsText: true).text, "",
            "\(counted(unused.removable.count, "entry", "entries")) to remove, \(decimal(Double(unused.bytes) / 1e6, 1)) MB",
        ]
    }

    private func isConfirmed(_ unused: UnusedStages) throws -> Bool {
        if yes { return true }
        guard isatty(0) == 1 else {
            throw Failure.wrongInput("strata: nothing was removed, for there is no terminal to ask on; add --yes to remove, or --dry-run to list only")
        }
        writeError("remove them? [y/N] ")
        return ["y", "yes"].contains(readLine()?.lowercased() ?? "")
    }
}
