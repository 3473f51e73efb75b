import Settings

/// The stages of a graph that are not done: those that wait, in the order of the graph, and those that are going on. One that
/// fails leaves what needs it waiting.
public struct StageQueue: Sendable {
    private let stages: [Stage]
    private let costs: [StageCost]
    private let places: [String: Int]
    /// Places in the graph of the stages that need a stage.
    private let children: [[Int]]
    /// How many stages that are not done each stage waits for.
    private var missing: [Int]
    /// Places of the stages that can begin, rising.
    private var ready: [Int] = []
    /// By place.
    private var running: [Int: WorkerPlan.Share] = [:]
    /// Places of those that other runs work on.
    private var elsewhere: [Int] = []

    public init(_ graph: StageGraph, store: StageStore) throws(SettingsError) {
        let survey = StageSurvey(of: graph, in: store)
        try self.init(graph) { survey[$0] == .done }
    }

    /// - `isDone`: of the key of a stage.
    public init(_ graph: StageGraph, isDone: (String) -> Bool) throws(SettingsError) {
        stages = graph.stages
        costs = try graph.costs()
        let places = Dictionary(uniqueKeysWithValues: graph.stages.enumerated().map { ($1.key, $0) })
        self.places = places
        var children = [[Int]](repeating: [], count: graph.stages.count)
        var missing = [Int](repeating: 0, count: graph.stages.count)
        let done = graph.stages.map { isDone($0.key) }
        for (place, stage) in graph.stages.enumerated() where !done[place] {
            for needed in stage.models.compactMap({ places[$0] }) where !done[needed] {
                children[needed].append(place)
                missing[place] += 1
            }
            if missing[place] == 0 { ready.append(place) }
        }
        (self.children, self.missing) = (children, missing)
    }

    /// Takes out the stages that begin now, with the threads that the plan gives them.
    public mutating func begin(_ plan: WorkerPlan) -> [(stage: Stage, threads: Int)] {
        takeNext(plan).map { (stages[$0.place], $0.threads) }
    }

    /// Ends a stage that is going on.
    public mutating func end(_ stage: Stage, isDone: Bool) {
        guard let place = places[stage.key], running[place] != nil else { preconditionFailure("\(stage.title) is not going on") }
        end(place, isDone: isDone)
    }

    /// Sets a stage aside that turned out to be another run's.
    public mutating func setAside(_ stage: Stage) {
        guard let place = places[stage.key], running.removeValue(forKey: place) != nil else { preconditionFailure("\(stage.title) is not going on") }
        elsewhere.append(place)
    }

    /// Stages that were set aside.
    public var setAside: [Stage] { elsewhere.map { stages[$0] } }

    /// Takes back a stage that was set aside: the other run has done it, or does not work on it any more.
    public mutating func takeBack(_ stage: Stage, isDone: Bool) {
        guard let index = elsewhere.firstIndex(where: { stages[$0].key == stage.key }) else { preconditionFailure("\(stage.title) was not set aside") }
        let place = elsewhere.remove(at: index)
        if isDone { end(place, isDone: true) } else { makeReady(place) }
    }

    private mutating func takeNext(_ plan: WorkerPlan) -> [(place: Int, threads: Int)] {
        let begun = plan.begun(of: ready.lazy.map { [costs] in costs[$0] }, beside: running.values)
        let result = begun.map { (place: ready[$0.place], threads: $0.threads) }
        for (place, _) in begun.reversed() { ready.remove(at: place) }
        for (place, threads) in result { running[place] = WorkerPlan.Share(cost: costs[place], threads: threads) }
        return result
    }

    private mutating func end(_ place: Int, isDone: Bool) {
        running[place] = nil
        guard isDone else { return }
        for child in children[place] {
            missing[child] -= 1
            if missing[child] == 0 { makeReady(child) }
        }
    }

    /// Behind what is smaller, so that the order of the graph is kept.
    private mutating func makeReady(_ place: Int) {
        var (low, high) = (0, ready.count)
        while low < high {
            let middle = (low + high) / 2
            if ready[middle] < place { low = middle + 1 } else { high = middle }
        }
        ready.insert(place, at: low)
    }

    /// What is to come when every stage takes its estimated time.
    ///
    /// - `seconds`: of a stage by its place in the graph, on so many threads.
    public func forecast(_ plan: WorkerPlan, seconds: (_ place: Int, _ threads: Int) -> Double) -> Forecast {
        var queue = self
        var forecast = Forecast()
        /// When each of the running stages ends; as few as there are workers.
        var ends: [(time: Double, place: Int)] = []
        while true {
            for (place, threads) in queue.takeNext(plan) { ends.append((forecast.seconds + seconds(place, threads), place)) }
            forecast.note(queue.running.values)
            guard let next = ends.indices.min(by: { (ends[$0].time, ends[$0].place) < (ends[$1].time, ends[$1].place) }) else { return forecast }
            let (time, place) = ends.remove(at: next)
            forecast.seconds = time
            forecast.ends[place] = time
            queue.end(place, isDone: true)
        }
    }
}

/// What a plan makes of the stages that are left, if they take the time that is expected of them.
public struct Forecast: Sendable, Hashable {
    /// Until all is done.
    public var seconds = 0.0
    /// Until each stage is done, by its place in the graph; without those that are done already.
    public var ends: [Int: Double] = [:]
    /// Of the stages that go on at once, at most.
    public var memoryBytes = 0.0
    public var workers = 0
    /// Threads of each of them when the most go on at once, in falling order.
    public var threads: [Int] = []

    mutating func note(_ running: some Collection<WorkerPlan.Share>) {
        memoryBytes = max(memoryBytes, running.reduce(0) { $0 + $1.cost.memoryBytes })
        if running.count > workers { (workers, threads) = (running.count, running.map(\.threads).sorted(by: >)) }
    }
}
