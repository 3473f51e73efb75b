import Foundation

/// The states of many stages at one moment, asked for in few calls of the system: one listing of the folder of stages, then one call for each
/// stage that is there and done, two more for others.
public struct StageSurvey: Sendable {
    private let states: [String: StageStore.State]
    /// Keys in the folder that are not in the graph.
    let others: Set<String>

    /// - `done`: stages that were seen to be done; of these only the folders are looked for.
    public init(of graph: StageGraph, in store: StageStore, done known: Set<String> = []) {
        var others = StageSurvey.names(in: store.results + "/stages")
        var states: [String: StageStore.State] = [:]
        for stage in graph.stages where others.remove(stage.key) != nil {
            let isDone = known.contains(stage.key) || access(store.folder(stage.key) + "/done", F_OK) == 0
            states[stage.key] = isDone ? .done : store.state(stage.key)
        }
        self.states = states
        self.others = others
    }

    public subscript(key: String) -> StageStore.State { states[key] ?? .pending }

    /// The entries of a folder; none where there is no folder.
    static func names(in folder: String) -> Set<String> {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var names: Set<String> = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) } }
            if name != ".", name != ".." { names.insert(name) }
        }
        return names
    }
}
