import Continual
import Corpus
import Kernels
import Llama
import Settings
import TestSupport
import Testing

@testable import Training

/// What strategies do to gradients and weights, against PyTorch and by hand.
@Suite struct RetentionTests {
    func strategy(_ value: Value) throws -> any Strategy { try Continual.strategy(Settings(validated: try strategyKind.validated(value, at: Path()))) }

    private let llama = try? Golden("llama")
    private let golden = try? Golden("strategies")

    /// The model of `llama`; `before` moves its weights by the numbers that the script makes.
    private func model(_ prefix: String = "", before: Bool = false) throws -> LlamaModel {
        let file = try #require(llama).file
        let model = try #require(llama).model()
        for parameter in model.parameters { try file.read(prefix + parameter.name, parameter.shape, into: parameter.values) }
        guard before else { return model }
        for (index, parameter) in model.parameters.sorted(by: { $0.name < $1.name }).enumerated() {
            for j in 0..<parameter.count { parameter.values.base[j] += Float(Double((7919 * j + 13 * index) % 101 - 50) * 0.0006) }
        }
        return model
    }

    private func settings(_ changes: [String: Value] = [:]) throws -> TrainingSettings {
        try TrainingSettings(settings: Settings(.object(["steps": 4, "batch_size": 1, "learning_rate": 0.01].merging(changes) { $1 }), fields: TrainingSettings.fields))
    }

    private func expect(_ model: LlamaModel, _ prefix: String, within bound: Double = 1e-5) throws {
        let golden = try #require(golden)
        let kept = golden.about["kept"]?.asList?.compactMap(\.asString) ?? []
        #expect(kept.count == 4)
        for name in kept {
            let gradient = try #require(model.parameters.first { $0.name == name }?.gradient)
            #expect(relativeError(gradient.values, try golden.floats("\(prefix).\(name)")) < bound, "\(prefix) \(name)")
        }
    }

    /// One window: the batches of a text of `length` + 1 tokens are all the same.
    private func window(_ tokens: [Int32]) throws -> Batches {
        try Batches(domains: [tokens], weights: [1], sequenceLength: tokens.count - 1, seed: 1, label: "window")
    }

    private func takeGradients(_ model: LlamaModel, _ pass: ModelPass, batch index: Int) throws -> Double {
        let batch = try #require(llama).batch(index)
        let count = Double(batch.tokens.count)
        model.zeroGradients()
        return pass.addGradients(tokens: batch.tokens, targets: batch.targets, gradientScale: Float(1 / count)) / count
    }

    private func pass(_ model: LlamaModel, _ compute: Compute) throws -> ModelPass {
        let shape = try #require(llama).batch(0)
        return ModelPass(model, compute, batch: shape.batch, length: shape.length)
    }

    // MARK: LwF

    @Test(arguments: [1, 3]) func distillation(threads: Int) throws {
        let (model, compute) = (try model(), Compute(threads: threads))
        let strategy = try strategy(["kind": "lwf", "weight": 0.7, "temperature": 2])
        try strategy.prepare(model, phase: 0, seed: 1)
        let retention = try #require(
            try strategy.retention(
                PhaseContext(model: model, phase: 0, seed: 1, settings: try settings(), compute: compute, before: { try self.model(before: true) })))
        let pass = try pass(model, compute)
        let plain = try takeGradients(model, pass, batch: 0)
        pass.distil(try #require(retention.distillation))
        // The loss that is told is the task's own.
        #expect(try takeGradients(model, pass, batch: 0) == plain)
        try expect(model, "lwf")
        // Tokens that are not scored are not held either.
        let batch = try #require(llama).batch(0)
        model.zeroGradients()
        _ = pass.addGradients(tokens: batch.tokens, targets: batch.targets.map { _ in -1 }, gradientScale: 1)
        #expect(model.parameters.allSatisfy { $0.gradient?.values.allSatisfy { $0 == 0 } ?? false })
    }

    /// The same bits with every instruction set of a family, for distillation and dropout.
    @Test func instructionSets() throws {
        var known: [String: [UInt32]] = [:]
        for set in InstructionSet.allCases where set.isAvailable {
            let model = try model()
            model.attachLoRA(LoRASettings(rank: 3, alpha: 6, targetModules: Block.linearNames, dropout: 0.2), seed: 1)
            model.setTrainable { _ in true }
            for block in model.blocks { block.up.adapter?.b.values.fill(0.01) }
            let pass = try pass(model, Compute(instructionSet: set, threads: 2))
            pass.distil(Distillation(teacher: try self.model(before: true), weight: 0.5, temperature: 2))
            let batch = try #require(llama).batch(0)
            _ = pass.addGradients(tokens: batch.tokens, targets: batch.targets, gradientScale: 0.1, dropoutKey: 5)
            let bits = model.parameters.flatMap { $0.gradient?.values.map(\.bitPattern) ?? [] }
            #expect(known[set.numericsFamily] ?? bits == bits, "\(set.rawValue)")
            known[set.numericsFamily] = bits
        }
    }

    // MARK: EWC

    @Test func consolidation() throws {
        let (model, compute) = (try model(before: true), Compute(threads: 2))
        let before = model.encoded()
        let strategy = try strategy(["kind": "ewc", "strength": 30, "sequences": 3])
        try strategy.prepare(model, phase: 0, seed: 1)
        let batch = try #require(llama).batch(1)
        let sequence = Array(batch.tokens[..<batch.length]) + [batch.targets[batch.length - 1]]
        let retention = try #require(
            try strategy.retention(
                PhaseContext(
                    model: model, phase: 0, seed: 1, settings: try settings(), compute: compute, before: { model }, earlier: { _ in try self.window(sequence) })))
        // Measuring changed nothing.
        #expect(model.encoded() == before)
        #expect(model.parameters.allSatisfy { $0.gradient?.values.allSatisfy { $0 == 0 } ?? false })
        let golden = try #require(golden)
        let kept = golden.about["kept"]?.asList?.compactMap(\.asString) ?? []
        for tensor in retention.carried where kept.contains(String(tensor.name.dropFirst("fisher/".count))) {
            let name = String(tensor.name.dropFirst("fisher/".count))
            #expect(relativeError(tensor.values.values, try golden.floats("fisher." + name)) < 1e-5, "\(name)")
        }
        let after = try self.model()
        for (parameter, value) in zip(model.parameters, after.parameters) { parameter.values.copy(from: value.values) }
        let pass = try pass(model, compute)
        _ = try takeGradients(model, pass, batch: 0)
        retention.adjustGradients(pass)
        try expect(model, "ewc")
    }

    /// Per sequence, not the square of the mean: two sequences of opposite gradients do not cancel; and what the phase before carried is added.
    @Test func fisherPerSequence() throws {
        let (model, compute) = (try model(), Compute())
        let strategy = try strategy(["kind": "ewc", "sequences": 6, "strength": 0])
        try strategy.prepare(model, phase: 1, seed: 1)
        var random = RandomStream(seed: 4, "text")
        let text = (0..<200).map { _ in Int32(random.below(96)) }
        let batches = try Batches(domains: [text], weights: [1], sequenceLength: 10, seed: 1, label: "text")
        func fisher(_ carried: Safetensors?) throws -> [String: [Float]] {
            let retention = try #require(
                try strategy.retention(
                    PhaseContext(
                        model: model, phase: 1, seed: 1, settings: try settings(), compute: compute, carried: carried, before: { model }, earlier: { _ in batches })))
            return Dictionary(uniqueKeysWithValues: retention.carried.map { ($0.name, $0.values.values) })
        }
        let found = try fisher(nil)
        var copy = batches
        let pass = ModelPass(model, compute, batch: 1, length: 10)
        let norm = model.norm
        var (squares, mean) = ([Double](repeating: 0, count: norm.count), [Double](repeating: 0, count: norm.count))
        for _ in 0..<6 {
            let batch = copy.next(batchSize: 1)
            model.zeroGradients()
            _ = pass.addGradients(tokens: batch.inputs, targets: batch.targets, gradientScale: 1)
            for (i, g) in try #require(norm.gradient).values.enumerated() {
                squares[i] += Double(g) * Double(g) / 60
                mean[i] += Double(g) / 6
            }
        }
        let own = try #require(found["fisher/model.norm.weight"])
        #expect(relativeError(own.map(Double.init), squares) < 1e-5)
        #expect(relativeError(own.map(Double.init), mean.map { $0 * $0 / 10 }) > 0.1)
        let ones = model.parameters.map { parameter in
            let buffer = FloatBuffer(parameter.count)
            buffer.fill(1)
            return (name: "fisher/" + parameter.name, shape: parameter.shape, values: buffer)
        }
        let sum = try fisher(Safetensors(data: Safetensors.encoded(tensors: ones, metadata: [:]), path: "carried"))
        #expect(relativeError(try #require(sum["fisher/model.norm.weight"]), own.map { $0 + 1 }) < 1e-6)
    }

    // MARK: A-GEM

    @Test(arguments: [1, 2]) func projection(threads: Int) throws {
        let (model, compute) = (try model("final."), Compute(threads: threads))
        let strategy = try strategy(["kind": "agem"])
        try strategy.prepare(model, phase: 0, seed: 1)
        let contrary = try #require(golden).about["contrary"]?.asList?.compactMap { $0.asInteger.map { Int32($0) } } ?? []
        let retention = try #require(
            try strategy.retention(
                PhaseContext(
                    model: model, phase: 0, seed: 1, settings: try settings(["batch_size": 3]), compute: compute, before: { model },
                    earlier: { _ in try self.window(contrary) })))
        let pass = try pass(model, compute)
        _ = try takeGradients(model, pass, batch: 10)
        retention.adjustGradients(pass)
        try expect(model, "agem", within: 2e-5)
        #expect(retention.report == ["projected": 1])
        // What is projected is orthogonal to the reference: projecting again changes next to nothing.
        let once = model.norm.gradient?.values ?? []
        retention.adjustGradients(pass)
        #expect(relativeError(try #require(model.norm.gradient).values, once) < 1e-4)
        // A gradient that agrees (the reference itself) stays as it is, bit for bit.
        model.zeroGradients()
        let window = try self.window(contrary)
        var copy = window
        let batch = copy.next(batchSize: 3)
        _ = pass.addGradients(tokens: batch.inputs, targets: batch.targets, gradientScale: 1)
        let agreeing = model.parameters.map { $0.gradient?.values ?? [] }
        let state = retention.state
        retention.adjustGradients(pass)
        #expect(model.parameters.map { $0.gradient?.values ?? [] } == agreeing)
        #expect((retention.report["projected"] ?? 1) < 1)
        try retention.restore(try Value(json: state.canonicalJSON))
        #expect(retention.state == state)
        #expect(throws: (any Error).self) { try retention.restore(["steps": 1]) }
    }

    @Test func thereIsNothingToAgreeWithInTheFirstPhase() throws {
        let strategy = try strategy(["kind": "agem", "from": "tasks"])
        let model = try model()
        try strategy.prepare(model, phase: 0, seed: 1)
        #expect(try strategy.retention(PhaseContext(model: model, phase: 0, seed: 1, settings: try settings(), compute: Compute(), before: { model })) == nil)
        #expect(strategy.earlierText(phase: 0) == EarlierText(includesBase: false, phases: 0..<0))
        #expect(strategy.earlierText(phase: 3) == EarlierText(includesBase: false, phases: 0..<3))
        #expect(EarlierSource.both.latestText(before: 3) == EarlierText(includesBase: false, phases: 2..<3))
        #expect(EarlierSource.both.latestText(before: 0) == EarlierText(includesBase: true, phases: 0..<0))
        #expect(EarlierSource.base.latestText(before: 2) == EarlierText(includesBase: false, phases: 0..<0))
    }

    // MARK: Interpolation

    @Test func interpolation() throws {
        let model = try model()
        let strategy = try strategy(["kind": "interpolate", "share": 0.25])
        try strategy.prepare(model, phase: 0, seed: 1)
        let retention = try #require(
            try strategy.retention(PhaseContext(model: model, phase: 0, seed: 1, settings: try settings(), compute: Compute(), before: { model })))
        let before = model.norm.values.values
        for i in 0..<model.norm.count { model.norm.values.base[i] = before[i] + 8 }
        retention.finish()
        #expect(firstMiss(model.norm.values.values, before.map { Double($0) + 2 }, within: { _ in 1e-6 }) == nil)
    }

    // MARK: O-LoRA

    /// r = 1 on one projection: the gradient is 2 penalty (a e) e for an earlier row e.
    @Test func orthogonality() throws {
        let strategy = try strategy(["kind": "o-lora", "r": 1, "target_modules": ["q_proj"], "penalty": 0.5])
        let model = try model()
        try strategy.prepare(model, phase: 0, seed: 1)
        func retention(_ carried: Safetensors?) throws -> any Retention {
            try #require(
                try strategy.retention(
                    PhaseContext(model: model, phase: 1, seed: 1, settings: try settings(), compute: Compute(), carried: carried, before: { model })))
        }
        let first = try retention(nil)
        #expect(first.report.isEmpty && first.carried.count == 3)
        func set(_ values: [Float], in tensor: FloatBuffer) { for (i, value) in values.enumerated() { tensor.base[i] = value } }
        let earlier = first.carried.map { tensor in
            tensor.values.fill(0)
            set([3, 4], in: tensor.values)
            return tensor
        }
        let second = try retention(Safetensors(data: Safetensors.encoded(tensors: earlier, metadata: [:]), path: "carried"))
        for block in model.blocks {
            let a = try #require(block.q.adapter?.a)
            a.values.fill(0)
            set([2, 1, 2], in: a.values)
            a.gradient?.fill(1)
        }
        let pass = ModelPass(model, Compute(), batch: 1, length: 4)
        second.adjustGradients(pass)
        // a e = 10.
        #expect(model.blocks[2].q.adapter?.a.gradient?.values.prefix(3).map { $0 } == [31, 41, 1])
        // cos^2 = 10^2 / (3^2 5^2).
        #expect(abs((second.report["overlap"] ?? 0) - 100.0 / 225) < 1e-12)
        #expect(second.carried.allSatisfy { $0.shape == [2, 48] && $0.values.values.prefix(2) == [3, 4] && $0.values.values[48] == 2 })
        // Shrinking lowers the penalty, not the overlap.
        for block in model.blocks { for i in 0..<3 { block.q.adapter?.a.values.base[i] *= 1e-3 } }
        #expect(abs((second.report["overlap"] ?? 0) - 100.0 / 225) < 1e-6)
        // Merged when done: new adapters come next.
        strategy.finish(model, phase: 0)
        #expect(model.lora == nil)
        try strategy.prepare(model, phase: 1, seed: 1)
        #expect(model.lora?.rank == 1)
    }

    @Test func subspaces() {
        #expect(Subspace.overlap(of: [[1, 0, 0], [0, 1, 0]], with: [[0, 2, 0], [0, 0, 5]]) == 0.5)
        #expect(Subspace.overlap(of: [[1, 1, 0]], with: [[3, 3, 0], [1, 1, 0]]) > 1 - 1e-12 && Subspace.overlap(of: [], with: [[1]]) == 0)
        #expect(Subspace.orthonormal([[1, 2, 3], [2, 4, 6], [0, 0, 0], [0, 1, 0]]).count == 2)
    }
}
