import ArgumentParser
import Benchmarks
import Experiments
import Foundation
import Kernels
import Settings

struct BenchmarkTrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train", abstract: "Time training steps of a model: batch, forward, backward, clipping, AdamW.",
        discussion: """
            Standard shapes: \(TrainingShape.standard.map { $0.name }.joined(separator: ", ")); any size given beside --shape replaces the shape's.
            Floating-point operations a token: \(TrainingOperations.formula). T: tokens a sequence; C: width of the attention.
            """)

    @Option(help: ArgumentHelp("Standard shape that the other sizes default to.", valueName: "name"))
    var shape = "d64"

    @Option(help: ArgumentHelp("Width of the residual stream.", valueName: "n"))
    var hiddenSize: Int?

    @Option(help: ArgumentHelp("Width of the feed-forward layer.", valueName: "n"))
    var intermediateSize: Int?

    @Option(help: ArgumentHelp("Blocks, before any are added.", valueName: "n"))
    var numHiddenLayers: Int?

    @Option(help: ArgumentHelp("Query heads.", valueName: "n"))
    var numAttentionHeads: Int?

    @Option(help: ArgumentHelp("Key-value heads (default: as many as query heads).", valueName: "n"))
    var numKeyValueHeads: Int?

    @Option(help: ArgumentHelp("Tokens that the model knows.", valueName: "n"))
    var vocabSize: Int?

    @Option(help: ArgumentHelp("What is trained: full, block-expansion or lora.", valueName: "strategy"))
    var strategy = "full"

    @Option(help: ArgumentHelp("Blocks that block-expansion adds, interleaved (default: 4).", valueName: "n"))
    var blocks: Int?

    @Option(name: .customLong("r"), help: ArgumentHelp("Rank of LoRA's adapters, on all linear layers (default: 8).", valueName: "n"))
    var rank: Int?

    @Option(help: ArgumentHelp("Sequences a step.", valueName: "n"))
    var batch: Int?

    @Option(help: ArgumentHelp("Tokens a sequence.", valueName: "n"))
    var sequence: Int?

    @Option(help: "How the operands of products are rounded.")
    var precision = Precision.fp32

    @Option(help: ArgumentHelp("Steps that are timed.", valueName: "n"))
    var steps = 20

    @Option(help: ArgumentHelp("Steps before them.", valueName: "n"))
    var warmup = 3

    @OptionGroup var compute: ComputeOptions

    @Flag(help: "Print a JSON object on one line.")
    var json = false

    @Flag(help: ArgumentHelp("After the warm-up print the line 'ready' and wait for a line on standard input, so that processes can be timed together.", visibility: .hidden))
    var gate = false

    func run() throws {
        let compute = try compute.makeCompute()
        let benchmark = try TrainingBenchmark(shape: sizes(), strategy: strategySettings(), precision: precision, steps: steps, warmup: warmup)
        let measurement = try benchmark.measure(compute) {
            guard gate else { return }
            FileHandle.standardOutput.write(Data("ready\n".utf8))
            _ = readLine()
        }
        print(json ? try line(measurement, compute) : try table(measurement, compute))
    }

    private func sizes() throws -> TrainingShape {
        let standard = try TrainingShape.named(shape)
        return TrainingShape(
            hiddenSize: hiddenSize ?? standard.hiddenSize, intermediateSize: intermediateSize ?? standard.intermediateSize,
            layerCount: numHiddenLayers ?? standard.layerCount, headCount: numAttentionHeads ?? standard.headCount,
            keyValueHeadCount: numKeyValueHeads ?? numAttentionHeads ?? standard.keyValueHeadCount,
            vocabularySize: vocabSize ?? standard.vocabularySize, batchSize: batch ?? standard.batchSize, length: sequence ?? standard.length)
    }

    /// The strategy as an experiment file would say it.
    private func strategySettings() throws -> Value {
        if blocks != nil, strategy != "block-expansion" { throw Failure.wrongInput("strata: --blocks goes with --strategy block-expansion") }
        if rank != nil, strategy != "lora" { throw Failure.wrongInput("strata: --r goes with --strategy lora") }
        switch strategy {
        case "full": return ["kind": "sequential"]
        case "block-expansion": return ["kind": "block-expansion", "blocks": .integer(blocks ?? 4)]
        case "lora": return ["kind": "lora", "r": .integer(rank ?? 8)]
        default: throw Failure.wrongInput("strata: --strategy is '\(strategy)', expected full, block-expansion or lora")
        }
    }

    private func line(_ measurement: TrainingMeasurement, _ compute: Compute) throws -> String {
        let sizes = try sizes()
        var value = measurement.value
        for (key, setting): (String, Value) in [
            ("program", .string("strata \(strataVersion)")), ("numerics", .integer(numericsVersion)), ("precision", .string(precision.rawValue)),
            ("instruction_set", .string(compute.instructionSet.rawValue)), ("threads", .integer(compute.threadCount)),
            ("strategy", .string(strategy)), ("hidden_size", .integer(sizes.hiddenSize)), ("intermediate_size", .integer(sizes.intermediateSize)),
            ("num_hidden_layers", .integer(sizes.layerCount)), ("num_attention_heads", .integer(sizes.headCount)),
            ("num_key_value_heads", .integer(sizes.keyValueHeadCount)), ("vocab_size", .integer(sizes.vocabularySize)),
            ("batch", .integer(sizes.batchSize)), ("sequence", .integer(sizes.length)),
        ] { value[key] = setting }
        return value.canonicalJSON
    }

    private func table(_ m: TrainingMeasurement, _ compute: Compute) throws -> String {
        let sizes = try sizes()
        let rows: [(String, String)] = [
            ("model", "d \(sizes.hiddenSize), \(counted(sizes.layerCount, "block")), \(counted(sizes.headCount, "head")), FFN \(sizes.intermediateSize), V \(sizes.vocabularySize); \(strategy)"),
            ("batch", "\(sizes.batchSize) x \(sizes.length) tokens"),
            ("processor", "\(ProcessFacts.processorName), \(compute.instructionSet.rawValue), \(counted(compute.threadCount, "thread")), \(precision.rawValue)"),
            ("parameters", "\(grouped(Double(m.parameterCount))), trained \(grouped(Double(m.trainedParameterCount)))"),
            ("step", "\(decimal(m.stepSeconds.median * 1e3, 2)) ms median, \(decimal(m.stepSeconds.minimum * 1e3, 2)) ms least, of \(m.stepSeconds.values.count)"),
            ("speed", "\(grouped(m.tokensASecond)) tokens/s"),
            ("FLOP a token", "\(grouped(m.operations.total)), \(grouped(m.operations.forward)) of them forward"),
            ("GFLOP/s", "\(decimal(m.operationsASecond / 1e9, 1)), \(decimal(m.shareOfPeak * 100, 1)) % of the peak of \(decimal(m.peak / 1e9, 1))"),
            ("memory", m.peakResidentBytes.map { "\(grouped(Double($0) / 1e6)) MB resident at most" } ?? "unknown"),
            ("ready", m.readySeconds.map { "\(decimal($0, 2)) s after the start of the process; first step \(decimal(m.firstStepSeconds * 1e3, 2)) ms" } ?? "unknown"),
            ("loss", "\(decimal(m.firstLoss, 4)) in the first step, \(decimal(m.lastLoss, 4)) in the last"),
        ]
        return rows.map { $0.0.padding(toLength: 14, withPad: " ", startingAt: 0) + $0.1 }.joined(separator: "\n")
    }
}

extension Precision: ExpressibleByArgument {}
