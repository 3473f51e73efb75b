import Experiments
import Foundation
import HDF5
import Llama
import Results
import Settings
import Testing

/// Whole experiments from the file to the results, with every strategy.
@Suite struct ExecutorTests {
    private func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }

    private func journal(_ key: String, of session: TinySession) throws -> [Value] {
        try Journal.read(session.store.journal(key)).records.map { record in
            var record = record
            record["seconds"] = nil
            return record
        }
    }

    /// The published file of a session.
    private func published(_ graph: StageGraph, _ session: TinySession) throws -> String {
        let path = session.folder.file("results.h5")
        let record = ExperimentRecord(
            experiment: "", strataVersion: "1", numericsVersion: "1", host: "here", instructionSet: "any", created: "2026-01-01T00:00:00Z")
        try Publisher.publish(experiment: record, runs: RunRecord.records(of: graph, store: session.store), to: path)
        return path
    }

    /// Every dataset of a file but the seconds, by its path, values as text that tells all bits apart.
    private func contents(of group: Group) throws -> [String: [String]] {
        var contents: [String: [String]] = [:]
        for name in try group.datasetNames() where !name.hasSuffix("seconds") {
            let dataset = try group.dataset(name)
            contents["\(group.path)/\(name)"] =
                switch dataset.elementType {
                case .int64: try dataset.read(as: Int.self).map(String.init)
                case .string: try dataset.read(as: String.self)
                default: try dataset.read(as: Double.self).map { String($0.isNaN ? .max : $0.bitPattern, radix: 16) }
                }
        }
        for name in try group.groupNames() { contents.merge(try self.contents(of: group.group(name))) { $1 } }
        return contents
    }

    /// Same seed, same bits: in another folder, on another number of threads, in another cut of the evaluation into batches.
    @Test func resultsFollowFromTheExperimentAlone() throws {
        let graph = try TinyExperiment.graph(TinyExperiment.allStrategies)
        let (first, second, third) = (try TinySession(), try TinySession(), try TinySession())
        #expect(try first.run(graph).isEmpty)
        #expect(try second.run(graph, threads: 3).isEmpty)
        let otherBatches = try TinyExperiment.graph(TinyExperiment.allStrategies, [("batch_size: 8", "batch_size: 3")])
        #expect(try third.run(otherBatches).isEmpty)

        #expect(graph.stages.allSatisfy { first.store.state($0.key) == .done } && first.begun.count == graph.stages.count)
        for stage in graph.stages {
            let records = try journal(stage.key, of: first)
            #expect(try journal(stage.key, of: second) == records, "\(stage.title)")
            #expect(try journal(stage.key, of: third) == records, "\(stage.title)")
            for file in ["model.safetensors", "tokenizer.json", "recipe.json"] {
                let path = first.store.folder(stage.key) + "/" + file
                guard FileManager.default.fileExists(atPath: path) else { continue }
                #expect(try bytes(path) == bytes(second.store.folder(stage.key) + "/" + file), "\(file) of \(stage.title)")
            }
        }
        let numbers = try contents(of: File(published(graph, first)).root)
        #expect(numbers.count > 60)
        #expect(try contents(of: File(published(graph, second)).root) == numbers)
        // The comparison sees a difference.
        let otherSeed = try TinyExperiment.graph(TinyExperiment.allStrategies, words: ["seed=1"])
        try first.run(otherSeed)
        #expect(try contents(of: File(published(otherSeed, first)).root) != numbers)
    }

    @Test func whatIsDoneIsNotDoneAgain() throws {
        let session = try TinySession()
        let graph = try TinyExperiment.graph(TinyExperiment.allStrategies)
        #expect(graph.chains.allSatisfy { $0.state(in: session.store) == .pending })
        try session.run(graph)
        #expect(session.begun.count { $0 == "base" } == 1 && session.begun.count { $0 == "tokenizer" } == 1)
        #expect(graph.chains.allSatisfy { $0.state(in: session.store) == .done })
        let count = session.begun.count
        try session.run(graph)
        #expect(session.begun.count == count)
        // Other experiments find it too, and do the rest.
        try session.run(TinyExperiment.graph(TinyExperiment.sequential, [("name: tiny", "name: other"), ("{steps: 4", "{steps: 3")]))
        #expect(Array(session.begun[count...]) == ["sequential, sums", "sequential, sums, evaluation", "sequential, terms", "sequential, terms, evaluation"])
        // A stage that was interrupted is begun again.
        let last = try #require(graph.chains[1].stages.last)
        try FileManager.default.removeItem(atPath: session.store.folder(last.key) + "/done")
        #expect(graph.chains[1].state(in: session.store) == .partial(done: 8, of: 9))
        try session.run(graph)
        #expect(session.begun.last == last.title && session.begun.count == count + 5)
        #expect(graph.chains[1].state(in: session.store) == .done)
    }

    /// A value more on an axis, an arm or a file with another name: what is new is run, and nothing else.
    @Test func onlyWhatIsNewIsRun() throws {
        let session = try TinySession()
        func begun(_ text: String, _ changes: [(String, String)] = [], words: [String] = []) throws -> [String] {
            let count = session.begun.count
            try session.run(TinyExperiment.graph(text, changes, words: words))
            return Array(session.begun[count...])
        }
        let arms = TinyExperiment.root + "sweep:\n  arms:\n    - {name: wide, strategy: {kind: lora, r: 4}}\n  grid: {seed: [0, 1]}\n"
        #expect(try begun(arms).count == 5 + 2 * 4)
        let added = ["arm=wide, seed=2, sums", "arm=wide, seed=2, sums, evaluation", "arm=wide, seed=2, terms", "arm=wide, seed=2, terms, evaluation"]
        #expect(try begun(arms, [("[0, 1]", "[0, 1, 2]")]) == added)
        #expect(try begun(arms, [("name: wide", "name: other"), ("name: tiny", "name: renamed")]).isEmpty)
        #expect(try begun(arms, [("{name: wide, strategy: {kind: lora, r: 4}}", "{strategy: {r: 4, kind: lora}, name: wide} # a comment")]).isEmpty)
        let text = (0..<40).map { "The document with the number \($0).\n<|endoftext|>\n" }.joined()
        func terms(_ file: String) -> [(String, String)] {
            [("{generated: clauses, documents: 20, questions: 4}", "{text: \"\(session.folder.file(file))\", held_out: 0.3}")]
        }
        try session.folder.write("a.txt", text)
        #expect(try begun(arms, terms("a.txt")).count == 2 + 2 * 3)
        try FileManager.default.moveItem(atPath: session.folder.file("a.txt"), toPath: session.folder.file("b.txt"))
        #expect(try begun(arms, terms("b.txt")).isEmpty)
        try session.folder.write("b.txt", text + "x\n")
        #expect(try begun(arms, terms("b.txt")).count == 2 + 2 * 3)
    }

    @Test func strategiesChangeWhatTheySay() throws {
        let session = try TinySession()
        let graph = try TinyExperiment.graph(TinyExperiment.allStrategies)
        try session.run(graph)
        func model(_ key: String) throws -> Safetensors { try Safetensors(path: session.store.model(key)) }
        let base = try model(graph.chains[0].pretraining)
        func chain(_ strategy: String) throws -> StageGraph.Chain { try #require(graph.chains.first { $0.run.strategyName == strategy }) }

        let lora = try model(chain("lora").phases[1].key)
        #expect(base.entries.keys.sorted() == lora.entries.keys.filter { !$0.contains("lora_") }.sorted())
        for name in base.entries.keys.sorted() { #expect(try lora.floats(name).map(\.bitPattern) == base.floats(name).map(\.bitPattern), "\(name)") }
        #expect(try lora.floats("model.layers.1.mlp.up_proj.lora_B.weight").contains { $0 != 0 })

        // Two blocks after two: old block i stands at 2 i, its copy behind it.
        let expanded = try model(chain("block-expansion").phases[1].key)
        #expect(expanded.entries.count == base.entries.count + 2 * 9)
        for name in base.entries.keys.sorted() {
            let moved = name.replacingOccurrences(of: "layers.1.", with: "layers.2.")
            #expect(try expanded.floats(moved).map(\.bitPattern) == base.floats(name).map(\.bitPattern), "\(name)")
        }
        for layer in [1, 3] { #expect(try expanded.floats("model.layers.\(layer).mlp.down_proj.weight").contains { $0 != 0 }) }

        let sequential = try model(chain("sequential").phases[0].key)
        for name in base.entries.keys.sorted() { #expect(try sequential.floats(name) != base.floats(name), "\(name)") }
    }

    /// Numbers that run away fail their stage and no other, and what was measured is kept.
    @Test func aStageThatFailsStopsOnlyWhatNeedsIt() throws {
        let session = try TinySession()
        let wild = "{learning_rate: 100, weight_decay: 10, max_grad_norm: 0, lr_scheduler_type: constant, warmup_ratio: 0, steps: 200}"
        let graph = try TinyExperiment.graph(
            TinyExperiment.root + "sweep:\n  arms:\n    - {name: wild, strategy: {kind: sequential}, train: \(wild)}\n    - {name: tame, strategy: {kind: sequential}}\n")
        let failures = try session.run(graph)
        #expect(failures.count == 1)
        let message = try #require(failures.first)
        #expect(message.hasPrefix("arm=wild, sums: the "))
        #expect(message.contains(" is not finite at learning rate 100.0; the last finite loss was "))
        #expect(!session.begun.contains("arm=wild, sums, evaluation") && !session.begun.contains("arm=wild, terms"))
        let (failed, tame) = (graph.chains[0], graph.chains[1])
        guard case .failed(let reason) = failed.state(in: session.store) else {
            Issue.record("found \(failed.state(in: session.store))")
            return
        }
        #expect(message == "arm=wild, sums: \(reason)")
        #expect(tame.state(in: session.store) == .done)

        let curve = try StageRecords(session.store, failed.phases[0].key).curve
        #expect(!curve.isEmpty && curve.map(\.step) == Array(1...curve.count) && curve.allSatisfy { $0.loss.isFinite })
        #expect(!FileManager.default.fileExists(atPath: session.store.model(failed.phases[0].key)))
        let file = try PublishedFile(published(graph, session))
        #expect(try file.curve(run: "run000").losses.suffix(curve.count) == curve.map(\.loss)[...])
        #expect(file.losses[run: 0, row: 0].allSatisfy { $0.isFinite } && file.losses[run: 0, row: 1].allSatisfy { $0.isNaN })
        #expect(file.losses[run: 1, row: 2].allSatisfy { $0.isFinite })
        #expect(file.column("BWT_loss")?.numbers[0].isNaN == true && file.column("BWT_loss")?.numbers[1].isFinite == true)

        let count = session.begun.count
        #expect(try session.run(graph) == failures)
        #expect(Array(session.begun[count...]) == ["arm=wild, sums"])
    }

    /// What is wrong with the data is found before anything is trained.
    @Test func badDataIsFoundFirst() throws {
        let session = try TinySession()
        let arithmetic = "{generated: arithmetic, documents: 20, questions: 4}"
        func message(_ changes: [(String, String)]) -> String {
            do { return "\(try session.run(TinyExperiment.graph(TinyExperiment.sequential, changes)))" } catch { return "\(error)" }
        }
        let few = try session.folder.write("few.txt", "a\n<|endoftext|>\nb\n<|endoftext|>\n" + String(repeating: "c\n<|endoftext|>\n", count: 3))
        let empty = try session.folder.write("empty.txt", "")
        let lines = try session.folder.write("lines.jsonl", "{\"text\": \"a\"}\n{\"txt\": \"b\"}\n")
        let cases: [([(String, String)], String)] = [
            ([("{kind: byte}", "{kind: bpe, vocab_size: 100000}")], "tokenizer: found vocab_size 100000, expected at most "),
            ([(arithmetic, "{text: \"\(empty)\"}")], "data.sums: found no text in \(empty), expected at least two documents"),
            ([(arithmetic, "{text: \"\(few)\", held_out: 0.5}")], "data.sums: found "),
            ([(arithmetic, "{jsonl: \"\(lines)\"}")], "\(lines):2: found "),
            ([(arithmetic, "{text: \"\(empty).none\"}")], "\(empty).none: found no such file, expected a readable file"),
            ([("train: {steps: 6, batch_size: 4", "train: {steps: 6, batch_size: 65536"), ("hidden_size: 16", "hidden_size: 4096")], "base: needs about "),
        ]
        for (changes, expected) in cases {
            let message = message(changes)
            #expect(message.hasPrefix(expected), "\(message)")
            #expect(!message.contains("\n"))
        }
        #expect(Set(session.begun) == ["tokenizer"])
        // A tokenizer that cannot be made has failed, whatever else of its runs could be done.
        let graph = try TinyExperiment.graph(TinyExperiment.sequential, cases[0].0)
        guard case .failed(let reason) = graph.chains[0].state(in: session.store) else {
            Issue.record("found \(graph.chains[0].state(in: session.store))")
            return
        }
        #expect(reason.hasPrefix(cases[0].1))
    }

    @Test func measuresOnTheWay() throws {
        let session = try TinySession()
        let graph = try TinyExperiment.graph(TinyExperiment.sequential, [("{steps: 6,", "{eval_steps: 2, steps: 6,"), ("{steps: 4,", "{eval_steps: 3, steps: 4,")])
        try session.run(graph)
        let record = try #require(RunRecord.records(of: graph, store: session.store).first)
        #expect(record.evaluations.steps == [2, 4, 3, 3] && record.evaluations.stages == ["base", "base", "sums", "terms"])
        #expect(record.evaluations.losses.allSatisfy { $0.count == 3 && $0.allSatisfy { $0.isFinite } })
        // The last step is measured by the row of the matrix; between them lie other numbers.
        #expect(!record.losses.contains(record.evaluations.losses[0]))
        // Measuring on the way changes nothing.
        let plain = try TinySession()
        let plainGraph = try TinyExperiment.graph()
        try plain.run(plainGraph)
        #expect(try RunRecord.records(of: plainGraph, store: plain.store)[0].losses == record.losses)
    }
}
