import Experiments
import Foundation
import Kernels
import Settings

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
    /// What was said, with the titles of the stages that it was about.
    private(set) var notes: [String] = []
    /// Steps after which a point of a curve was recorded.
    private(set) var steps: [Int] = []

    init() throws {
        folder = try TemporaryFolder()
        store = StageStore(results: folder.file("results"))
    }

    /// Runs a graph and returns the messages of what failed. `stop` says after which events a stop is wanted.
    @discardableResult
    func run(_ graph: StageGraph, threads: Int = 1, stop: (StageEvent) -> Bool = { _ in false }) throws -> [String] {
        try withoutActuallyEscaping(stop) { stop in
            let interruption = Interruption()
            return try LocalExecutor(store: store, compute: Compute(threads: threads), interruption: interruption) { [unowned self] event in
                switch event {
                case .began(let stage): begun.append(stage.title)
                case .note(let stage, let text): notes.append("\(stage.title): \(text)")
                case .damaged(let stage, let damage):
                    let name = damage.path.split(separator: "/").last ?? ""
                    notes.append("\(stage.title): \(name) \(damage.problem)")
                case .trained(_, let point, _): steps.append(point.step)
                case .finished, .failed: break
                }
                if stop(event) { interruption.request() }
            }.run(graph)
        }
    }

    /// A stage's records without the times, and its product.
    func outcome(_ stage: Stage) throws -> (records: [Value], product: Data?) {
        let records = try Journal.read(store.journal(stage.key)).records.map { record in
            var record = record
            record["seconds"] = nil
            return record
        }
        let files = FileManager.default
        return (records, files.contents(atPath: store.model(stage.key)) ?? files.contents(atPath: store.tokenizer(stage.key)))
    }

    /// Runs a graph that is interrupted wherever it can be, each attempt one recorded point farther, with one and two threads in turn. Returns how often.
    func runInterrupted(_ graph: StageGraph) throws -> Int {
        var stops = 0
        while true {
            var events = 0
            do {
                try run(graph, threads: stops % 2 + 1) { event in
                    if case .trained = event { events += 1 }
                    return events == 1
                }
                return stops
            } catch is Interrupted { stops += 1 }
        }
    }

    /// The first stage of a graph whose outcome is not the one that it has in another session.
    func difference(from other: TinySession, _ graph: StageGraph) throws -> String? {
        for stage in graph.stages {
            let (own, others) = (try outcome(stage), try other.outcome(stage))
            if own.records != others.records || own.product != others.product || store.state(stage.key) != other.store.state(stage.key) { return stage.title }
        }
        return nil
    }
}
