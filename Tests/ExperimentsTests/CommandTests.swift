import Foundation
import Settings
import Testing

/// The commands as they are called.
@Suite struct CommandTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try folder.write("e.yaml", TinyExperiment.sequential)
    }

    private func strata(_ arguments: String..., status: Int32 = 0, sourceLocation: SourceLocation = #_sourceLocation) throws -> BuiltProgram.Result {
        let result = try BuiltProgram.run(arguments, in: folder)
        #expect(result.status == status, "\(result.errors)", sourceLocation: sourceLocation)
        return result
    }

    private func json(_ text: String) throws -> Value { try Value(json: text) }

    @Test func fromThePlanToTheLastStage() throws {
        let plan = try strata("plan", "e.yaml", "seed=0,1", "--no-calibration").output
        #expect(plan.contains("2 runs: seed (2)") && plan.contains("18 stages that runs name are 13") && plan.contains("unknown: nothing is done yet"))
        #expect(try json(strata("plan", "e.yaml", "--json").output)["left"]?["seconds_from"] == "calibration")
        #expect(!FileManager.default.fileExists(atPath: folder.file("results")))

        for workers in ["1", "2"] {
            let run = try strata("run", "e.yaml", "seed=0,1", "--json", "--workers", workers, "--threads", "2", "--results", "results\(workers)")
            #expect(run.errors == "")
            let events = try run.output.split(separator: "\n").map { try json(String($0)) }
            #expect(events.allSatisfy { $0["version"] == 1 })
            #expect(events.first?["event"] == "sweep" && events.first?["stages"]?["done"] == 0 && events.last?["event"] == "results")
            #expect(events.last?["file"] == .string("results\(workers)/tiny.h5") && events.dropLast().last?["state"] == "done")
            func count(_ name: String) -> Int { events.count { $0["event"] == .string(name) } }
            #expect(count("began") == 13 && count("finished") == 13 && count("failed") == 0)
            // In this process the last step of each stage at least; workers tell less.
            #expect(count("progress") >= (workers == "1" ? 5 : 1))
            #expect(count("sweep") == 2 + 13 && events.dropLast().last?["runs"] == ["done": 2, "total": 2])
        }

        let status = try strata("status", "e.yaml", "seed=0,1,2", "--results", "results1").output
        #expect(status.contains("3 runs: 2 done, 1 pending; 13 of 17 stages done; about "))
        #expect(try json(strata("status", "e.yaml", "seed=0,1", "--results", "results1", "--json").output)["runs"]?["done"] == 2)
        let more = try json(strata("plan", "e.yaml", "seed=0,1,2", "--json", "--results", "results1").output)
        #expect(more["stages"]?["total"] == 17 && more["stages"]?["done"] == 13 && more["left"]?["seconds_from"] == "stages")

        // Without a terminal it wants to be told; what it needs stays.
        let unsure = try strata("clean", "e.yaml", "--results", "results1", status: 2)
        #expect(unsure.errors.contains("add --yes to remove") && unsure.output.contains("4 entries to remove"))
        #expect(try strata("clean", "e.yaml", "--results", "results1", "--dry-run").output.contains("4 entries to remove"))
        #expect(try strata("clean", "e.yaml", "seed=0,1", "--results", "results1").output.contains("nothing to remove"))
        #expect(try strata("clean", "e.yaml", "--results", "results1", "--yes").output.contains("removed 4 entries"))
        #expect(try json(strata("plan", "e.yaml", "seed=0,1", "--json", "--results", "results1").output)["stages"]?["done"] == 9)
        #expect(try strata("clean", "e.yaml", status: 2).errors.contains("there is no results folder 'results'"))
        #expect(try strata("clean", "seed=1", "--results", "results1", status: 2).errors.contains("no experiment file is given"))
    }

    /// Before the choice, in the middle and after.
    @Test func withTuning() throws {
        try folder.write("tune.yaml", TinyExperiment.sequential + "tune: {key: train.learning_rate, values: [1.0e-3, 1.0e-2], seed: 100}\n")
        let plan = try strata("plan", "tune.yaml", "seed=0,1", "--no-calibration").output
        #expect(plan.contains("tuning   train.learning_rate of 1 arm by OP_loss with the held-out seed 100: 0 of 2 runs done\n         2 runs, "))
        #expect(plan.contains("the runs of the sweep are counted as if it were 0.001") && plan.contains("\n2 runs: seed (2)\n"))
        let planned = try json(strata("plan", "tune.yaml", "seed=0,1", "--json", "--no-calibration").output)
        // Five before the stream, four a run.
        #expect(planned["stages"]?["total"] == 21 && planned["runs"]?["total"] == 2)
        #expect(planned["tuning"]?["runs"] == ["total": 2, "done": 0])
        #expect(try strata("collect", "tune.yaml", status: 2).errors.contains("the tuning is not done (train.learning_rate of 1 arm"))
        #expect(try strata("tune", "e.yaml", status: 2).errors.contains("e.yaml: found no 'tune'"))

        let table = try strata("tune", "tune.yaml", "--workers", "1")
        #expect(table.output.contains("OP_loss (lower is better) by train.learning_rate") && table.errors.contains("tuned: train.learning_rate of 1 arm"))
        let status = try strata("status", "tune.yaml").output
        #expect(status.hasPrefix("tuned: train.learning_rate of 1 arm by OP_loss with the held-out seed 100: sequential 0.01\n") && status.contains("1 run: 1 pending"))
        // A new set of values is tuned anew, with what is there.
        #expect(try strata("status", "tune.yaml", "tune.values=[0.001, 0.01, 0.02]").output.contains("2 of 3 runs done"))
        #expect(try json(strata("status", "tune.yaml", "--json", "tune.values=[0.001, 0.01, 0.02]").output)["tuning"]?["state"] == "running")
        #expect(try strata("watch", "tune.yaml", "tune.values=[0.001, 0.01, 0.02]").output.hasPrefix("tiny, tuning: 3 runs: 2 done, 1 pending"))

        let events = try strata("run", "tune.yaml", "--json", "--workers", "1", "tune.values=[0.001, 0.01, 1.0e-7]").output.split(separator: "\n").map { try json(String($0)) }
        let tuned = try #require(events.first { $0["event"] == "tuned" })
        #expect(tuned["arms"] != nil && tuned["state"] == "chosen" && events.first?["part"] == "tuning" && events.last?["event"] == "results")
        #expect(events.last { $0["event"] == "sweep" }?["part"] == nil && events.count { $0["event"] == "finished" } == 4 + 4)
        #expect(try strata("watch", "tune.yaml").output.hasPrefix("tiny: 1 run: 1 done"))
        #expect(try strata("plan", "tune.yaml").output.contains("left     nothing: all stages are done"))
        #expect(try strata("collect", "tune.yaml").output.contains("results/tiny.h5"))
        #expect(try strata("verify", "results").output.contains("all sound"))
        #expect(try strata("table", "results/tiny.h5", "--name", "tuning").output.contains("| sequential |"))

        // What chooses stays; while nothing is chosen, runs with any value.
        #expect(try strata("clean", "tune.yaml", "--dry-run").output.contains("4 entries to remove"))
        #expect(try strata("clean", "tune.yaml", "tune.values=[0.001, 0.01, 1.0e-7]", "--dry-run").output.contains("nothing to remove"))
        #expect(try strata("clean", "tune.yaml", "tune.values=[0.001, 0.01, 1.0e-7, 0.5]", "--dry-run").output.contains("nothing to remove"))
    }

    @Test func aFailureIsAnEvent() throws {
        let wild = "{learning_rate: 100, weight_decay: 10, max_grad_norm: 0, lr_scheduler_type: constant, warmup_ratio: 0, steps: 200}"
        try folder.write("wild.yaml", TinyExperiment.root + "strategy: {kind: sequential}\nsweep: {arms: [{name: wild, train: \(wild)}]}\n")
        let run = try strata("run", "wild.yaml", "--json", "--workers", "1", status: 1)
        let events = try run.output.split(separator: "\n").map { try json(String($0)) }
        let failed = try #require(events.first { $0["event"] == "failed" })
        #expect(failed["message"]?.asString?.contains("is not finite") == true && failed["run"] == "run000")
        #expect(events.last { $0["event"] == "sweep" }?["state"] == "failed")
        let status = try strata("status", "wild.yaml").output
        #expect(status.contains("failed") && status.contains("is not finite") && status.contains("1 run: 1 failed"))
        #expect(status.contains("strata run tries again what failed"))
    }
}
