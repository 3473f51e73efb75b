import Llama
import Settings
import Testing

@Suite struct LlamaConfigurationTests {
    static let sound: Value = [
        "vocab_size": 19, "hidden_size": 12, "intermediate_size": 10, "num_hidden_layers": 3, "num_attention_heads": 6,
    ]

    func error(_ changes: (String, Value)...) -> SettingsError? {
        var value = Self.sound
        for (key, change) in changes { value[key] = change }
        do {
            _ = try LlamaConfiguration(value: value)
            return nil
        } catch {
            return error
        }
    }

    @Test func defaultsAndRoundTrip() throws {
        let configuration = try LlamaConfiguration(value: Self.sound)
        #expect(configuration.keyValueHeadCount == 6 && configuration.maxPositions == 128 && !configuration.tiesEmbeddings)
        #expect(configuration.headWidth == 2 && configuration.keyValueWidth == 12)
        #expect(configuration.ropeTheta == 10000 && configuration.normEpsilon == 1e-5 && configuration.initializerRange == 0.02)
        #expect(try LlamaConfiguration(value: configuration.value) == configuration)
        let small = try smallConfiguration(ties: true)
        #expect(try LlamaConfiguration(value: small.value) == small)
    }

    @Test func parameterCountIsTheModels() throws {
        for ties in [false, true] {
            for keyValueHeads in [1, 2, 3, 6] {
                let configuration = try smallConfiguration(keyValueHeads: keyValueHeads, ties: ties)
                #expect(configuration.parameterCount == LlamaModel(configuration).parameterCount)
            }
        }
    }

    @Test func sizesThatDoNotGoTogether() {
        let heads = error(("num_attention_heads", 5))
        #expect(heads?.path.description == "num_attention_heads" && heads?.expected == "a divisor of hidden_size, which is 12")
        #expect(error(("num_attention_heads", 24))?.path.description == "num_attention_heads")
        let odd = error(("num_attention_heads", 4))
        #expect(odd?.found == "4, which makes heads of width 3" && odd?.expected == "heads of even width")
        #expect(error(("num_attention_heads", 12)) != nil)
        let groups = error(("num_key_value_heads", 4))
        #expect(groups?.path.description == "num_key_value_heads" && groups?.expected == "a divisor of num_attention_heads, which is 6")
        #expect(error(("num_key_value_heads", 12)) != nil)
    }

    @Test func valuesOutOfRange() {
        for key in ["vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "max_position_embeddings"] {
            for value in [0, -1, 1.5, "12", 2_147_483_648, []] as [Value] { #expect(error((key, value))?.path.description == key, "\(key): \(value)") }
        }
        for (key, value) in [("rope_theta", 0.5), ("rms_norm_eps", 0), ("initializer_range", 0), ("tie_word_embeddings", 1)] as [(String, Value)] {
            #expect(error((key, value))?.path.description == key)
        }
        let unknown = error(("hidden_sise", 12))
        #expect(unknown?.subject == .key && unknown?.advice.contains("hidden_size") == true)
    }

    /// Sizes each within its range that together would overflow or fill every memory.
    @Test func tooLarge() {
        let largest: [String: Value] = [
            "vocab_size": 2_147_483_646, "hidden_size": 1_048_576, "intermediate_size": 4_194_304, "num_hidden_layers": 4096,
        ]
        for keys in [
            ["hidden_size"], ["vocab_size", "hidden_size"], ["vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers"],
            ["hidden_size", "num_hidden_layers"],
        ] {
            var value = Self.sound
            for key in keys { value[key] = largest[key] }
            let error = #expect(throws: SettingsError.self) { try LlamaConfiguration(value: value) }
            #expect(error?.found.hasPrefix("sizes that make a model of about") == true, "\(keys)")
        }
        #expect(error(("num_hidden_layers", 1000)) == nil)
    }
}
