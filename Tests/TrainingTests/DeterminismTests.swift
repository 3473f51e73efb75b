import Crypto
import Foundation
import Kernels
import Llama
import Settings
import Testing
import Training

/// The same bits for every number of threads and on every instruction set of a family, from first step to last.
///
/// The hashes are recorded: a change of them means that the numerics have changed, and that `numericsVersion` has to be raised.
@Suite struct DeterminismTests {
    /// Sizes that fill no tile, panel, block of keys or piece of rows evenly.
    private func model() throws -> LlamaModel {
        let configuration = try LlamaConfiguration(value: [
            "vocab_size": 301, "hidden_size": 48, "intermediate_size": 100, "num_hidden_layers": 3, "num_attention_heads": 4,
            "num_key_value_heads": 2, "max_position_embeddings": 83,
        ])
        return LlamaModel(configuration, seed: 5)
    }

    private func hash(_ strategy: String, precision: String, _ compute: Compute) throws -> String {
        let model = try model()
        switch strategy {
        case "lora":
            model.attachLoRA(LoRASettings(rank: 5, alpha: 10, targetModules: Block.linearNames), seed: 3)
            model.setTrainable { $0.name.contains("lora_") }
        case "block-expansion":
            model.expand(after: [1, 3])
            for layer in model.addedLayers { for parameter in model.blocks[layer].parameters { parameter.isTrainable = true } }
        default: model.setTrainable { _ in true }
        }
        let settings = try trainingSettings(
            ["steps": 6, "batch_size": 5, "learning_rate": 0.003, "logging_steps": 1, "gradient_accumulation_steps": 2, "precision": .string(precision)])
        let trainer = Trainer(model, settings, batches: try smallBatches(sequenceLength: 83), compute)
        var sha = SHA256()
        try trainer.train(
            record: { point in
                for value in [point.loss, point.gradientNorm, point.learningRate] { withUnsafeBytes(of: value.bitPattern.littleEndian) { sha.update(bufferPointer: $0) } }
            }, evaluate: { _ in })
        sha.update(data: model.encoded())
        return sha.finalize().map { String(format: "%02x", $0) }.joined()
    }

    /// By family, strategy and precision.
    private static let recorded = [
        "fused/block-expansion/bf16": "7beb9b8adc3b2fef82b8001736aad82a26e4646666b1c09a9e7176c24fd03889",
        "fused/block-expansion/fp32": "e8b639e78f653992e7ead91948f08419648c2f9e5b882f55d6c32326829b965a",
        "fused/full/bf16": "eb14ab0234c5733ec8b5f13cac6383e65e63603a7d77bcb04d58b5a9af08128a",
        "fused/full/fp32": "39ddb9f549193c2a80e212320fabe551ee343b68387a5d9cc5826cc3d248b010",
        "fused/lora/bf16": "cac3a76e568e2c4f2a6669a7ffcbd97456f0fb1c17305bc99af7ac3aeaeb7362",
        "fused/lora/fp32": "633bde684d1b24cd48d3b1589d5cd0421a366dc91a9a3465535152cf6d2dcf7c",
        "unfused/block-expansion/bf16": "dc8a999c4d9e3ced5fb1fda9f2bf9197ca92c782bc2294b435ba05f2daa98a50",
        "unfused/block-expansion/fp32": "9de9d2ae2408f57ddaa926a1a8b43b83be27251e2d425c8488e0fc1eaef2782d",
        "unfused/full/bf16": "7b883a110418f7fed62392a7bf27553ff97ffc40c871182b2fa87dbe74811344",
        "unfused/full/fp32": "aeb32c285e83ea4cc22bb9dcaae6f57d9e4fc6c5ad3783072bede50e832c0d0c",
        "unfused/lora/bf16": "e5c6c29dd4215469870dc8704fef5b6b082049769abeb42c63d586fb129d598b",
        "unfused/lora/fp32": "575bdd8dd756512d3ba0e8e01eb39bd516aadb4c8d5ace5d8a69622dfa43d62f",
    ]

    @Test(arguments: ["full", "lora", "block-expansion"], ["fp32", "bf16"])
    func everyNumberOfThreadsAndEverySet(strategy: String, precision: String) throws {
        for set in InstructionSet.allCases where set.isAvailable {
            let expected = Self.recorded["\(set.numericsFamily)/\(strategy)/\(precision)"]
            for threads in set == .best ? [1, 2, 3, 5, 8] : [2] {
                let found = try hash(strategy, precision: precision, Compute(instructionSet: set, threads: threads))
                #expect(
                    found == expected, "\(set.rawValue), \(threads) threads, family \(set.numericsFamily): other numerics than those of version \(numericsVersion)")
            }
        }
    }
}
