import Experiments
import Foundation
import Kernels

/// An experiment that trains in a moment: a model of width 16 with two blocks, and twenty generated documents a domain.
enum TinyExperiment {
    /// Everything but the strategy.
    static let root = """
        name: tiny
        base:
          model: {hidden_size: 16, intermediate_size: 32, num_hidden_layers: 2, num_attention_heads: 2, num_key_value_heads: 1, max_position_embeddings: 32}
          tokenizer: {kind: byte}
          data: lives
          train: {steps: 6, batch_size: 4, learning_rate: 1.0e-2, logging_steps: 2}
        data:
          lives: {generated: biographies, documents: 20, questions: 4}
          sums: {generated: arithmetic, documents: 20, questions: 4}
          terms: {generated: clauses, documents: 20, questions: 4}
        stream: [sums, terms]
        train: {steps: 4, batch_size: 4, learning_rate: 1.0e-2, logging_steps: 1}
        evaluation: {tokens: 256, questions: 4, batch_size: 8}

        """

    static let sequential = root + "strategy: {kind: sequential}\n"

    static let allStrategies =
        root + """
            sweep:
              arms:
                - {strategy: {kind: frozen}}
                - {strategy: {kind: sequential}}
                - {strategy: {kind: joint}}
                - {strategy: {kind: lora, r: 2}}
                - {strategy: {kind: block-expansion, blocks: 2}}

            """

    static let family = InstructionSet.best.numericsFamily

    /// The experiment of a text, with parts of it replaced. Every part must be there.
    static func experiment(_ text: String = sequential, _ changes: [(String, String)] = [], words: [String] = []) throws -> Experiment {
        try Experiment(ExperimentDocument(text: changed(text, changes), file: "e.yaml"), words: words)
    }

    static func changed(_ text: String, _ changes: [(String, String)]) throws -> String {
        try changes.reduce(text) { text, change in
            guard text.contains(change.0) else { throw MissingPart(part: change.0) }
            return text.replacingOccurrences(of: change.0, with: change.1)
        }
    }

    struct MissingPart: Error { var part: String }

    static func graph(_ text: String = sequential, _ changes: [(String, String)] = [], words: [String] = [], family: String = family) throws -> StageGraph {
        try StageGraph(experiment(text, changes, words: words), family: family)
    }
}

/// A results folder, and what happens in it.
final class TinySession {
    let folder: TemporaryFolder
    let store: StageStore
    /// Titles of the stages that began, in order, since the session began.
    private(set) var begun: [String] = []

    init() throws {
        folder = try TemporaryFolder()
        store = StageStore(results: folder.file("results"))
    }

    /// Runs a graph and returns the messages of what failed.
    @discardableResult
    func run(_ graph: StageGraph, threads: Int = 1) throws -> [String] {
        try LocalExecutor(store: store, compute: Compute(threads: threads)) { [unowned self] event in
            if case .began(let stage) = event { begun.append(stage.title) }
        }.run(graph)
    }
}
