/// What one job does: a training stage and the evaluations of its model that the same run needs.
struct StageJob: Sendable {
    /// Each behind what it needs.
    var stages: [Stage]
    /// A run that has all of them.
    var run: Run
    /// The job that makes the model that the first stage begins with, by its place in the list; nil when the stage needs a tokenizer only.
    var parent: Int?
    /// The job that makes the base which an evaluation of it reads too. (It comes before the parent, unless it was lost and is made again.)
    var base: Int?
    /// How many jobs come before it.
    var depth: Int
    /// How many jobs come directly behind it.
    var childCount = 0
    /// The most that one of its stages needs.
    var memoryBytes: Double
    /// The widest model.
    var hiddenSize: Int

    /// The job is known by its first stage.
    var key: String { stages[0].key }
    var title: String { stages[0].title }

    /// All work of a graph but its tokenizers, in the order of the graph: each job behind the one that it needs.
    static func jobs(of graph: StageGraph) throws -> [StageJob] {
        let costs = Dictionary(uniqueKeysWithValues: zip(graph.stages.map(\.key), try graph.costs()))
        var jobs: [StageJob] = []
        var jobOf: [String: Int] = [:]
        for chain in graph.chains {
            let first = jobs.count
            for stage in chain.stages where jobOf[stage.key] == nil {
                if case .tokenizer = stage.work { continue }
                let needed = stage.models.compactMap { jobOf[$0] }
                let parent = needed.first
                let cost = costs[stage.key] ?? StageCost()
                // An evaluation that another run has of its own is not known to the run that makes the model.
                if case .evaluation = stage.work, let parent, parent >= first {
                    jobs[parent].stages.append(stage)
                    jobs[parent].base = needed.dropFirst().first ?? jobs[parent].base
                    jobs[parent].memoryBytes = max(jobs[parent].memoryBytes, cost.memoryBytes)
                    jobOf[stage.key] = parent
                } else {
                    if let parent { jobs[parent].childCount += 1 }
                    jobOf[stage.key] = jobs.count
                    let depth = parent.map { jobs[$0].depth + 1 } ?? 0
                    jobs.append(StageJob(stages: [stage], run: chain.run, parent: parent, base: needed.dropFirst().first, depth: depth, memoryBytes: cost.memoryBytes, hiddenSize: cost.hiddenSize))
                }
            }
        }
        return jobs
    }

    /// Processors: threads of its own for what many wait for, and for models whose products are large enough to share.
    var cpus: Int { childCount > 1 || hiddenSize >= WorkerPlan.wideModel ? WorkerPlan.threadsOfWideModel : 1 }

    /// Megabytes, a power of two, so that jobs of about the same size can be one array: half as much again as the estimate, and the program itself.
    var memory: Int {
        let needed = (1.5 * memoryBytes / 1e6 + 256).rounded(.up)
        var memory = 512
        while Double(memory) < needed, memory < 1 << 40 { memory *= 2 }
        return memory
    }
}
