import Foundation
import Settings
import Testing

@testable import Corpus

@Suite struct TaskScoreTests {
    /// Pairs with what the Python packages give them (`Tests/Golden/make_scores.py`).
    @Test func theScoresOfTheReferencePackages() throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Golden/scores.json")
        let rows = try #require(try Value(json: Array(try Data(contentsOf: file))).asList)
        var compared: [TaskScore: Int] = [:]
        for row in rows {
            let texts = ["prompt", "written", "expected"].compactMap { row[$0]?.asString }
            for score in TaskScore.allCases where score != .mostLikely {
                let found = score.value(written: texts[1], expected: texts[2], prompt: texts[0])
                // Where the package throws: a text without a sentence.
                let expected = row[score.rawValue]?.asDouble ?? 0
                #expect(abs(found - expected) < 1e-12, "\(score.rawValue) of \(texts)")
                if expected > 0, expected < 1 || score.isAccuracy { compared[score, default: 0] += 1 }
            }
        }
        #expect(rows.count >= 150 && TaskScore.allCases.allSatisfy { $0 == .mostLikely || compared[$0, default: 0] >= 20 })
    }

    private func score(_ score: TaskScore, _ written: String, _ expected: String, _ prompt: String = "") -> Double {
        score.value(written: written, expected: expected, prompt: prompt)
    }

    @Test func byHand() {
        #expect(score(.exactMatch, "B", "B") == 1 && score(.exactMatch, "B ", "B") == 0 && score(.exactMatch, "", "") == 0)
        #expect(score(.exactMatch, "e\u{301}", "\u{e9}") == 0)
        #expect(score(.firstCharacter, "B\nit is", "B") == 1 && score(.firstCharacter, " B", "B") == 0 && score(.firstCharacter, "", "B") == 0)
        // Five words each, four in common.
        #expect(abs(score(.rougeL, "a b c d x", "a b c d y") - 0.8) < 1e-8)
        // Of kitten and sitting four of thirteen letters each way are in common: 8/13.
        #expect(score(.editSimilarity, "kitten", "sitting") == 0.62)
        #expect(score(.editSimilarity, "open(<STR_LIT:a>)", "open(a)") == 1)
        #expect(score(.sari, "he sat", "he sat", "he sat") == 1)
    }

    @Test func texts() {
        #expect(PythonText.words("a\u{a0}b\u{1c}c \n d".unicodeScalars) == ["a", "b", "c", "d"].map { Array(($0 as String).unicodeScalars) })
        #expect(String(String.UnicodeScalarView(PythonText.lowercased("ΟΔΟΣ ΣΑ Σ"))) == "οδος σα σ")
    }
}
