import Corpus
import Foundation
import Kernels
import Llama
import Settings
import Training

/// What is going on in a stage.
public enum StageEvent: Sendable {
    case began(Stage)
    case trained(Stage, CurvePoint, steps: Int)
    case finished(Stage, seconds: Double)
    case failed(Stage, String)
}

/// Does the work of one stage after another.
public final class StageWorker {
    private let store: StageStore
    /// May be exchanged between two stages.
    var compute: Compute
    private let library: DataLibrary
    private let report: (StageEvent) -> Void

    public init(store: StageStore, compute: Compute, report: @escaping (StageEvent) -> Void) {
        self.store = store
        self.compute = compute
        self.report = report
        library = DataLibrary(store: store)
    }

    /// Finds what is wrong with the data before anything is trained: makes the tokenizers, and holds every text against the
    /// sequences to be cut from it. Throws the first error as it is.
    public func prepare(_ graph: StageGraph) throws {
        for stage in graph.stages {
            switch stage.work {
            case .tokenizer:
                guard store.state(stage.key) != .done else { continue }
                do { try complete(stage) } catch {
                    // The first error is the one to be heard of, also when this cannot be written either.
                    try? store.fail(stage, "\(error)")
                    throw error
                }
            case .pretraining(_, let lesson), .task(_, _, let lesson):
                if store.state(stage.key) != .done { _ = try batches(lesson) }
            case .evaluation(let measurement):
                if store.state(stage.key) != .done { _ = try evaluation(measurement) }
            }
        }
    }

    /// Works on a stage whose parent is done. An error marks the stage as failed, with what was measured kept in its journal.
    public func run(_ stage: Stage) throws {
        do { try complete(stage) } catch {
            report(.failed(stage, "\(error)"))
            try? store.fail(stage, "\(error)")
            throw error
        }
    }

    private func complete(_ stage: Stage) throws {
        let clock = ContinuousClock()
        let start = clock.now
        report(.began(stage))
        try store.begin(stage)
        let journal = try JournalWriter(path: store.journal(stage.key))
        switch stage.work {
        case .tokenizer(let settings, let data):
            let documents = try data.flatMap { try library.text($0).training }
            try settings.tokenizer(on: documents).write(to: store.tokenizer(stage.key))
        case .pretraining(let configuration, let lesson):
            let model = LlamaModel(configuration, seed: lesson.seed)
            model.setTrainable { _ in true }
            try train(model, lesson, stage, journal, baseCount: model.parameterCount)
        case .task(let strategy, let phase, let lesson):
            let model = try parentModel(of: stage)
            // The first phase adds to the base; later ones find it added.
            let baseCount = phase == 0 ? model.parameterCount : try count(of: stage.parent, "base")
            try strategy.prepare(model, phase: phase, seed: lesson.seed)
            try train(model, lesson, stage, journal, baseCount: baseCount)
        case .evaluation(let measurement):
            let results = try evaluation(measurement).measure(parentModel(of: stage), compute)
            try journal.append(StageRecords.evaluation(step: 0, results))
        }
        try journal.flush()
        let seconds = start.duration(to: clock.now) / .seconds(1)
        try store.finish(stage, seconds: seconds, threads: compute.threadCount)
        report(.finished(stage, seconds: seconds))
    }

    private func train(_ model: LlamaModel, _ lesson: Stage.Lesson, _ stage: Stage, _ journal: JournalWriter, baseCount: Int) throws {
        try journal.append(
            StageRecords.parameters(base: baseCount, added: model.parameterCount - baseCount, trained: model.trainedParameterCount))
        if lesson.train.steps > 0 {
            let trainer = Trainer(model, lesson.train, batches: try batches(lesson), compute)
            let midway = try lesson.midway.map { try evaluation($0) }
            try trainer.train(
                record: { point in
                    try journal.append(StageRecords.curve(point))
                    report(.trained(stage, point, steps: lesson.train.steps))
                },
                evaluate: { step in
                    if let midway { try journal.append(StageRecords.evaluation(step: step, midway.measure(model, compute))) }
                })
        }
        try DurableFile.write(model.encoded(), to: store.model(stage.key))
    }

    private func parentModel(of stage: Stage) throws -> LlamaModel {
        guard let parent = stage.parent else { preconditionFailure("a stage without a parent has no model") }
        return try LlamaModel(checkpoint: store.model(parent))
    }

    private func count(of stage: String?, _ name: String) throws -> Int {
        guard let stage else { preconditionFailure("a later phase has a parent") }
        return try StageRecords(store, stage).parameters[name] ?? 0
    }

    private func batches(_ lesson: Stage.Lesson) throws -> Batches {
        var texts: [[Int32]] = []
        for reference in lesson.data {
            let tokens = try library.tokens(reference, tokenizer: lesson.tokenizer).training
            guard tokens.count > lesson.sequenceLength else {
                throw CorpusError(
                    place: "data.\(reference.name)", found: "\(tokens.count) tokens to train on",
                    expected: "at least \(lesson.sequenceLength + 1): one sequence of \(lesson.sequenceLength) and the token after it",
                    advice: "add text or shorten the sequences")
            }
            texts.append(tokens)
        }
        // No name of a domain in the label: renaming one changes nothing.
        return try Batches(domains: texts, weights: texts.map { _ in 1 }, sequenceLength: lesson.sequenceLength, seed: lesson.seed, label: "batches")
    }

    private func evaluation(_ measurement: Stage.Measurement) throws -> Evaluation {
        try Evaluation(
            measurement.settings, measurement.data.map { try library.tokens($0, tokenizer: measurement.tokenizer) },
            library.tokenizer(measurement.tokenizer), sequenceLength: measurement.sequenceLength)
    }
}
