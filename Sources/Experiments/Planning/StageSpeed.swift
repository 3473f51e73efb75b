import Foundation
import Kernels

/// How fast stages were: floating-point operations a second and thread, by what is done, width and precision.
public struct StageSpeed: Sendable {
    /// Stages of one kind come to about the same speed.
    public struct Kind: Sendable, Hashable {
        public var trains: Bool
        public var hiddenSize: Int
        public var precision: Precision

        init(_ cost: StageCost) { (trains, hiddenSize, precision) = (cost.trainedTokens > 0, cost.hiddenSize, cost.precision) }
    }

    private struct Sum {
        var operations = 0.0
        var threadSeconds = 0.0

        var speed: Double { operations / threadSeconds }
    }

    private var sums: [Kind: Sum] = [:]
    /// Stages that were looked at.
    public private(set) var stageCount = 0

    public init() {}

    public mutating func add(_ cost: StageCost, seconds: Double, threads: Int) {
        guard cost.operations > 0, seconds > 0, threads > 0 else { return }
        stageCount += 1
        sums[Kind(cost), default: Sum()].operations += cost.operations
        sums[Kind(cost), default: Sum()].threadSeconds += seconds * Double(threads)
    }

    /// Whether stages of this kind itself have been seen.
    func knows(_ kind: Kind) -> Bool { sums[kind] != nil }

    /// Operations a second and thread of the kind that is nearest: that does the same, with the same precision, in the nearest width. Nil when
    /// nothing is known.
    public func speed(of kind: Kind) -> Double? {
        if let sum = sums[kind] { return sum.speed }
        func distance(_ other: Kind) -> (Int, Int, Double, Int) {
            let widths = log2(Double(max(other.hiddenSize, 1)) / Double(max(kind.hiddenSize, 1)))
            return (other.trains == kind.trains ? 0 : 1, other.precision == kind.precision ? 0 : 1, abs(widths), other.hiddenSize)
        }
        return sums.min { distance($0.key) < distance($1.key) }?.value.speed
    }

    /// Seconds that a stage will take on so many threads; nil when nothing is known. Work that is not counted in operations takes none.
    public func seconds(of cost: StageCost, threads: Int) -> Double? {
        guard cost.operations > 0 else { return 0 }
        return speed(of: Kind(cost)).map { cost.operations / ($0 * Double(threads)) }
    }
}

extension StageSpeed {
    /// Most stages of a kind whose times are read, and most stages of other experiments.
    static let readLimit = 64
    static let foreignLimit = 256

    /// From the times of the stages in a results folder: those of the graph, and of other experiments where those are not enough.
    public init(_ graph: StageGraph, _ costs: [StageCost], _ survey: StageSurvey, _ store: StageStore) {
        self.init()
        var done: [Kind: [Int]] = [:]
        var needed: Set<Kind> = []
        for (place, stage) in graph.stages.enumerated() where costs[place].operations > 0 {
            if survey[stage.key] == .done { done[Kind(costs[place]), default: []].append(place) } else { needed.insert(Kind(costs[place])) }
        }
        for (_, places) in done {
            // Some from all over the sweep.
            let step = max(1, places.count / Self.readLimit)
            for index in stride(from: 0, to: places.count, by: step) {
                guard let time = store.time(graph.stages[places[index]].key) else { continue }
                add(costs[places[index]], seconds: time.seconds, threads: time.threads)
            }
        }
        guard !needed.allSatisfy(knows) else { return }
        var recipes = RecipeCosts(store)
        let others = survey.others.sorted()
        for key in others.prefix(Self.foreignLimit) {
            guard let time = store.time(key), let cost = recipes.cost(of: key) else { continue }
            add(cost, seconds: time.seconds, threads: time.threads)
        }
    }
}
