import Continual
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
    /// Something that whoever watches should know: that it goes on where it stopped, or that another run has it.
    case note(Stage, String)
    /// It was done and is to be made again.
    case damaged(Stage, DamagedStage)
}

/// Does the work of one stage after another.
public final class StageWorker {
    /// How an attempt ended that did not fail.
    public enum Outcome: Sendable {
        /// By this worker now, or by another before.
        case done
        /// Another process has it.
        case held(StageLock.Holder)
    }

    private let store: StageStore
    /// May be exchanged between two stages.
    var compute: Compute
    let watch: LockWatch
    let interruption: Interruption
    private let saveSeconds: Double
    private let library: DataLibrary
    private let report: (StageEvent) -> Void

    /// - `interruption`: stops a stage after the step that is going on, with its state saved.
    /// - `saveSeconds`: least seconds between two saved states.
    public init(
        store: StageStore, compute: Compute, watch: LockWatch = LockWatch(), interruption: Interruption = Interruption(), saveSeconds: Double = 5,
        report: @escaping (StageEvent) -> Void
    ) {
        self.store = store
        self.compute = compute
        self.watch = watch
        self.interruption = interruption
        self.saveSeconds = saveSeconds
        self.report = report
        library = DataLibrary(store: store)
    }

    /// Finds what is wrong with the data before anything is trained: makes the tokenizers, and holds every text against the
    /// sequences to be cut from it. Throws the first error as it is.
    public func prepare(_ graph: StageGraph) throws {
        for stage in graph.stages {
            try interruption.check()
            switch stage.work {
            case .tokenizer: try makeTokenizer(stage)
            case .pretraining(_, _, let lesson), .task(_, _, let lesson), .instruction(let lesson):
                if store.state(stage.key) != .done, !lesson.data.isEmpty { _ = (try batches(lesson), try texts(lesson.earlier, lesson)) }
            case .evaluation(let measurement):
                if store.state(stage.key) != .done { _ = (try evaluation(measurement), try driftMeasurement(measurement)) }
            }
        }
    }

    /// Or waits until another run has made it.
    private func makeTokenizer(_ stage: Stage) throws {
        var isTold = false
        while store.state(stage.key) != .done, case .held(let holder) = try attempt(stage) {
            if !isTold { report(.note(stage, "waits for \(holder)")) }
            isTold = true
            try interruption.check()
            usleep(100_000)
        }
    }

    /// Works on a stage whose parent is done, unless another process has it. An error marks the stage as failed, with what was measured
    /// kept in its journal; a results folder that cannot be written (`StoreError`) and a stop that is wanted (`Interrupted`) do not.
    public func run(_ stage: Stage) throws -> Outcome {
        do { return try attempt(stage) } catch {
            if !(error is StoreError), !(error is Interrupted) { report(.failed(stage, "\(error)")) }
            throw error
        }
    }

    private func attempt(_ stage: Stage) throws -> Outcome {
        while true {
            guard case .taken(let lock) = try store.lock(stage.key, watch) else {
                if let holder = StageLock.holder(store.lockFile(stage.key)) { return .held(holder) }
                continue
            }
            defer { lock.release() }
            do {
                // Another run may have made it before the lock was there.
                let isDone = store.state(stage.key) == .done
                let seconds = isDone ? store.time(stage.key)?.seconds ?? 0 : try complete(Turn(stage: stage, lock: lock))
                // Before it is told: whoever hears it may end this process.
                lock.release()
                report(.finished(stage, seconds: seconds))
                return .done
            } catch is LostLock {
                // Whoever has it now goes on with it.
                report(.note(stage, "\(LostLock())"))
                continue
            } catch let error as StoreError { throw error } catch let error as Interrupted { throw error } catch {
                // The first error is the one to be heard of, also when this cannot be written either.
                if lock.isHeld { try? store.fail(stage, "\(error)") }
                throw error
            }
        }
    }

    /// A stage that this process has.
    private struct Turn {
        var stage: Stage
        var lock: StageLock
        let start = ContinuousClock.now
    }

    /// What has been begun of a stage: its journal, and the seconds that earlier attempts took.
    private struct Attempt {
        var turn: Turn
        var journal: JournalWriter
        var earlier = 0.0

        /// Of the stage, with those of earlier attempts.
        var seconds: Double { earlier + (ContinuousClock.now - turn.start) / .seconds(1) }

        func checkLock() throws(LostLock) { guard turn.lock.isHeld else { throw LostLock() } }
    }

    /// Returns the seconds that the stage took.
    private func complete(_ turn: Turn) throws -> Double {
        try interruption.check()
        let stage = turn.stage
        report(.began(stage))
        let attempt: Attempt
        switch stage.work {
        case .tokenizer(let settings, let data):
            attempt = try begin(turn)
            let documents = try data.flatMap { try library.text($0).training }
            for file in try settings.tokenizer(on: documents).files() {
                try DurableFile.write(Data(file.text.utf8), to: store.folder(stage.key) + "/" + file.name)
            }
        case .pretraining(let configuration, let checkpoint, let lesson):
            let model = try checkpoint.map { try $0.model() } ?? LlamaModel(configuration, seed: lesson.seed)
            model.setTrainable { _ in checkpoint == nil || lesson.train.steps > 0 }
            attempt = try train(model, lesson, turn, baseCount: model.parameterCount) { nil }
        case .task(let strategy, let phase, let lesson):
            let model = try parentModel(of: stage)
            // The first phase adds to the base; later ones find it added.
            let baseCount = phase == 0 ? model.parameterCount : try count(of: stage.parent, "base")
            let strategy = try earlierBatches(lesson, "survey").map { strategy.surveyed(model, $0, compute) } ?? strategy
            try strategy.prepare(model, phase: phase, seed: lesson.seed)
            // Counted as it is trained, saved as the strategy leaves it.
            attempt = try train(model, lesson, turn, baseCount: baseCount) { [self] in
                try strategy.retention(
                    PhaseContext(
                        model: model, phase: phase, seed: lesson.seed, settings: lesson.train, compute: compute, carried: carried(by: stage.parent),
                        before: { try self.parentModel(of: stage) }, earlier: { try self.earlierBatches(lesson, $0) }, pause: interruption.check))
            } finish: { strategy.finish(model, phase: phase) }
        case .instruction(let lesson):
            let model = try parentModel(of: stage)
            model.mergeLoRA()
            model.setTrainable { _ in true }
            attempt = try train(model, lesson, turn, baseCount: count(of: stage.parent, "base")) { nil }
        case .evaluation(let measurement):
            attempt = try begin(turn)
            let model = try parentModel(of: stage)
            let results = try evaluation(measurement).measure(model, compute, pause: interruption.check)
            try attempt.journal.append(StageRecords.evaluation(step: 0, results))
            if let comparison = measurement.comparison, let drift = try driftMeasurement(measurement) {
                let base = try self.model(of: comparison.base)
                try attempt.journal.append(StageRecords.drift(drift.measure(model, base: base, compute, pause: interruption.check)))
            }
        }
        try attempt.journal.flush()
        try attempt.checkLock()
        let seconds = attempt.seconds
        try store.finish(stage, seconds: seconds, threads: compute.threadCount)
        return seconds
    }

    private func begin(_ turn: Turn) throws -> Attempt {
        try store.begin(turn.stage)
        return Attempt(turn: turn, journal: try JournalWriter(path: store.journal(turn.stage.key)))
    }

    /// Goes on where an earlier attempt was saved; nil when there is no state that can be used. Then the trainer is as it was.
    private func goOn(_ turn: Turn, _ trainer: Trainer) throws -> Attempt? {
        let stage = turn.stage
        let path = store.journal(stage.key)
        do {
            guard let saved = try SavedState(store.savedState(stage.key), stage: stage.key) else { return nil }
            let (records, damaged) = (try? Journal.read(path)) ?? ([], 0)
            guard records.count >= saved.records else { throw SavedState.Damage(description: "goes with a journal that is damaged before it") }
            try trainer.restore(saved.tensors, saved.trainer)
            try store.goOn(stage)
            guard let journal = try JournalWriter(path: path, keeping: saved.records) else { throw StoreError(path, "cannot be read", errorNumber: nil) }
            var note = "goes on behind step \(trainer.step) of \(trainer.settings.steps)"
            if records.count > saved.records { note += "; \(records.count - saved.records) later records of its journal are cut off" }
            if damaged > 0 { note += "; the torn end of its journal is cut off" }
            report(.note(stage, note))
            return Attempt(turn: turn, journal: journal, earlier: saved.seconds)
        } catch let error as StoreError { throw error } catch {
            report(.note(stage, "begins anew: its saved state \(error)"))
            return nil
        }
    }

    private func train(
        _ model: LlamaModel, _ lesson: Stage.Lesson, _ turn: Turn, baseCount: Int, retention: () throws -> (any Retention)?, finish: () -> Void = {}
    ) throws -> Attempt {
        let stage = turn.stage
        let retention = try retention()
        func write(_ attempt: Attempt) throws {
            if let report = retention?.report, !report.isEmpty { try attempt.journal.append(StageRecords.retention(report)) }
            if let carried = retention?.carried, !carried.isEmpty {
                try DurableFile.write(Safetensors.encoded(tensors: carried, metadata: [:]), to: store.carried(stage.key))
            }
            finish()
            try DurableFile.write(model.encoded(), to: store.model(stage.key))
        }
        let parameters = StageRecords.parameters(base: baseCount, added: model.parameterCount - baseCount, trained: model.trainedParameterCount)
        guard lesson.train.steps > 0 else {
            let attempt = try begin(turn)
            try attempt.journal.append(parameters)
            try write(attempt)
            return attempt
        }
        try tellOfCuts(stage, lesson)
        let trainer = Trainer(model, lesson.train, batches: try batches(lesson), retention: retention, compute)
        let midway = try lesson.midway.map { try evaluation($0) }
        let attempt: Attempt
        if let earlier = try goOn(turn, trainer) { attempt = earlier } else {
            attempt = try begin(turn)
            try attempt.journal.append(parameters)
        }
        func save() throws {
            try attempt.checkLock()
            try attempt.journal.flush()
            try SavedState.write(trainer, stage: stage.key, records: attempt.journal.count, seconds: attempt.seconds, to: store.savedState(stage.key))
        }
        /// An evaluation changes nothing of the state: it goes on before it.
        func stop() throws {
            guard interruption.isRequested else { return }
            try save()
            throw Interrupted()
        }
        var rhythm = SavingRhythm(from: attempt.seconds, leastSeconds: saveSeconds, byteCount: SavedState.byteCount(trainer))
        try trainer.train(
            record: { point in
                try attempt.journal.append(StageRecords.curve(point))
                report(.trained(stage, point, steps: lesson.train.steps))
            },
            evaluate: { step in
                if let midway { try attempt.journal.append(StageRecords.evaluation(step: step, midway.measure(model, compute, pause: stop))) }
            },
            pause: {
                try stop()
                let now = attempt.seconds
                if rhythm.isDue(now) {
                    try save()
                    rhythm.saved(from: now, to: attempt.seconds)
                }
            })
        try attempt.checkLock()
        try write(attempt)
        return attempt
    }

    /// What the phase before handed on beside its model.
    private func carried(by parent: String?) throws -> Safetensors? {
        guard let parent, store.hasFile(parent, "carried.safetensors") else { return nil }
        return try Safetensors(data: store.contents(of: parent, "carried.safetensors"), path: store.carried(parent))
    }

    private func parentModel(of stage: Stage) throws -> LlamaModel {
        guard let parent = stage.parent else { preconditionFailure("a stage without a parent has no model") }
        return try model(of: parent)
    }

    private func model(of key: String) throws -> LlamaModel {
        try LlamaModel(Safetensors(data: store.contents(of: key, "model.safetensors"), path: store.model(key)))
    }

    private func count(of stage: String?, _ name: String) throws -> Int {
        guard let stage else { preconditionFailure("a later phase has a parent") }
        if let damage = store.damage(stage, files: ["journal"]) { throw damage }
        return try StageRecords(store, stage).parameters[name] ?? 0
    }

    /// Says how many examples do not fit into a sequence.
    private func tellOfCuts(_ stage: Stage, _ lesson: Stage.Lesson) throws {
        for reference in lesson.data {
            let tokens = try library.tokens(reference, tokenizer: lesson.tokenizer).training
            guard let cuts = tokens.cuts(sequenceLength: lesson.sequenceLength), !cuts.isNone else { continue }
            report(
                .note(
                    stage,
                    "data.\(reference.name): of \(cuts.examples) examples \(cuts.prompts) lose the beginning of the prompt and \(cuts.answers) the end of the "
                        + "answer in sequences of \(lesson.sequenceLength) tokens"))
        }
    }

    private func batches(_ lesson: Stage.Lesson) throws -> Batches {
        let texts = try texts(lesson.data + (lesson.replay?.data ?? []), lesson)
        // No name of a domain in the label: renaming one changes nothing.
        return try Batches(domains: texts, weights: lesson.weights, sequenceLength: lesson.sequenceLength, seed: lesson.seed, label: "batches")
    }

    private func earlierBatches(_ lesson: Stage.Lesson, _ label: String) throws -> Batches? {
        let texts = try texts(lesson.earlier, lesson)
        guard !texts.isEmpty else { return nil }
        return try Batches(domains: texts, weights: texts.map { _ in 1 }, sequenceLength: lesson.sequenceLength, seed: lesson.seed, label: label)
    }

    private func texts(_ data: [DataReference], _ lesson: Stage.Lesson) throws -> [TrainingTokens] {
        var texts: [TrainingTokens] = []
        for reference in data {
            let tokens = try library.tokens(reference, tokenizer: lesson.tokenizer).training
            if let (found, expected) = tokens.shortage(sequenceLength: lesson.sequenceLength) {
                throw CorpusError(
                    place: "data.\(reference.name)", found: "\(found) to train on", expected: expected, advice: "add text or shorten the sequences")
            }
            texts.append(tokens)
        }
        return texts
    }

    private func evaluation(_ measurement: Stage.Measurement) throws -> Evaluation {
        try Evaluation(
            measurement.settings, measurement.data.map { try library.tokens($0, tokenizer: measurement.tokenizer) },
            library.tokenizer(measurement.tokenizer), sequenceLength: measurement.sequenceLength)
    }

    /// On running text; held-out prompts with answers stand one behind the other.
    private func driftMeasurement(_ measurement: Stage.Measurement) throws -> DriftMeasurement? {
        guard let comparison = measurement.comparison else { return nil }
        let beginning = try library.tokenizer(measurement.tokenizer).beginning
        let texts = try comparison.data.map { reference in
            let domain = try library.tokens(reference, tokenizer: measurement.tokenizer)
            return (domain: reference.name, tokens: domain.examples == nil ? domain.heldOut : domain.tasks.flatMap { beginning + $0.tokens })
        }
        return try DriftMeasurement(texts, count: comparison.tokens, sequenceLength: measurement.sequenceLength)
    }
}
