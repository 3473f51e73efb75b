import Kernels
import Settings
import TestSupport
import Testing

@Suite struct MutatorTests {
    static let text = Array(#"{"a": [1, 2, {"b": "text"}], "c": 3.5, "d": null}"#.utf8)

    @Test func aSeedFixesTheDamage() {
        func some(_ seed: Int, _ label: String) -> [[UInt8]] {
            var mutator = Mutator(seed: seed, label)
            return (0..<50).flatMap { _ in [mutator.mutated(Self.text), mutator.mutated(json: Self.text)] }
        }
        #expect(some(1, "a") == some(1, "a"))
        #expect(some(1, "a") != some(2, "a"))
        #expect(some(1, "a") != some(1, "b"))
    }

    @Test func damageVariesAndStaysSmall() {
        var mutator = Mutator(seed: 3, "spread")
        let found = (0..<2_000).map { _ in mutator.mutated(Self.text) }
        #expect(Set(found).count > 1_500)
        #expect(found.contains { $0.count < 20 } && found.contains { $0.count > 500 })
        #expect(found.allSatisfy { $0.count < 20_000 })
        #expect(mutator.mutated([]) == [])
    }

    /// Changed structure stays JSON, and mostly is another value.
    @Test func structureChanges() throws {
        var mutator = Mutator(seed: 4, "structure", morsels: ["\"merges\""])
        let original = try Value(json: Self.text)
        let found = try (0..<1_000).map { _ in try Value(json: mutator.mutated(json: Self.text)) }
        #expect(found.count { $0 != original } > 900)
        #expect(Set(found).count > 500)
        #expect(found.contains { $0["a"] == nil } && found.contains { $0["c"]?.asString != nil })
    }
}
