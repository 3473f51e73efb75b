import Continual
import Kernels
import Testing

@Suite struct MetricTests {
    static let nan = Double.nan

    private func isNear(_ metric: Metric, _ expected: Double, within tolerance: Double = 1e-12) -> Bool {
        metric.value.map { abs($0 - expected) <= tolerance } ?? false
    }

    @Test func nearIsNotTooWide() {
        let metric = Metric.op(ScoreMatrix(tasks: ["a"], rounds: [[0.5]]))
        #expect(isNear(metric, 0.5))
        #expect(!isNear(metric, 0.5001, within: 0.00005))
        #expect(!isNear(metric, 0))
        #expect(!isNear(.op(ScoreMatrix(tasks: ["a"], rounds: [])), 0))
    }

    /// The figures are printed with four decimals.
    @Test(arguments: GoldenMatrix.all) func goldenMatrices(golden: GoldenMatrix) {
        let (scores, printed) = (golden.scores, 0.5e-4 + 1e-9)
        #expect(isNear(.op(scores), golden.op, within: printed))
        #expect(isNear(.bwt(scores), golden.bwt, within: printed))
        #expect(isNear(.la(scores), golden.la, within: printed))
        #expect(isNear(.forgetting(scores), golden.forgetting, within: printed))
        #expect(isNear(.forgetting(scores, includingLast: true), golden.forgettingIncludingLast, within: printed))
        #expect(isNear(.aia(scores), golden.aia, within: printed))
    }

    static let rounds = [[0.6, 0.3, 0.2], [0.5, 0.7, 0.4], [0.55, 0.6, 0.8]]
    static let base = [0.1, 0.2, 0.3]
    static let random = [0.1, 0.1, 0.2]
    static let joint = [0.7, 0.75, 0.75]
    static let scores = ScoreMatrix(tasks: ["law", "code", "med"], base: base, rounds: rounds)

    @Test func workedByHand() {
        #expect(isNear(.op(Self.scores), 0.65))
        #expect(isNear(.bwt(Self.scores), -0.075))
        #expect(isNear(.fwt(Self.scores, random: Self.random), 0.2))
        #expect(isNear(.forgetting(Self.scores), 0.075))
        #expect(isNear(.forgetting(Self.scores, includingLast: true), 0.075))
        #expect(isNear(.intransigence(Self.scores, joint: Self.joint), 0.1 / 3))
        #expect(isNear(.la(Self.scores), 0.7))
        #expect(isNear(.aia(Self.scores), (0.6 + 0.6 + 0.65) / 3))
        #expect(isNear(.generalAbilityChange(tasks: ["mmlu", "arc"], before: [0.5, 0.4], after: [0.4, 0.45]), -0.025))
    }

    @Test func forgettingTakesTheBestEarlierRound() {
        let better = ScoreMatrix(tasks: ["a", "b", "c"], rounds: [[0.6, Self.nan, Self.nan], [0.5, 0.7, Self.nan], [0.9, 0.8, 0.1]])
        #expect(isNear(.forgetting(better), (-0.3 - 0.1) / 2))
        #expect(isNear(.forgetting(better, includingLast: true), 0))
        // The base does not count; a round before the task was trained does, where it was measured.
        let early = ScoreMatrix(tasks: ["a", "b", "c"], base: [1, 1, 1], rounds: [[0.6, 0.75, 0], [0.5, 0.7, 0], [0.5, 0.7, 0.1]])
        #expect(isNear(.forgetting(early), (0.1 + 0.05) / 2))
    }

    @Test func overallPerformanceIsLearningPlusBackwardTransfer() throws {
        var random = RandomStream(seed: 1, "metrics")
        for _ in 0..<100 {
            let count = 2 + random.below(9)
            let rounds = (0..<count).map { _ in (0..<count).map { _ in random.uniform() } }
            for measure in [ScoreMatrix.Measure.score, .loss] {
                let scores = ScoreMatrix(tasks: (0..<count).map(String.init), measure: measure, rounds: rounds)
                let op = try #require(Metric.op(scores).value)
                let la = try #require(Metric.la(scores).value)
                let bwt = try #require(Metric.bwt(scores).value)
                let share = Double(count - 1) / Double(count)
                #expect(abs(op - (la + (measure == .score ? bwt : -bwt) * share)) < 1e-12)
                let forgetting = try #require(Metric.forgetting(scores).value)
                let forgettingAll = try #require(Metric.forgetting(scores, includingLast: true).value)
                #expect(forgettingAll >= 0)
                #expect(forgettingAll >= forgetting)
                #expect(forgetting >= -bwt - 1e-12)
            }
        }
    }

    /// A loss is a score with the other sign; differences keep their meaning, averages are the losses themselves.
    @Test func lossesTurnTheSignOfDifferences() throws {
        func negated(_ row: [Double]) -> [Double] { row.map { -$0 } }
        let losses = ScoreMatrix(tasks: Self.scores.tasks, measure: .loss, base: negated(Self.base), rounds: Self.rounds.map(negated))
        #expect(Metric.bwt(losses).value == Metric.bwt(Self.scores).value)
        #expect(Metric.fwt(losses, random: negated(Self.random)).value == Metric.fwt(Self.scores, random: Self.random).value)
        #expect(Metric.forgetting(losses).value == Metric.forgetting(Self.scores).value)
        #expect(
            Metric.intransigence(losses, joint: negated(Self.joint)).value == Metric.intransigence(Self.scores, joint: Self.joint).value)
        #expect(isNear(.op(losses), -0.65))
        #expect(isNear(.la(losses), -0.7))
        #expect(Metric.bwt(losses).name == "BWT_loss")
        // By hand: the first task's loss rises from 2 to 2.5 nats a token.
        let forgotten = ScoreMatrix(tasks: ["a", "b"], measure: .loss, rounds: [[2, Self.nan], [2.5, 1]])
        #expect(isNear(.bwt(forgotten), -0.5))
        #expect(isNear(.forgetting(forgotten), 0.5))
        #expect(isNear(.intransigence(forgotten, joint: [1.9, 1.2]), -0.05))
        #expect(isNear(.generalAbilityChange(tasks: ["g"], measure: .loss, before: [3], after: [3.5]), -0.5))
    }

    @Test func oneTask() {
        let scores = ScoreMatrix(tasks: ["a"], rounds: [[0.5]])
        for metric in [Metric.op(scores), .la(scores), .aia(scores)] { #expect(metric.value == 0.5) }
        #expect(Metric.intransigence(scores, joint: [0.7]).value.map { abs($0 - 0.2) < 1e-12 } == true)
        for metric in [Metric.bwt(scores), .fwt(scores, random: [0]), .forgetting(scores), .forgetting(scores, includingLast: true)] {
            #expect(metric.value == nil)
            #expect(metric.reason == "needs at least 2 tasks")
        }
    }

    @Test func whatIsMissingIsNamed() {
        let scores = ScoreMatrix(tasks: ["law", "code", "med"], rounds: [[0.6, Self.nan, Self.nan], [Self.nan, 0.7, Self.nan]])
        #expect(Metric.op(scores).reason == "needs the score on 'law' after round 3 and 2 more")
        #expect(Metric.la(scores).reason == "needs the score on 'med' after round 3")
        #expect(Metric.aia(scores).reason == "needs the score on 'law' after round 2 and 3 more")
        #expect(Metric.forgetting(scores).reason == "needs the score on 'law' after round 2 and 2 more")
        #expect(Metric.fwt(scores, random: nil).reason == "needs the score on 'code' after round 1 and 2 more")
        #expect(Metric.fwt(Self.scores, random: nil).reason == "needs the scores of a randomly initialised model")
        #expect(
            Metric.fwt(Self.scores, random: [Self.nan, 0.1, Self.nan]).reason == "needs the score of a randomly initialised model on 'med'")
        #expect(Metric.fwt(Self.scores, random: [Self.nan, 0.1, 0.1]).value != nil)
        #expect(Metric.intransigence(Self.scores, joint: nil).reason == "needs the scores of a jointly trained model")
        let general = Metric.generalAbilityChange(tasks: ["mmlu"], measure: .loss, before: [Self.nan], after: [1])
        #expect(general.reason == "needs the loss on 'mmlu' of the base")
        for metric in [Metric.op(scores), .la(scores), general] { #expect(metric.value == nil) }
    }

    @Test func cellsThatNoFormulaNeedsMayBeMissing() {
        let scores = ScoreMatrix(tasks: ["a", "b"], rounds: [[0.6, Self.nan], [0.5, 0.7]])
        for metric in [Metric.op(scores), .la(scores), .aia(scores), .bwt(scores), .forgetting(scores)] { #expect(metric.reason == nil) }
    }

    @Test func resultsAreFinite() {
        let scores = ScoreMatrix(tasks: ["a", "b"], rounds: [[-1e308, 0], [1e308, 1e308]])
        #expect(Metric.op(scores).reason == "the cells are too large or not finite")
        #expect(Metric.bwt(scores).value == nil)
    }

    @Test func definitionsStateDivisorAndSign() {
        for measure in [ScoreMatrix.Measure.score, .loss] {
            let scores = ScoreMatrix(tasks: ["a", "b"], measure: measure, rounds: [])
            for metric in MetricReport(scores).metrics { #expect(metric.definition.contains("divisor")) }
            for metric in [Metric.bwt(scores), .forgetting(scores)] { #expect(metric.definition.contains("divisor T-1")) }
        }
    }
}
