import Foundation
import Settings
import Testing

@testable import Experiments

/// From stages to jobs, arrays, orders and calls of sbatch.
@Suite struct SlurmJobTests {
    private func jobs(_ text: String = TinyExperiment.sequential, words: [String] = []) throws -> [StageJob] {
        try StageJob.jobs(of: TinyExperiment.graph(text, words: words, family: "f"))
    }

    private func arrays(_ jobs: [StageJob], depth: Int, placement: [Int: JobArray.Placement] = [:], limit: Int = 1001) -> [JobArray] {
        JobArray.arrays(of: jobs.indices.filter { jobs[$0].depth == depth }, in: jobs, placement: placement, limit: limit)
    }

    @Test func aJobIsATrainingStageAndItsEvaluations() throws {
        let graph = try TinyExperiment.graph(TinyExperiment.allStrategies, words: ["seed=0,1"])
        let jobs = try StageJob.jobs(of: graph)
        // Every stage but the tokenizer once.
        #expect(jobs.flatMap(\.stages).map(\.key).sorted() == graph.stages.dropFirst().map(\.key).sorted())
        #expect(jobs.allSatisfy { $0.stages.count == 2 && $0.stages[1].parent == $0.key })
        // Two seeds of: two tasks each of sequential, lora and block expansion, one stage of joint.
        #expect(jobs.map(\.depth).sorted() == [0, 0] + [Int](repeating: 1, count: 8) + [Int](repeating: 2, count: 6))
        for job in jobs {
            #expect(job.stages[0].parent == job.parent.map { jobs[$0].key } ?? graph.stages[0].key)
            // A model of 16 numbers needs next to nothing; eight runs wait for the base.
            #expect(job.memory == 512 && job.cpus == (job.title == "base" ? 4 : 1), "\(job.title)")
        }
        #expect(jobs.first { $0.title == "base" }?.childCount == 8)
    }

    /// An evaluation of a run that shares the training of another one is not in the other's settings.
    @Test func anEvaluationThatOnlyALaterRunHas() throws {
        let jobs = try jobs(words: ["evaluation.tokens=256,512"])
        #expect(jobs.count { $0.stages.count == 1 } == 4)
        for job in jobs where job.stages.count == 1 {
            #expect(job.run.id == "run001" && job.parent != nil)
            #expect(try SlurmOrder(job, family: "f").resolved().map(\.key) == [job.key])
        }
    }

    @Test func memoryIsAPowerOfTwo() throws {
        var job = try jobs()[0]
        for (bytes, megabytes) in [(0.0, 512), (170e6, 512), (171e6, 1024), (2e9, 4096), (1e12, 2_097_152)] {
            job.memoryBytes = bytes
            #expect(job.memory == megabytes)
        }
        (job.hiddenSize, job.childCount) = (1024, 0)
        #expect(job.cpus == 4)
    }

    @Test func arraysOfFewCalls() throws {
        let jobs = try jobs(TinyExperiment.allStrategies, words: ["seed=0,1"])
        let roots = arrays(jobs, depth: 0)
        // The base asks for more processors than the random one.
        #expect(roots.map(\.dependency) == [.none, .none] && roots.map(\.indices) == ["0", "0"])

        // Many children of one job: one array behind it.
        let base = try #require(jobs.firstIndex { $0.title == "base" })
        let tasks = arrays(jobs, depth: 1, placement: [base: .init(array: 7, index: 3)])
        #expect(tasks.count == 1 && tasks[0].dependency.text == "afterok:7_3" && tasks[0].indices == "0-7")

        // A child each, but for the joint ones: the same indices, some left out.
        var placement: [Int: JobArray.Placement] = [:]
        for member in tasks[0].members { placement[member.job] = .init(array: 8, index: member.index) }
        let second = arrays(jobs, depth: 2, placement: placement)
        #expect(second.count == 1 && second[0].dependency.text == "aftercorr:8")
        for member in second[0].members { #expect(placement[jobs[member.job].parent!]?.index == member.index) }
        let joint = tasks[0].members.filter { jobs[$0.job].childCount == 0 }.map(\.index)
        #expect(joint.count == 2 && second[0].members.map(\.index) == Array(Set(0..<8).subtracting(joint)).sorted())

        // Parents that are done leave no dependency, and Slurm's limit cuts.
        let free = arrays(jobs, depth: 2, limit: 4)
        #expect(free.map(\.indices) == ["0-3", "0-1"] && free.allSatisfy { $0.dependency == .none })
    }

    /// A base for each run: one array corresponds to the other.
    @Test func basesOfTheirOwn() throws {
        let jobs = try jobs(words: ["seed=range(0,3)", "base.seed=run"])
        let roots = arrays(jobs, depth: 0)
        #expect(roots.map(\.indices) == ["0-5"])
        var placement: [Int: JobArray.Placement] = [:]
        for member in roots[0].members { placement[member.job] = .init(array: 1, index: member.index) }
        let tasks = arrays(jobs, depth: 1, placement: placement)
        #expect(tasks.map(\.dependency) == [.correspondingTask(array: 1)])
        #expect(tasks[0].members.allSatisfy { placement[jobs[$0.job].parent!]?.index == $0.index })
    }

    @Test func indicesAsRanges() {
        func text(_ indices: [Int]) -> String { JobArray(dependency: .none, members: indices.map { .init(index: $0, job: 0) }, cpus: 1, memory: 1).indices }
        #expect(text([0]) == "0" && text([0, 1, 2]) == "0-2" && text([1, 3, 4, 9]) == "1,3-4,9")
    }

    /// What a job reads makes the stages of the whole sweep again, for every strategy and kind of data.
    @Test func ordersMakeTheSameStages() throws {
        let folder = try TemporaryFolder()
        try folder.write("a.txt", "One.\n<|endoftext|>\nTwo, with 'quotes' and ünïcode.\n<|endoftext|>\nThree.\n")
        let text = TinyExperiment.allStrategies.replacingOccurrences(of: "{generated: clauses, documents: 20, questions: 4}", with: "{text: \"${data}/*.txt\"}")
        let experiment = try TinyExperiment.experiment(text, words: ["data=\(folder.path)", "seed=0,1", "train.learning_rate=1e-3,0.1"])
        let jobs = try StageJob.jobs(of: StageGraph(experiment, family: "f"))
        let file = folder.file("orders")
        // With a hole.
        let chosen = jobs.indices.filter { $0 != 1 }
        try SlurmOrders.write(chosen.map { ($0, SlurmOrder(jobs[$0], family: "f")) }, to: file)
        for index in chosen {
            let order = try SlurmOrders.read(file, index: index)
            #expect(order == SlurmOrder(jobs[index], family: "f"))
            let stages = try order.resolved()
            #expect(stages.map(\.key) == jobs[index].stages.map(\.key) && stages.map(\.title) == jobs[index].stages.map(\.title))
        }
        #expect(SlurmOrders.keys(file) == Dictionary(uniqueKeysWithValues: chosen.map { ($0, jobs[$0].key) }))
        for index in [-1, 1, jobs.count, 1 << 40] { #expect(throws: SlurmError.self) { try SlurmOrders.read(file, index: index) } }
        #expect(throws: SlurmError.self) { try SlurmOrders.read(folder.file("none"), index: 0) }
        #expect(SlurmOrders.keys(folder.file("none")) == nil)

        // Data that has changed is noticed.
        try folder.write("a.txt", "Another.\n")
        let last = try SlurmOrders.read(file, index: jobs.count - 1)
        #expect(throws: WorkerError.changedData) { try last.resolved() }
    }

    @Test func ordersThatAreCutShort() throws {
        let folder = try TemporaryFolder()
        let file = folder.file("orders")
        let job = try jobs()[0]
        try SlurmOrders.write([(0, SlurmOrder(job, family: "f"))], to: file)
        let bytes = try Data(contentsOf: URL(fileURLWithPath: file))
        for count in [0, 40, 89, 200, bytes.count - 2] {
            try bytes.prefix(count).write(to: URL(fileURLWithPath: file))
            #expect(throws: SlurmError.self) { try SlurmOrders.read(file, index: 0) }
        }
    }

    @Test func whatSbatchIsCalledWith() throws {
        let folder = try TemporaryFolder()
        let settings = try SlurmSettings(["partition": "long", "time": 60, "array_limit": 5, "extra": ["--exclusive"]])
        let ledger = try SlurmLedger(results: folder.file("it's"), experiment: "tiny")
        let submitter = SlurmSubmitter(name: "tiny", family: "f", store: StageStore(results: folder.file("it's")), settings: settings, program: "/opt/strata")
        let array = JobArray(dependency: .task(array: 12, index: 3), members: [.init(index: 0, job: 0), .init(index: 1, job: 1)], cpus: 4, memory: 1024)
        let options = submitter.options(array, "tiny-1", ledger)
        #expect(
            options.filter { !$0.hasPrefix("--chdir") } == [
                "--parsable", "--job-name=tiny-1", "--array=0-1%5", "--dependency=afterok:12_3", "--kill-on-invalid-dep=yes",
                "--output=\(folder.file("it's"))/slurm/tiny/logs/%A_%a.out", "--open-mode=append", "--requeue", "--nodes=1", "--ntasks=1", "--cpus-per-task=4", "--mem=1024M",
                "--signal=B:TERM@120", "--time=60", "--partition=long", "--exclusive",
            ])
        // Quotes in names survive the shell.
        #expect(submitter.script("/a b").contains("--results '\(folder.path)/it'\\''s' --orders"))
    }

    @Test func theLedgerOutlivesItsWriter() throws {
        let folder = try TemporaryFolder()
        var ledger = try SlurmLedger(results: folder.path, experiment: "tiny")
        #expect(ledger.submissions.isEmpty)
        try ledger.makeFolders()
        try ledger.add(.init(name: "a", array: nil))
        try ledger.add(.init(name: "b", array: nil))
        try ledger.set(array: 12, of: "b")
        #expect(try SlurmLedger(results: folder.path, experiment: "tiny").submissions == [.init(name: "a", array: nil), .init(name: "b", array: 12)])
        #expect(try SlurmLedger(results: folder.path, experiment: "other").submissions.isEmpty)
        try folder.write("slurm/tiny/orders/b", "orders")
        try ledger.remove(["b"])
        #expect(try SlurmLedger(results: folder.path, experiment: "tiny").submissions == [.init(name: "a", array: nil)])
        #expect(try folder.names("slurm/tiny/orders") == [])
        try folder.write("slurm/tiny/jobs.json", "[{")
        let error = #expect(throws: SlurmError.self) { try SlurmLedger(results: folder.path, experiment: "tiny") }
        #expect(try #require(error).description.contains("jobs.json: is damaged"))
    }
}
