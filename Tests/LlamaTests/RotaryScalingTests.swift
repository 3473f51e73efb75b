import Kernels
import Llama
import Settings
import TestSupport
import Testing

/// Rotary scaling against transformers: logits, loss and the gradients that pass through the rotation, to 1e-5 of the tensor's largest value.
@Suite struct RotaryScalingTests {
    @Test(arguments: ["linear", "dynamic", "llama3"], GoldenGradientTests.computes)
    func golden(kind: String, compute: (InstructionSet, Int)) throws {
        let golden = try Golden("rotary")
        let configuration = try LlamaConfiguration(value: try #require(golden.about["configs"]?[kind]))
        let model = LlamaModel(configuration)
        try model.load(golden.file)
        model.setTrainable { _ in true }
        let (tokens, targets, batch, length) = try golden.batch(0)
        let pass = ModelPass(model, Compute(instructionSet: compute.0, threads: compute.1), batch: batch, length: length)
        #expect(relativeError(pass.logits(tokens: tokens), try golden.floats("\(kind).logits")) < 1e-5)
        let sum = pass.addGradients(tokens: tokens, targets: targets, gradientScale: 1 / Float(tokens.count))
        #expect(relativeError([Float(sum / Double(tokens.count))], try golden.floats("\(kind).loss")) < 1e-5)
        var compared = 0
        for parameter in model.parameters where golden.file.entries["\(kind).grad.\(parameter.name)"] != nil {
            #expect(relativeError(try #require(parameter.gradient).values, try golden.floats("\(kind).grad.\(parameter.name)")) < 1e-5, "\(parameter.name)")
            compared += 1
        }
        #expect(compared == 9)
        // Without the scaling the numbers are others: the test would notice.
        var plain = configuration
        (plain.ropeScaling, plain.maxPositions) = (nil, 64)
        let other = LlamaModel(plain)
        try other.load(golden.file)
        #expect(relativeError(ModelPass(other, Compute(), batch: batch, length: length).logits(tokens: tokens), try golden.floats("\(kind).logits")) > 1e-3)
    }

    static func configuration(_ scaling: Value, _ changes: (String, Value)...) throws -> LlamaConfiguration {
        var value: Value = [
            "vocab_size": 11, "hidden_size": 16, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "max_position_embeddings": 16,
            "rope_scaling": scaling,
        ]
        for (key, change) in changes { value[key] = change }
        return try LlamaConfiguration(value: value)
    }

    /// Up to max_position_embeddings dynamic scaling does nothing, to the bit; beyond it sequences are allowed as far as the factor says. What a decoder
    /// writes is what whole passes say.
    @Test func dynamicLength() throws {
        let scaled = try Self.configuration(["rope_type": "dynamic", "factor": 2.5])
        let plain = try Self.configuration(nil)
        #expect(scaled.longestSequence == 40 && plain.longestSequence == 16)
        let tokens = randomTokens(16, vocabulary: 11, seed: 1)
        func logits(_ c: LlamaConfiguration, _ tokens: [Int32]) -> [Float] {
            ModelPass(LlamaModel(c, seed: 1), Compute(), batch: 1, length: tokens.count).logits(tokens: tokens)
        }
        #expect(firstBitDifference(logits(scaled, tokens), logits(plain, tokens)) == nil)
        let long = randomTokens(40, vocabulary: 11, seed: 2)
        #expect(logits(scaled, long).allSatisfy { $0.isFinite })
        let decoder = Decoder(LlamaModel(scaled, seed: 1), Compute(), slots: 1, positions: 40)
        decoder.forward([Decoder.Step(slot: 0, position: 0, tokens: long[...])])
        #expect(firstBitDifference(Array(decoder.logits(0)), Array(logits(scaled, long).suffix(11))) == nil)
    }

    @Test func valuesThatCannotBe() throws {
        let cases: [(Value, path: String, expected: String)] = [
            (["factor": 2], "rope_scaling", "'rope_type', one of linear, dynamic, llama3"), (["rope_type": "yarn", "factor": 2], "rope_scaling.rope_type", "one of linear, dynamic, llama3"),
            (["rope_type": "linear"], "rope_scaling", "'factor'"), (["rope_type": "linear", "factor": 0.5], "rope_scaling.factor", "a number from 1"),
            (["rope_type": "linear", "factor": 2, "low_freq_factor": 1], "rope_scaling.low_freq_factor", "one of factor, rope_type"),
            (["rope_type": "llama3", "factor": 8, "low_freq_factor": 4, "high_freq_factor": 4, "original_max_position_embeddings": 8], "rope_scaling.high_freq_factor", "more than low_freq_factor"),
            (["rope_type": "llama3", "factor": 8, "low_freq_factor": 1, "high_freq_factor": 4], "rope_scaling", "'original_max_position_embeddings'"),
            ("linear", "rope_scaling", "a mapping"),
        ]
        for (scaling, path, expected) in cases {
            let error = #expect(throws: SettingsError.self) { try Self.configuration(scaling) }
            #expect(error?.path.description == path && error?.expected.hasPrefix(expected) == true, "\(error?.description ?? "")")
        }
        let narrow = #expect(throws: SettingsError.self) { try Self.configuration(["rope_type": "dynamic", "factor": 2], ("num_attention_heads", 8)) }
        #expect(narrow?.path.description == "rope_scaling.rope_type")
        for scaling in [["rope_type": "linear", "factor": 2], ["rope_type": "dynamic", "factor": 1.5], ["rope_type": "llama3", "factor": 8, "low_freq_factor": 1, "high_freq_factor": 4, "original_max_position_embeddings": 8]] as [Value] {
            let configuration = try Self.configuration(scaling)
            #expect(try LlamaConfiguration(value: configuration.value) == configuration)
        }
        // Keys of stages that have none stay what they were.
        #expect(try Self.configuration(nil).value["rope_scaling"] == nil)
    }
}
