import Experiments
import HDF5

/// The group `/tuning` of a results file.
extension TuningRecord {
    func write(in group: Group) throws {
        try group.attributes.set("key", key)
        try group.attributes.set("seed", seed)
        try group.attributes.set("column", metric)
        if !untuned.isEmpty { try group.attributes.set("untuned", untuned) }
        try group.setCoordinates(["state", "stage"])
        let arm = try group.addDimension("arm", arms.map(\.title), meaning: "arm that is tuned")
        let value = try group.addDimension("value", values, meaning: "value of the setting")
        let trials = arms.flatMap(\.trials)
        try group.addVariable("metric", trials.map(\.metric), along: [arm, value], meaning: "what the run with the value measured at the end of the stream")
        try group.addVariable("state", trials.map(\.state.rawValue), along: [arm, value], meaning: "done, or diverged: given up because a number was not finite")
        try group.addVariable("stage", trials.map(\.stage), along: [arm, value], meaning: "stage that measured it")
        try group.addVariable("chosen", arms.map(\.chosen), along: [arm], meaning: "value of the setting that the runs of the arm have")
    }

    init?(_ group: Group) throws {
        let titles: [String] = try group.dataset("arm").read()
        let metrics: [Double] = try group.dataset("metric").read()
        let states: [String] = try group.dataset("state").read()
        let stages: [String] = try group.dataset("stage").read()
        let chosen: [Double] = try group.dataset("chosen").read()
        self.init(
            key: try group.attributes.value("key"), values: try group.dataset("value").read(), seed: try group.attributes.value("seed"),
            metric: try group.attributes.value("column"), arms: [])
        let count = titles.count * values.count
        guard !values.isEmpty, metrics.count == count, states.count == count, stages.count == count, chosen.count == titles.count else { return nil }
        if try group.attributes.contains("untuned") { untuned = try group.attributes.attribute("untuned").values() }
        for (place, title) in titles.enumerated() {
            let trials = values.indices.map { index in
                let cell = place * values.count + index
                return Trial(state: State(rawValue: states[cell]) ?? .pending, metric: metrics[cell], stage: stages[cell])
            }
            arms.append(Arm(title: title, trials: trials, chosen: chosen[place]))
        }
    }
}
