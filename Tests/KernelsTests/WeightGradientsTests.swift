@testable import Kernels
import TestSupport
import Testing

/// Gradients of weights: each element the chain of multiply-adds over ascending tokens, continued from what was there.
@Suite struct WeightGradientsTests {
    /// One projection, y (N, O) of x (N, I), and the gradient that its own is added to.
    struct Job {
        let inputs: Int, outputs: Int, gap: Int
        let x: [Float], dy: [Float], before: [Float]

        init(tokens: Int, inputs: Int, outputs: Int, gap: Int, seed: Int) {
            (self.inputs, self.outputs, self.gap) = (inputs, outputs, gap)
            x = randomFloats(tokens * inputs, seed: seed)
            dy = randomFloats(tokens * outputs, seed: seed + 1)
            before = randomFloats(outputs * inputs, seed: seed + 2)
        }

        func expected(tokens: Int) -> (fused: [Float], unfused: [Float]) {
            let transposed = (0..<outputs * tokens).map { dy[$0 % tokens * outputs + $0 / tokens] }
            let reference = Reference.product(transposed, x, adding: before, rows: outputs, columns: inputs, depth: tokens)
            return (reference.fused, reference.unfused)
        }
    }

    /// All gradients one after another; writes anywhere else are issues.
    func gradients(_ jobs: [Job], tokens: Int, _ compute: Compute, sourceLocation: SourceLocation = #_sourceLocation) -> [Float] {
        var memory: [Guarded] = [], targets: [Guarded] = []
        let work = jobs.map { job in
            let x = Guarded(job.x, .beforeWall), dy = Guarded(job.dy, .beforeWall)
            let right = Guarded(PackedMatrix.floatCount(depth: tokens, columns: job.inputs, compute), .beforeWall)
            let left = Guarded(PackedRows.floatCount(depth: tokens, columns: job.outputs), .beforeWall)
            let packedX = PackedMatrix(depth: tokens, columns: job.inputs, memory: right.base)
            let packedDy = PackedRows(depth: tokens, columns: job.outputs, memory: left.base)
            compute.forRows(tokens) { piece in
                piece.pack(Matrix(x.base, tokens, job.inputs), into: packedX)
                piece.pack(Matrix(dy.base, tokens, job.outputs), into: packedDy)
            }
            let row = job.inputs + job.gap
            let target = Guarded(job.outputs * row - job.gap, .beforeWall)
            for (at, value) in job.before.enumerated() { target.base[at / job.inputs * row + at % job.inputs] = value }
            memory += [x, dy, right, left, target]
            targets.append(target)
            return WeightGradient(x: packedX, dy: packedDy, gradient: Matrix(target.base, job.outputs, job.inputs, rowStride: row))
        }
        compute.addGradients(WeightGradients(work))
        #expect(memory.allSatisfy { $0.isIntact }, sourceLocation: sourceLocation)
        return zip(jobs, targets).flatMap { job, target in
            let row = job.inputs + job.gap
            let rest = target.values.enumerated().filter { $0.offset % row >= job.inputs }
            #expect(rest.allSatisfy { PackingTests.isMark($0.element) }, sourceLocation: sourceLocation)
            return (0..<job.before.count).map { target.base[$0 / job.inputs * row + $0 % job.inputs] }
        }
    }

    @Test(arguments: [1, 2, 3, 17, 50, 257])
    func oneAtATime(tokens: Int) {
        let computes = instructionSets.map { Compute(instructionSet: $0) }
        for outputs in [1, 2, 5, 11, 12, 13, 24, 25, 48, 49, 71, 72, 73, 97] {
            for inputs in [1, 7, 16, 33] {
                let job = Job(tokens: tokens, inputs: inputs, outputs: outputs, gap: outputs % 3, seed: inputs)
                let expected = job.expected(tokens: tokens)
                for compute in computes {
                    let found = gradients([job], tokens: tokens, compute)
                    let chain = compute.instructionSet.numericsFamily == "fused" ? expected.fused : expected.unfused
                    let difference = firstBitDifference(found, chain)
                    #expect(difference == nil, "\(compute.instructionSet), \(outputs) x \(inputs) of \(tokens) tokens")
                }
            }
        }
    }

    @Test func severalAtOnceOnAnyThreads() {
        let tokens = 301
        let jobs = [(20, 130), (1, 1), (33, 12), (48, 5), (19, 49)].enumerated().map {
            Job(tokens: tokens, inputs: $1.0, outputs: $1.1, gap: $0, seed: 10 * $0)
        }
        let expected = jobs.map { $0.expected(tokens: tokens) }
        let results = Machines.shared.results { gradients(jobs, tokens: tokens, $0) }
        for (set, values) in results {
            let chain = expected.flatMap { set.numericsFamily == "fused" ? $0.fused : $0.unfused }
            #expect(firstBitDifference(values, chain) == nil, "\(set)")
        }
    }

    @Test func nothingToDoIsNoWork() { Compute(threads: 2).addGradients(WeightGradients([])) }

    @Test func shapesThatDoNotFitTrap() async {
        await #expect(processExitsWith: .failure) {
            let memory = FloatBuffer(1000)
            _ = WeightGradient(
                x: PackedMatrix(depth: 3, columns: 2, memory: memory.base), dy: PackedRows(depth: 4, columns: 2, memory: memory.base),
                gradient: Matrix(memory.base, 2, 2))
        }
    }
}
