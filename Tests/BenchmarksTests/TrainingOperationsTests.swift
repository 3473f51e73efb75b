import Benchmarks
import Kernels
import Llama
import Settings
import Testing

/// Against sums by hand. Width 4, two heads, feed-forward 6, vocabulary 10, sequences of 3. A block: 4 matrices of 16 and 3 of 24
/// weights, 2 x 136 = 272 operations; its attention 2 x 4 x 4 = 32; the output projection 2 x 40 = 80.
@Suite struct TrainingOperationsTests {
    private func model(blocks: Int) throws -> LlamaModel {
        LlamaModel(
            try LlamaConfiguration(value: [
                "vocab_size": 10, "hidden_size": 4, "intermediate_size": 6, "num_hidden_layers": .integer(blocks), "num_attention_heads": 2,
            ]))
    }

    @Test func everythingTrained() throws {
        let model = try model(blocks: 2)
        model.setTrainable { _ in true }
        let operations = TrainingOperations(model, length: 3)
        #expect(operations.forward == 2 * (272 + 32) + 80)
        #expect(operations.backward == 2 * (2 * 272 + 64) + 160)
        #expect(operations.total == 3 * operations.forward)
    }

    @Test func groupedHeads() throws {
        let model = LlamaModel(
            try LlamaConfiguration(value: [
                "vocab_size": 10, "hidden_size": 4, "intermediate_size": 6, "num_hidden_layers": 1, "num_attention_heads": 2,
                "num_key_value_heads": 1, "tie_word_embeddings": true,
            ]))
        // Keys and values of width 2: two matrices of 8 instead of 16. Attention and tied output as before.
        #expect(TrainingOperations(model, length: 3).forward == 2 * 120 + 32 + 80)
    }

    /// Nothing below the new block has a backward pass, and nothing above it a gradient of weights.
    @Test func blockExpansion() throws {
        let model = try model(blocks: 3)
        model.expand(after: [1])
        for (layer, block) in model.blocks.enumerated() { for parameter in block.parameters { parameter.isTrainable = layer == 1 } }
        let operations = TrainingOperations(model, length: 3)
        #expect(operations.forward == 4 * (272 + 32) + 80)
        let above = 336.0, itself = 608.0  // 272 + 64, and 272 more for its own weights
        #expect(operations.backward == 80 + 2 * above + itself)
    }

    @Test func lowRankAdapters() throws {
        let model = try model(blocks: 1)
        model.attachLoRA(LoRASettings(rank: 2, alpha: 4, targetModules: Block.linearNames), seed: 0)
        model.setTrainable { $0.name.contains(".lora_") }
        let operations = TrainingOperations(model, length: 3)
        // Adapters of q, k, v, o: 8 + 8 weights each; gate and up: 8 + 12; down: 12 + 8. Together 124.
        #expect(operations.forward == 272 + 32 + 80 + 248)
        // Below q, k and v there is nothing to train: no gradient of their input. B always hands one on to A.
        let frozen = 176.0  // o, gate, up, down: 2 (16 + 3 x 24)
        let attention = 64.0
        let firstAdapters = 144.0  // q, k, v: 3 x 2 (8 + 2 x 8)
        let otherAdapters = 304.0  // o, gate, up, down: 2 x 2 (16 + 3 x 20)
        #expect(operations.backward == 80 + frozen + attention + firstAdapters + otherAdapters)
    }

    @Test func onlyTheOutput() throws {
        let model = try model(blocks: 2)
        model.head.isTrainable = true
        #expect(TrainingOperations(model, length: 3).backward == 80)
        model.norm.isTrainable = true
        #expect(TrainingOperations(model, length: 3).backward == 160)
        model.freeze()
        #expect(TrainingOperations(model, length: 3).backward == 0)
    }

    /// The input norm of a block needs the gradients that pass q, k and v; its feed-forward weights do not.
    @Test func whatLiesBelowWithinABlock() throws {
        let model = try model(blocks: 1)
        model.blocks[0].inputNorm.isTrainable = true
        #expect(TrainingOperations(model, length: 3).backward == 80 + 272 + 64)
        model.freeze()
        model.blocks[0].down.weight.isTrainable = true
        #expect(TrainingOperations(model, length: 3).backward == 80 + 48)
        model.freeze()
        model.blocks[0].v.weight.isTrainable = true
        #expect(TrainingOperations(model, length: 3).backward == 80 + 176 + 64 + 32)
    }
}
