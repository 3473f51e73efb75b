import ArgumentParser
import Experiments
import Llama

struct CheckpointImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Check that a folder can be the base of an experiment, and say how.",
        discussion: """
            Nothing is converted: `base: {checkpoint: DIR}` in an experiment file reads the folder as it is. All weights are read here, and the tokenizer is \
            held against the model.
            """)

    @Argument(help: ArgumentHelp("A folder with config.json, safetensors and tokenizer.json.", valueName: "dir"), completion: .directory)
    var folder: String

    func run() throws {
        let found = try CheckpointInspection(folder, store: StageStore(results: "results"))
        guard found.kind == "transformers" else {
            throw Failure.wrongInput("strata: \(folder): found \(found.kind), expected a folder of transformers; `strata checkpoint export \(folder) --output DIR [--merge]` makes one")
        }
        let problem = try CheckpointReference.check(folder)
        for line in found.lines { print(line) }
        if let problem { throw Failure.wrongInput("strata: \(problem)") }
        print("It can be a base:\n\nbase:\n  checkpoint: \(folder)\n  data: DOMAINS     # what it knows and is measured on; may be left out")
    }
}
