import Llama
import TestSupport
import Testing

@Suite struct GoldenTests {
    @Test func batchesAreShiftedByOne() throws {
        let golden = try Golden("llama")
        let all = try golden.file.integers("tokens")
        let shape = try #require(golden.file.entries["tokens"]?.shape)
        try #require(shape.count == 3 && shape[0] == 11)
        for index in [0, 10] {
            let (tokens, targets, batch, length) = try golden.batch(index)
            #expect([11, batch, length + 1] == shape)
            #expect(tokens.count == batch * length && targets.count == batch * length)
            for sequence in 0..<batch {
                let start = (index * batch + sequence) * (length + 1)
                #expect(tokens[sequence * length] == Int32(all[start]))
                #expect(targets[sequence * length] == Int32(all[start + 1]))
                #expect(Array(tokens[sequence * length + 1..<(sequence + 1) * length]) == Array(targets[sequence * length..<(sequence + 1) * length - 1]))
                #expect(targets[(sequence + 1) * length - 1] == Int32(all[start + length]))
            }
        }
    }

    @Test func aFileThatIsNotThereIsAnError() {
        #expect(throws: CheckpointError.self) { try Golden("nothing") }
    }
}
