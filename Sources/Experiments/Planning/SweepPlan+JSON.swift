import Settings

extension SweepPlan {
    /// Everything, for programs: `strata plan --json`. `version` rises when a key changes its meaning or goes away.
    public var json: Value {
        [
            "version": 1, "experiment": .string(name),
            "runs": [
                "points": .integer(gridCount), "total": .integer(runCount),
                "sample": sample.map { ["count": .integer($0.count), "seed": .integer($0.seed)] } ?? .null,
                "axes": .list(axes.map { ["name": .string($0.name), "values": .integer($0.valueCount)] }),
            ],
            "stages": [
                "named": .integer(namedCount), "total": .integer(stages.count), "done": .integer(doneCount),
                "kinds": .list(
                    kinds.map {
                        ["kind": .string($0.name), "total": .integer($0.count), "done": .integer($0.doneCount), "operations_left": .number($0.operations)]
                    }),
            ],
            "operations": ["named": .number(namedOperations), "total": .number(operations), "left": .number(leftOperations)],
            "left": [
                "tokens": .number(leftTokens), "seconds": seconds.map { .number($0) } ?? .null, "seconds_from": .string(sourceName),
                "memory_bytes": .number(forecast.memoryBytes), "disk_bytes": .number(leftDiskBytes), "workers": .integer(forecast.workers),
            ],
            "threads": .integer(workers.threads),
            "run_list": .list(
                zip(runs, progress).map { run, progress in
                    [
                        "id": .string(run.id), "label": .string(run.label), "stages": .integer(progress.total), "done": .integer(progress.done),
                        "axes": .object(Dictionary(run.axes.map { ($0.name, $0.value) }) { $1 }), "matched": run.matched?.json ?? .null,
                    ]
                }),
            "stage_list": .list(
                zip(stages, costs).map { stage, cost in
                    [
                        "key": .string(stage.key), "kind": .string(stage.kind), "title": .string(stage.title),
                        "parent": stage.parent.map { .string($0) } ?? .null, "state": .string(survey[stage.key].name),
                        "operations": .number(cost.operations), "tokens": .number(cost.trainedTokens), "memory_bytes": .number(cost.memoryBytes),
                        "disk_bytes": .number(cost.diskBytes),
                    ]
                }),
        ]
    }

    private var sourceName: String {
        switch source {
        case .stages: "stages"
        case .calibration: "calibration"
        case .none: "nothing"
        }
    }
}

extension StageStore.State {
    /// `pending`, `begun`, `failed` or `done`.
    public var name: String {
        switch self {
        case .pending: "pending"
        case .begun: "begun"
        case .failed: "failed"
        case .done: "done"
        }
    }
}
