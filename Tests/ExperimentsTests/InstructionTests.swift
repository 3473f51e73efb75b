import Corpus
import Foundation
import Kernels
import Settings
import Testing
import Training

@testable import Experiments
@testable import Llama
@testable import Results

/// The stage behind the stream: all weights on prompts with answers.
@Suite struct InstructionTests {
    private static let section = """
        instruction:
          data: [sum-pairs, term-pairs]
          train: {steps: 3, batch_size: 2, learning_rate: 1.0e-2, logging_steps: 1, warmup_ratio: 0.03}

        """
    private static let pairs = """
          sum-pairs: {generated: arithmetic, form: examples, documents: 20, questions: 4, max_new_tokens: 6}
          term-pairs: {generated: clauses, form: examples, documents: 20, questions: 4}

        """
    private static let changes = [
        ("max_position_embeddings: 32", "max_position_embeddings: 128"), ("{steps: 6,", "{sequence_length: 32, steps: 6,"),
        ("{steps: 4,", "{sequence_length: 32, steps: 2,"), ("stream: [sums, terms]", "\(pairs)stream: [sums]"),
    ]

    /// Arms of the tiny experiment with a stream of one task, and the stage behind it.
    private func graph(_ arms: [String], isInstructed: Bool = true, words: [String] = []) throws -> StageGraph {
        let text = TinyExperiment.root + (isInstructed ? Self.section : "") + "sweep:\n  arms:\n" + arms.map { "    - {strategy: {kind: \($0)}}\n" }.joined()
        return try TinyExperiment.graph(text, Self.changes, words: words)
    }

    private func stage(_ graph: StageGraph, _ chain: Int) throws -> Stage {
        let key = try #require(graph.chains[chain].instruction).training
        return try #require(graph.stages.first { $0.key == key })
    }

    private func model(_ key: String, _ session: TinySession) throws -> LlamaModel {
        try LlamaModel(Safetensors(data: #require(FileManager.default.contents(atPath: session.store.model(key))), path: "model"))
    }

    static let kinds = ["frozen", "sequential", "lora, r: 2", "block-expansion, blocks: 1", "moe-expansion", "control, blocks: 1"]

    // MARK: Stages

    /// Keys as they were before there was such a stage.
    @Test func withoutItNothingChanges() throws {
        let graph = try StageGraph(TinyExperiment.experiment(), family: "fused", version: 2)
        let expected = [
            "7e359e64", "d2d779cc", "7c4730d9", "02d874c7", "2edf9984", "3eb120bd", "a2ac098e", "d519b891", "7024ea75",
        ]
        #expect(graph.stages.map { String($0.key.prefix(8)) } == expected && graph.chains[0].instruction == nil)
    }

    @Test func aStageBehindTheStream() throws {
        let graph = try graph(Self.kinds, words: ["seed=0,1"])
        let plain = try self.graph(Self.kinds, isInstructed: false, words: ["seed=0,1"])
        for (chain, before) in zip(graph.chains, plain.chains) {
            let (training, evaluation) = try #require(chain.instruction)
            #expect(chain.stages.suffix(2).map(\.key) == [training, evaluation] && chain.stages.suffix(2).map(\.kind) == ["instruction", "evaluation"])
            #expect(chain.stages.suffix(2)[chain.stages.count - 2].parent == chain.phases.last?.key ?? chain.pretraining)
            // What is trained before it stays; what is measured has more domains.
            #expect(chain.phases.map(\.key) == before.phases.map(\.key) && chain.pretraining == before.pretraining && chain.rows[0] != before.rows[0])
            #expect(chain.run.domains == before.run.domains + ["sum-pairs", "term-pairs"])
        }
        // One recipe for all arms of a seed but for the model that it starts from.
        func recipe(_ chain: Int) throws -> Value {
            var recipe = try stage(graph, chain).recipe
            recipe["parent"] = nil
            return recipe
        }
        let recipes = try graph.chains.indices.map(recipe)
        #expect(Set(graph.chains.indices.map { "\(graph.chains[$0].run.seed) \(recipes[$0].canonicalJSON)" }).count == 2 && Set(recipes).count == 2)
        #expect(Set(try graph.chains.indices.map { try stage(graph, $0).key }).count == graph.chains.count)
        // Runs that train nothing share it, whatever else they say of the stream; domains that are measured anyhow change no evaluation.
        let twins = try self.graph(["frozen"], words: ["train.learning_rate=0.01,0.02"])
        #expect(try stage(twins, 0).key == stage(twins, 1).key)
        let known = try TinyExperiment.graph(TinyExperiment.root + "strategy: {kind: sequential}\n", [Self.changes[0], ("stream: [sums, terms]", "\(Self.pairs)stream: [sum-pairs, term-pairs]")])
        let same = try TinyExperiment.graph(TinyExperiment.root + Self.section + "strategy: {kind: sequential}\n", [Self.changes[0], ("stream: [sums, terms]", "\(Self.pairs)stream: [sum-pairs, term-pairs]")])
        #expect(same.stages.dropLast(2).map(\.key) == known.stages.map(\.key))
    }

    @Test func costsAndPlans() throws {
        let graph = try graph(Self.kinds)
        let session = try TinySession()
        for stage in graph.stages { try session.store.begin(stage) }
        var recipes = RecipeCosts(session.store)
        let costs = Dictionary(uniqueKeysWithValues: zip(graph.stages.map(\.key), try graph.costs()))
        for index in graph.chains.indices {
            let stage = try stage(graph, index)
            let cost = try #require(costs[stage.key])
            #expect(cost.trainedTokens == 3 * 2 * 128 && recipes.cost(of: stage.key)?.operations == cost.operations, "\(stage.title)")
            let evaluation = try #require(graph.chains[index].instruction).evaluation
            #expect(recipes.cost(of: evaluation)?.operations == costs[evaluation]?.operations)
        }
        func operations(_ chain: Int) throws -> Double { try #require(costs[stage(graph, chain).key]).operations }
        // Merged adapters cost nothing; blocks and experts do.
        #expect(try operations(0) == operations(1) && operations(0) == operations(2))
        #expect(try operations(3) > operations(0) && operations(4) > operations(0) && operations(5) > operations(0))
        let experiment = try TinyExperiment.experiment(TinyExperiment.root + Self.section + "strategy: {kind: sequential}\n", Self.changes)
        let plan = try SweepPlan(experiment, StageGraph(experiment, family: "f"), store: session.store, workers: WorkerPlan(threads: 1, limit: 1, memoryBytes: 1e12)) { _, _, _ in nil }
        #expect(plan.kinds.map(\.name) == ["tokenizer", "pretraining", "task", "instruction", "evaluation"] && plan.kinds.map(\.count) == [1, 2, 1, 1, 4])
        // A job of its own for Slurm, behind that of the last task; its order finds it again.
        let jobs = try StageJob.jobs(of: self.graph(["sequential"]))
        let job = try #require(jobs.last)
        #expect(job.stages.map(\.kind) == ["instruction", "evaluation"] && job.depth == 2 && job.stages[0].steps == 3)
        #expect(try SlurmOrder(job, family: TinyExperiment.family).resolved().map(\.key) == job.stages.map(\.key))
    }

    // MARK: Training

    @Test func interruptedAsUninterrupted() throws {
        let graph = try graph(Self.kinds)
        let (plain, session) = (try TinySession(), try TinySession())
        #expect(try plain.run(graph).isEmpty)
        let stops = try session.runInterrupted(graph)
        #expect(try session.difference(from: plain, graph) == nil && stops > 2 * Self.kinds.count)
        for index in graph.chains.indices {
            let stage = try stage(graph, index)
            let before = try model(#require(stage.parent), plain)
            before.mergeLoRA()
            let after = try model(stage.key, plain)
            #expect(before.parameters.map(\.name) == after.parameters.map(\.name) && !after.parameters.contains(where: \.isAdapter))
            // Everything is trained, what the strategy froze too.
            for (old, new) in zip(before.parameters, after.parameters) { #expect(old.values.values != new.values.values, "\(old.name) of \(stage.title)") }
            let parameters = try StageRecords(plain.store, stage.key).parameters
            #expect(parameters["trained"] == after.parameterCount && parameters["base"] == 12_912 && parameters["added"] == after.parameterCount - 12_912)
        }
        // A damaged model is made again, and what is watched ends with a row of its own.
        let last = try stage(graph, 1)
        let path = plain.store.model(last.key)
        var bytes = try #require(FileManager.default.contents(atPath: path))
        bytes[bytes.count - 3] ^= 1
        try bytes.write(to: URL(fileURLWithPath: path))
        try FileManager.default.removeItem(atPath: plain.store.folder(try #require(graph.chains[1].instruction).evaluation))
        #expect(try plain.run(graph).isEmpty && plain.notes.contains { $0.contains("instruction: model.safetensors does not have the hash") })
        #expect(try plain.difference(from: session, graph) == nil)
        var watch = try SweepWatch("tiny", graph, store: plain.store, workers: WorkerPlan(threads: 1, limit: 1, memoryBytes: 1e12), run: "run001")
        #expect(try watch.look().matrices.first?.rows.map(\.name) == ["base", "sums", "instruction"])
    }

    /// The first logged loss is the mean over the tokens of answers and their ends on the first batch, found here by reading the text.
    @Test func onlyAnswersCount() throws {
        let graph = try graph(["frozen"])
        let session = try TinySession()
        #expect(try session.run(graph).isEmpty)
        let stage = try stage(graph, 0)
        let lesson = try #require(stage.lesson), tokenizer = ByteTokenizer()
        let domains = try lesson.data.map { TokenizedDomain(try $0.source.load(name: $0.name), tokenizer).training }
        var batches = try Batches(domains: domains, weights: [1, 1], sequenceLength: 128, seed: 0, label: "batches")
        let batch = batches.next(batchSize: 2)
        var next = [Int32](repeating: -1, count: 256), isAnswer = [Bool](repeating: false, count: 256)
        for row in 0..<2 {
            let tokens = Array(batch.inputs[row * 128..<(row + 1) * 128])
            var reads = false, seen = ""
            for place in 0..<127 {
                seen = tokens[place] == 256 ? "" : seen + String(UnicodeScalar(UInt8(tokens[place])))
                if tokens[place] == 256 { reads = false }
                if seen.hasSuffix("Answer:") { reads = true }
                next[row * 128 + place] = tokens[place + 1]
                isAnswer[row * 128 + place] = reads
            }
        }
        let inner = next.indices.filter { $0 % 128 != 127 }
        #expect(inner.allSatisfy { (batch.targets[$0] >= 0) == isAnswer[$0] } && inner.contains { isAnswer[$0] } && inner.contains { !isAnswer[$0] })
        for place in [127, 255] where batch.targets[place] >= 0 { (next[place], isAnswer[place]) = (batch.targets[place], true) }
        let base = try model(#require(stage.parent), session)
        let losses = ModelPass(base, Compute(threads: 1), batch: 2, length: 128).evaluate(tokens: batch.inputs, targets: next).losses
        func mean(_ places: [Int]) -> Double { places.reduce(0) { $0 + losses[$1] } / Double(places.count) }
        let first = try StageRecords(session.store, stage.key).curve[0].loss
        #expect(abs(first - mean(next.indices.filter { isAnswer[$0] })) < 1e-5)
        #expect(abs(first - mean(next.indices.filter { next[$0] >= 0 })) > 1e-3)
    }

    // MARK: Results

    @Test func resultsStandApart() throws {
        let arms = ["frozen", "sequential", "lora, r: 2"]
        let (graph, plain) = (try graph(arms, words: ["seed=0,1"]), try self.graph(arms, isInstructed: false, words: ["seed=0,1"]))
        let session = try TinySession()
        #expect(try session.run(graph).isEmpty && session.run(plain).isEmpty)
        let runs = try RunRecord.records(of: graph, store: session.store), without = try RunRecord.records(of: plain, store: session.store)
        for (run, other) in zip(runs, without) {
            #expect(other.instructed == nil && run.metrics.map(\.name) == other.metrics.map(\.name) && run.metrics.contains { $0.name == "general_loss" && $0.value.isFinite })
            // Metrics of the stream stay as they are.
            #expect(zip(run.metrics, other.metrics).allSatisfy { $0.value == $1.value || ($0.value.isNaN && $1.value.isNaN) })
            #expect(run.losses.map { Array($0.prefix(2)) } == other.losses && run.costs.map(\.flops) == other.costs.map(\.flops))
            let instructed = try #require(run.instructed)
            #expect(instructed.losses.allSatisfy { $0.isFinite } && instructed.isOwn == [false, false, true, true] && instructed.cost.flops > 0)
            #expect(instructed.losses[2] < run.losses[1][2] && instructed.losses[3] < run.losses[1][3])
            #expect(run.curve.stages.suffix(3) == ["instruction", "instruction", "instruction"] && run.curve.steps.suffix(3) == [1, 2, 3])
        }
        #expect(graph.notes().contains { $0.hasPrefix("instructed: all weights tuned on sum-pairs, term-pairs behind the stream, 3 steps") })
        #expect(!plain.notes().contains { $0.hasPrefix("instructed") })

        let folder = try TemporaryFolder()
        func file(_ runs: [RunRecord], _ graph: StageGraph, _ name: String) throws -> PublishedFile {
            let experiment = ExperimentRecord(
                experiment: "", strataVersion: "", numericsVersion: "", host: "", instructionSet: "", created: "2030-01-02T03:04:05Z")
            try Publisher.publish(experiment: experiment, runs: runs, stages: StageRecord.records(of: graph, store: session.store), to: folder.file(name))
            return try PublishedFile(folder.file(name))
        }
        let (published, old) = (try file(runs, graph, "a.h5"), try file(without, plain, "b.h5"))
        let instructed = try #require(published.instructed)
        #expect(instructed.losses == runs.compactMap { $0.instructed?.losses } && instructed.bitsPerByte == runs.compactMap { $0.instructed?.bitsPerByte })
        #expect(instructed.stages == runs.compactMap { $0.instructed?.stage } && instructed.flops == runs.compactMap { $0.instructed?.cost.flops })
        #expect(instructed.isOwn[0] == [false, false, true, true] && instructed.scores[0][3] == runs[0].instructed?.scores[3])
        #expect(try published.verify().variables == old.verify().variables + 7 + 2 * 3 + 4 * 3 && old.instructed == nil)
        #expect(published.column("instructed.loss.term-pairs")?.numbers == runs.compactMap { $0.instructed?.losses[3] })
        #expect(published.column("instructed.accuracy.term-pairs")?.meaning == "share of questions answered rightly on term-pairs behind the instruction stage")
        #expect(!old.columns.contains { $0.name.hasPrefix("instructed") })

        // A frozen model is one observation before the stage and one a seed behind it.
        var definition = TableDefinition(name: "t")
        (definition.rows, definition.columns, definition.against) = (["arm"], ["loss.lives", "instructed.loss.*"], .label("frozen"))
        let table = DefinedTable(definition).table(of: published)
        #expect(table.columns.map(\.name).filter { $0.hasPrefix("instructed") && !$0.hasSuffix("difference") } == runs[0].domains.map { "instructed.loss.\($0)" })
        let (lives, pairs) = (try #require(table.columns.firstIndex { $0.name == "loss.lives" }), try #require(table.columns.firstIndex { $0.name == "instructed.loss.sum-pairs" }))
        func count(_ cell: Table.Cell) -> Int {
            switch cell {
            case .estimate(let estimate): estimate.count
            case .difference(let comparison): comparison.difference.count
            default: 0
            }
        }
        #expect(table.rows.map(\.count) == [1, 2, 2, 2])
        #expect(table.rows.map { count($0.cells[lives]) } == [1, 1, 2, 2] && table.rows.map { count($0.cells[pairs]) } == [0, 2, 2, 2])
        #expect(count(table.rows[2].cells[pairs + 1]) == 2)
        #expect(table.footer.contains { $0.hasPrefix("Runs that share all stages of the stream are one observation in its columns (frozen: 2 runs, n=1)") })
        #expect(TableColumns.isLowerBetter("instructed.loss.x") == true && TableColumns.isLowerBetter("instructed.accuracy.x") == false)

        let stream = StreamTable().table(of: published)
        let task = try #require(stream.columns.firstIndex { $0.name == "task" }), loss = try #require(stream.columns.firstIndex { $0.name == "loss.sum-pairs" })
        #expect(stream.rows.map { $0.cells[task] } == [.missing] + arms.flatMap { _ in [.text("sums"), .text("instruction")] })
        #expect(count(stream.rows[2].cells[loss]) == 2)
        let mean = (instructed.losses[0][2] + instructed.losses[1][2]) / 2
        #expect(abs((stream.rows[2].cells[loss].mean ?? 0) - mean) < 1e-12)

        // What it learns alone was not forgotten; its curve is drawn by itself.
        let rise = ForgettingPlot.rise(2, 1, in: published)
        #expect(abs(rise - (runs[2].losses[1][0] - runs[2].losses[0][0])) < 1e-12)
        let arm = Arms(published).arms[1]
        #expect(try ArmCurve(arm, in: published).stages.map(\.name) == ["sums"] && ArmCurve(arm, .instruction, in: published).stages.map(\.name) == ["instruction"])
        #expect(try ArmCurve(Arms(published).arms[0], .instruction, in: published).series.points.map { $0.estimate.count } == [2, 2, 2])
        #expect(try ArmCurve(Arms(published).arms[0], in: published).series.points.isEmpty)
    }

    /// What it learns alone is not known in the stream: neither the gap inside tasks nor drift sees it, and its row has no drift.
    @Test func besideDriftAndEvaluationsInsideTasks() throws {
        let words = ["evaluation.drift=64", "train.eval_steps=1"]
        let (graph, plain) = (try graph(["sequential"], words: words), try self.graph(["sequential"], isInstructed: false, words: words))
        let session = try TinySession()
        #expect(try session.run(graph).isEmpty && session.run(plain).isEmpty)
        let runs = try RunRecord.records(of: graph, store: session.store), without = try RunRecord.records(of: plain, store: session.store)
        func gap(_ runs: [RunRecord]) -> Double? { runs[0].metrics.first { $0.name == "stability_gap_loss" }?.value }
        #expect(try #require(gap(runs)).isFinite && gap(runs) == gap(without))
        #expect(runs[0].drift[1] == without[0].drift[1])
        let folder = try TemporaryFolder()
        let experiment = ExperimentRecord(experiment: "", strataVersion: "", numericsVersion: "", host: "", instructionSet: "", created: "2030-01-02T03:04:05Z")
        try Publisher.publish(experiment: experiment, runs: runs, stages: StageRecord.records(of: graph, store: session.store), to: folder.file("a.h5"))
        let table = StreamTable().table(of: try PublishedFile(folder.file("a.h5")))
        #expect(table.rows.count == 3 && table.rows.allSatisfy { $0.cells.count == table.columns.count })
        let divergence = try #require(table.columns.firstIndex { $0.name == "drift.divergence" }), flops = try #require(table.columns.firstIndex { $0.name == "cost.flops" })
        #expect(table.rows[2].cells[divergence] == .missing && table.rows[1].cells[divergence] != .missing)
        guard case .number(let stream) = table.rows[1].cells[flops], case .number(let all) = table.rows[2].cells[flops] else {
            Issue.record("found \(table.rows)")
            return
        }
        #expect(all > stream && stream > 0)
    }

    // MARK: Errors

    @Test(arguments: [
        ("data: [sum-pairs, term-pairs]", "data: sums", "e.yaml:17:9: instruction.data: found 'sums', which is running text, expected a domain of prompts with answers: sum-pairs, term-pairs; add one"),
        ("data: [sum-pairs, term-pairs]", "data: [sum-pairs, terms]", "e.yaml:17:21: instruction.data[1]: found 'terms', which is running text"),
        ("data: [sum-pairs, term-pairs]", "data: [sum-pair]", "e.yaml:17:10: instruction.data[0]: found \"sum-pair\", expected a domain of 'data': lives, sum-pairs"),
        ("form: examples, documents: 20, questions: 4}", "form: examples, loss: all}", "e.yaml:17:21: instruction.data[1]: found 'term-pairs', whose loss counts the prompts too, expected a domain of prompts with answers: sum-pairs; remove 'loss: all'"),
        ("data: [sum-pairs, term-pairs]\n", "", "e.yaml:17:5: instruction: found no key 'data', expected 'data'"),
        ("{steps: 3, batch_size: 2,", "{steps: 3, sequence_length: 129,", "e.yaml:18:38: instruction.train.sequence_length: found 129, expected at most 128"),
        ("{steps: 3, batch_size: 2,", "{step: 3,", "e.yaml:18:11: instruction.train.step: found an unknown key 'step'"),
        ("sum-pairs: {generated: arithmetic, form: examples", "sum-pairs: {generated: arithmetic, form: examples, metric: most-likely", "data.sum-pairs.metric: found \"most-likely\" of 'arithmetic', whose questions name no answers"),
    ])
    func errors(part: String, replacement: String, expected: String) throws {
        let text = TinyExperiment.root + Self.section + "strategy: {kind: sequential}\n"
        let error = #expect(throws: (any Error).self) { try TinyExperiment.experiment(text, Self.changes + [(part, replacement)]) }
        #expect(error.map { "\($0)" }?.contains(expected) == true, "\(error.map { "\($0)" } ?? "")")
    }

    @Test func namesOfColumnsAndTasks() throws {
        let text = TinyExperiment.root + Self.section + "strategy: {kind: sequential}\n"
        func message(_ text: String, _ changes: [(String, String)] = InstructionTests.changes) -> String {
            do {
                _ = try TinyExperiment.experiment(text, changes)
                return ""
            } catch { return "\(error)" }
        }
        let table = "tables: {t: {columns: [instructed.loss.sums]}}\n", plot = "plots: {p: {kind: curves, stage: instruction}}\n"
        #expect(message(text + table + plot) == "")
        let plain = TinyExperiment.sequential
        #expect(message(plain + table, []).contains("tables.t.columns[0]: found 'instructed.loss.sums', expected a column"))
        #expect(message(plain + plot, []).contains("plots.p.stage: found 'instruction', and no run has such a stage, expected 'stream'; the key 'instruction'"))
        let named = message(text, Self.changes + [("stream: [sums]", "stream: [instruction]"), ("  sums:", "  instruction:")])
        #expect(named.contains("stream[0]: found a task called 'instruction', expected another name"), "\(named)")
    }
}
