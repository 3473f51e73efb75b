import Foundation

/// A results file as tidy CSV files: a row an observation, a column a variable; numbers in full, what is missing empty. Equal files give
/// equal bytes.
public enum Export {
    public static let files: [(name: String, help: String)] = [
        ("runs.csv", "a row a run: axes, strategy, parameters, costs, the end of the stream, metrics"),
        ("scores.csv", "a row a run, step of the stream and domain: the matrices of losses and accuracies"),
        ("curves.csv", "a row a run and logged step: training loss, learning rate, gradient norm"),
        ("evaluations.csv", "a row a run, evaluation on the way and domain: held-out losses, scores of questions"),
    ]
    /// Written where it was measured.
    public static let driftFile = (name: "drift.csv", help: "a row a run, step of the stream and layer of the base: how far the model has gone from the base")

    /// A column of an exported file, for the dictionary.
    struct Entry {
        var name: String
        var type: String
        var unit: String?
        var meaning: String
    }

    /// Writes all files and returns their paths.
    /// - Throws: `ExportError` when the folder cannot be written, `PublishedFileError` when the file cannot be read.
    public static func write(_ file: PublishedFile, to folder: String) throws -> [String] {
        do { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) } catch {
            throw ExportError(path: folder, reason: "cannot be made as a folder")
        }
        var tables: [(columns: [Entry], text: String)] = [runs(file), scores(file), try curves(file), try evaluations(file)]
        var files = files
        if let drift = file.drift {
            tables.append(self.drift(drift, file))
            files.append(driftFile)
        }
        var paths: [String] = []
        func write(_ text: String, _ name: String) throws {
            let path = "\(folder)/\(name)"
            do { try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic) } catch {
                throw ExportError(path: path, reason: "cannot be written")
            }
            paths.append(path)
        }
        for (table, description) in zip(tables, files) { try write(table.text, description.name) }
        try write(dictionary(file, Array(zip(files, tables.map(\.columns)))), "README.md")
        return paths
    }

    private static func text(_ columns: [Entry], _ rows: some Sequence<[String]>) -> (columns: [Entry], text: String) {
        var text = CSVFormat.line(columns.map(\.name))
        for row in rows { text += CSVFormat.line(row) }
        return (columns, text)
    }

    private static func number(_ value: Double) -> String { value.isNaN ? "" : CSVFormat.full(value) }

    private static let run = Entry(name: "run", type: "text", meaning: "run of the experiment")

    private static func runs(_ file: PublishedFile) -> (columns: [Entry], text: String) {
        let entries = file.columns.map { column in
            let type =
                switch column.values {
                case .integers: "whole number"
                case .numbers: "number"
                case .texts: "text"
                }
            return Entry(name: column.name, type: type, unit: column.unit, meaning: column.meaning)
        }
        let cells = file.columns.map { column -> [String] in
            switch column.values {
            case .integers(let values): values.map { String($0) }
            case .numbers(let values): values.map(number)
            case .texts(let values): values
            }
        }
        return text([run] + entries, file.runs.indices.lazy.map { index in [file.runs[index]] + cells.map { $0[index] } })
    }

    private static func scores(_ file: PublishedFile) -> (columns: [Entry], text: String) {
        let columns = [
            run, Entry(name: "trained", type: "whole number", meaning: "tasks trained; 0 is the base model"),
            Entry(name: "task", type: "text", meaning: "task that was trained last; empty for the base"),
            Entry(name: "evaluated", type: "text", meaning: "domain that is evaluated"),
            Entry(name: "stage", type: "text", meaning: "stage that measured it; rows of one stage are one observation"),
            Entry(name: "loss", type: "number", unit: "nats/token", meaning: "held-out loss"),
            Entry(name: "bits_per_byte", type: "number", unit: "bits/byte", meaning: "held-out loss"),
            Entry(name: "score", type: "number", meaning: "score of the questions, 0 to 1: share answered rightly, or the mean of the domain's metric"),
            Entry(name: "loss_random", type: "number", unit: "nats/token", meaning: "held-out loss of a model with random weights"),
            Entry(name: "score_random", type: "number", meaning: "the same of a model with random weights"),
            Entry(
                name: "flops", type: "number", unit: "flop",
                meaning: "operations of the training since the row of 'trained' before, the same for all domains"),
            Entry(name: "seconds", type: "number", unit: "s", meaning: "time of that training, the same for all domains"),
        ]
        var rows: [[String]] = []
        for (index, id) in file.runs.enumerated() {
            for row in 0...file.tasks[index].count {
                for (domain, name) in file.domains.enumerated() {
                    let measured = [file.losses, file.bitsPerByte, file.scores].map { $0[run: index, row: row, domain: domain] }
                    // Domains of other runs, and rows that the strategy does not have.
                    guard measured.contains(where: { !$0.isNaN }) else { continue }
                    rows.append(
                        [id, String(row), row == 0 ? "" : file.tasks[index][row - 1], name, file.stages[index][row]] + measured.map(number)
                            + [file.randomLosses[index][domain], file.randomScores[index][domain], file.flops[index][row], file.seconds[index][row]]
                            .map(number))
                }
            }
        }
        return text(columns, rows)
    }

    private static func curves(_ file: PublishedFile) throws -> (columns: [Entry], text: String) {
        let columns = [
            run, Entry(name: "stage", type: "text", meaning: "what is trained: 'base', tasks of the stream, or 'instruction' behind it"),
            Entry(name: "step", type: "whole number", meaning: "optimizer step of the stage"),
            Entry(name: "loss", type: "number", unit: "nats/token", meaning: "training loss, mean over the steps since the row before"),
            Entry(name: "learning_rate", type: "number", meaning: "learning rate"),
            Entry(name: "gradient_norm", type: "number", meaning: "norm of the gradient before clipping"),
            Entry(name: "tokens_seen", type: "whole number", meaning: "tokens trained on in the stage so far"),
            Entry(name: "seconds", type: "number", unit: "s", meaning: "time of training in the stage so far"),
        ]
        var rows: [[String]] = []
        for id in file.runs {
            let curve = try file.curve(run: id)
            for index in curve.steps.indices {
                rows.append([
                    id, curve.stages[index], String(curve.steps[index]), number(curve.losses[index]), number(curve.learningRates[index]),
                    number(curve.gradientNorms[index]), String(curve.tokens[index]), number(curve.seconds[index]),
                ])
            }
        }
        return text(columns, rows)
    }

    private static func evaluations(_ file: PublishedFile) throws -> (columns: [Entry], text: String) {
        let columns = [
            run, Entry(name: "stage", type: "text", meaning: "what is trained: 'base', tasks of the stream, or 'instruction' behind it"),
            Entry(name: "step", type: "whole number", meaning: "optimizer step of the stage"),
            Entry(name: "evaluated", type: "text", meaning: "domain that is evaluated"),
            Entry(name: "loss", type: "number", unit: "nats/token", meaning: "held-out loss"),
        ]
        let all = try file.runs.map { try file.evaluations(run: $0) }
        let hasScores = all.contains { !$0.evaluations.scores.isEmpty }
        let score = Entry(name: "score", type: "number", meaning: "score of the questions, 0 to 1, as in scores.csv")
        var rows: [[String]] = []
        for (id, (domains, evaluations)) in zip(file.runs, all) {
            for index in evaluations.steps.indices {
                for (place, domain) in domains.enumerated() {
                    let scores = evaluations.scores.isEmpty ? .nan : evaluations.scores[index][place]
                    rows.append(
                        [id, evaluations.stages[index], String(evaluations.steps[index]), domain, number(evaluations.losses[index][place])]
                            + (hasScores ? [number(scores)] : []))
                }
            }
        }
        return text(columns + (hasScores ? [score] : []), rows)
    }

    private static func drift(_ drift: PublishedDrift, _ file: PublishedFile) -> (columns: [Entry], text: String) {
        let columns = [
            run, Entry(name: "trained", type: "whole number", meaning: "tasks trained; 0 is the base model"),
            Entry(name: "layer", type: "whole number", meaning: "layer of the base, from 0"),
        ] + DriftColumn.allCases.map { column in
            Entry(
                name: column.rawValue, type: "number", unit: column.unit,
                meaning: column.isOfLayers ? column.layerMeaning : "\(column.meaning), the same for all layers")
        }
        var rows: [[String]] = []
        for (index, id) in file.runs.enumerated() {
            for row in 0...file.tasks[index].count {
                for layer in 0..<drift.layerCount where !drift.weights[run: index, row: row, domain: layer].isNaN {
                    let values = DriftColumn.allCases.map { column in
                        column.isOfLayers ? drift.value(column, run: index, row: row, layer: layer) : drift.value(column, run: index, row: row)
                    }
                    rows.append([id, String(row), String(layer)] + values.map(number))
                }
            }
        }
        return text(columns, rows)
    }

    private static func dictionary(_ file: PublishedFile, _ columns: [(description: (name: String, help: String), entries: [Entry])]) -> String {
        let experiment = file.experiment
        var lines = [
            "# Data dictionary", "",
            "Exported by Strata \(experiment.strataVersion) from a results file of \(experiment.created): numerics \(experiment.numericsVersion), "
                + "instruction set \(experiment.instructionSet), host \(experiment.host).",
            "CSV by RFC 4180 in UTF-8. Numbers in full; what was not measured or does not apply is empty. `run` joins the files.",
        ]
        for (description, entries) in columns {
            let help = description.help.prefix(1).uppercased() + description.help.dropFirst()
            lines += ["", "## \(description.name)", "", "\(help).", "", "| column | type | unit | meaning |", "|---|---|---|---|"]
            lines += entries.map { entry in "| " + [entry.name, entry.type, entry.unit ?? "", entry.meaning].map(MarkdownFormat.escaped).joined(separator: " | ") + " |" }
        }
        let notes = experiment.notes + [
            "In metrics, R[t][i] is the accuracy (L[t][i], of metrics with _loss: the loss) on task i after t of the T tasks, 0 the base: "
                + "a row a step in scores.csv.",
            "Losses: lower is better. Accuracies: shares from 0 to 1. With T tasks BWT, FWT and forgetting are divided by T-1.",
        ]
        return (lines + ["", "## Notes", ""] + notes.map { "- \($0)" }).joined(separator: "\n") + "\n"
    }
}

/// A folder or a file that cannot be written.
public struct ExportError: Error, Sendable, Hashable, CustomStringConvertible {
    public var path: String
    public var reason: String

    public var description: String { "\(path): \(reason); is it a folder that you may write to?" }
}
