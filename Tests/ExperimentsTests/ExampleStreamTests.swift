import Experiments
import Foundation
@testable import Results
import Settings
import Testing

/// A stream of prompts with answers, from a folder like TRACE's to the record of a run.
@Suite struct ExampleStreamTests {
    /// Two tasks: the last letter of a prompt decides the answer; and a field of JSON lines, on which the base is trained.
    private static func write(to folder: TemporaryFolder) throws {
        for (task, answers) in [("FOMC", ["A", "B", "C"]), ("ScienceQA", ["A\nbecause of x", "B\nbecause of y"])] {
            for (split, count) in [("train", 30), ("eval", 4), ("test", 6)] {
                let examples = (0..<count).map { index -> Value in
                    ["prompt": .string("\(split) \(index) q\(index % answers.count)"), "answer": .string(answers[index % answers.count])]
                }
                try write(Value.list(examples).canonicalJSON, "\(task)/\(split).json", folder)
            }
        }
        try write((0..<40).map { "{\"q\": \"say \($0)\", \"a\": \"so \($0) \($0)\"}\n" }.joined(), "qa.jsonl", folder)
    }

    private static func write(_ text: String, _ name: String, _ folder: TemporaryFolder) throws {
        let file = URL(fileURLWithPath: folder.file(name))
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }

    private func graph(_ folder: TemporaryFolder, _ changes: [(String, String)] = []) throws -> StageGraph {
        try Self.write(to: folder)
        let text = """
            name: examples
            base:
              model: {hidden_size: 16, intermediate_size: 32, num_hidden_layers: 2, num_attention_heads: 2, num_key_value_heads: 1, max_position_embeddings: 32}
              tokenizer: {kind: byte}
              data: qa
              train: {steps: 6, batch_size: 4, learning_rate: 1.0e-2}
            data:
              qa: {jsonl: "\(folder.file("qa.jsonl"))", prompt: q, answer: a, held_out: 0.3, metric: edit-similarity}
              fomc: {trace: "\(folder.file("FOMC"))"}
              science: {trace: "\(folder.file("ScienceQA"))", max_new_tokens: 2}
            stream: [fomc, science]
            train: {steps: 150, batch_size: 4, learning_rate: 1.0e-2, logging_steps: 75}
            evaluation: {tokens: 4096, questions: 6, batch_size: 4}
            sweep:
              arms:
                - {strategy: {kind: sequential}}
                - {strategy: {kind: lora, r: 2}}
                - {strategy: {kind: block-expansion, blocks: 1}}

            """
        return try TinyExperiment.graph(text, changes)
    }

    @Test func recordsOfAStream() throws {
        let folder = try TemporaryFolder()
        let graph = try graph(folder)
        let session = try TinySession()
        #expect(try session.run(graph).isEmpty)
        let records = try RunRecord.records(of: graph, store: session.store)
        #expect(records.count == 3 && records.allSatisfy { $0.scoreNames == ["edit-similarity", "exact-match", "first-character"] })
        let sequential = records[0]
        // What is learned is learned: the loss on the answers falls below the base's, and every answer begins with a letter that is one.
        #expect(sequential.losses[1][1] < sequential.losses[0][1] - 1 && sequential.losses[2][2] < sequential.losses[0][2] - 1)
        #expect(sequential.scores[1][1] > 0.3 && sequential.scores[2][2] >= 0.5)
        #expect(sequential.scores.flatMap { $0 }.allSatisfy { (0...1).contains($0) } && sequential.scores[0][0] > 0)
        // The base's examples are measured and not trained on: general ability against row 0.
        let general = try #require(sequential.metrics.first { $0.name == "general" }).value
        #expect(abs(general - (sequential.scores[2][0] - sequential.scores[0][0])) < 1e-12)
        let columns = try SummaryColumns.make(records, domains: sequential.domains).map(\.name)
        #expect(columns.contains("score.qa") && columns.contains("accuracy.fomc") && columns.contains("accuracy.science") && !columns.contains("accuracy.qa"))
        #expect(graph.notes().contains { $0.contains("qa edit-similarity, fomc exact-match, science first-character") })

        let path = folder.file("r.h5")
        let experiment = ExperimentRecord(
            experiment: "", strataVersion: "", numericsVersion: "", host: "", instructionSet: "", created: "2030-01-02T03:04:05Z")
        try Publisher.publish(experiment: experiment, runs: records, to: path)
        #expect(try PublishedFile(path).column("score.qa")?.meaning == "mean edit-similarity on qa at the end of the stream")
    }

    /// Sequences of 16 tokens hold no whole example of the second task.
    @Test func whatIsCutIsSaid() throws {
        let folder = try TemporaryFolder()
        let graph = try graph(folder, [("train: {steps: 150, batch_size: 4,", "train: {steps: 2, batch_size: 4, sequence_length: 16,"), ("kind: lora, r: 2", "kind: frozen")])
        let session = try TinySession()
        #expect(try session.run(graph).isEmpty)
        let note = "data.science: of 30 examples 30 lose the beginning of the prompt and 30 the end of the answer in sequences of 16 tokens"
        #expect(session.notes.contains { $0.hasSuffix(note) } && !session.notes.contains { $0.contains("data.fomc") })
    }

    @Test func threadsAndInterruptionsChangeNothing() throws {
        let folder = try TemporaryFolder()
        let graph = try graph(folder, [("kind: lora, r: 2", "kind: frozen")])
        let (whole, stopped) = (try TinySession(), try TinySession())
        #expect(try whole.run(graph).isEmpty)
        var attempts = 0
        while graph.stages.contains(where: { stopped.store.state($0.key) != .done }), attempts < 60 {
            var seen = 0
            attempts += 1
            do {
                try stopped.run(graph, threads: 1 + attempts % 2) { event in
                    if case .trained = event { seen += 1 }
                    return seen == 2
                }
            } catch is Interrupted {}
        }
        #expect(attempts > 2)
        #expect(try stopped.difference(from: whole, graph) == nil)
    }
}
