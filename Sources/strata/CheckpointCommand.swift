import ArgumentParser
import Experiments
import Llama

struct CheckpointCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "checkpoint", abstract: "Models in and out: look into them, take them in, write, expand, measure and ask them.",
        discussion: "docs/checkpoints.md says what is read and what is refused.",
        subcommands: [
            CheckpointInspectCommand.self, CheckpointImportCommand.self, CheckpointExportCommand.self, CheckpointExpandCommand.self,
            CheckpointEvaluateCommand.self, CheckpointGenerateCommand.self,
        ])
}

/// A model by its name.
struct CheckpointOptions: ParsableArguments {
    @Argument(help: ArgumentHelp(
        "A folder (config.json and safetensors of transformers, or PEFT's adapters), or the key of a stage or its beginning.", valueName: "model"))
    var model: String

    @Option(help: ArgumentHelp("The folder of the stages.", valueName: "dir"))
    var results = "results"

    var store: StageStore { StageStore(results: results) }

    func open() throws -> OpenCheckpoint { try OpenCheckpoint(model, store: store) }
}

/// Where a folder is written.
struct OutputOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The folder to write; it appears whole or not at all.", valueName: "dir"))
    var output: String

    @Flag(help: "Replace a checkpoint that stands there.")
    var force = false

    func print(_ files: [CheckpointExport.File], _ note: String) {
        let texts = TextTable(header: ["file", "bytes"], rows: files.map { [$0.path, grouped($0.byteCount)] }, leftCount: 1).text
        Swift.print(texts.split(separator: "\n").dropFirst().joined(separator: "\n"))
        Swift.print(note)
    }
}

func grouped(_ number: Int) -> String { grouped(Double(number)) }
