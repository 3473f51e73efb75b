import Settings
import Testing

@testable import Corpus

/// Questions of generated domains as prompts with answers.
@Suite struct GeneratedExamplesTests {
    private func source(_ value: Value) throws -> DataSource { try DataSource(settings: Settings(validated: DataSource.kind.validated(value, at: Path()))) }

    private func entry(_ name: String, _ more: [String: Value] = [:]) -> Value {
        .object(["generated": .string(name), "documents": 400, "questions": 60].merging(more) { $1 })
    }

    @Test(arguments: generatedDomains.map(\.name)) func pairs(name: String) throws {
        let text = try source(entry(name)).load(name: "t"), domain = try source(entry(name, ["form": "examples"])).load(name: "p")
        let set = try #require(domain.examples)
        let prompts = set.training.map(\.prompt), held = set.heldOut.map(\.prompt)
        #expect((100...400).contains(prompts.count) && Set(prompts).count == prompts.count && Set(prompts).isDisjoint(with: held))
        // The questions of the text of the same arguments, with their choices: never in that text.
        #expect(held == text.questions.map(\.prompt) && set.heldOut.map(\.answer) == text.questions.map(\.answer))
        #expect(set.heldOut.map(\.choices) == text.questions.map(\.choices))
        let all = String(decoding: Array(text.training.joined()), as: UTF8.self)
        #expect(held.allSatisfy { !all.contains($0) })
        #expect(set.training.allSatisfy { $0.answer.hasPrefix(" ") && !$0.answer.contains("\n") && $0.segments.map(\.isAnswer) == [false, true] })
        #expect(set.answersOnly && set.isPacked && set.score == (name == "clauses" ? .mostLikely : .exactMatch) && set.maxNewTokens == nil)
        #expect(try source(entry(name, ["form": "examples"])).load(name: "p") == domain)
        #expect(try source(entry(name, ["form": "examples", "seed": 1])).load(name: "p").examples?.training != set.training)
        let other = try #require(source(entry(name, ["form": "examples", "metric": "rouge-l", "loss": "all", "packing": false, "max_new_tokens": 3])).load(name: "p").examples)
        #expect(other.score == .rougeL && !other.answersOnly && !other.isPacked && other.maxNewTokens == 3 && other.training == set.training)
    }

    /// Facts that training never asks are asked in no training pair.
    @Test func whatIsNeverAsked() throws {
        let text = try source(entry("biographies")).load(name: "t"), set = try #require(source(entry("biographies", ["form": "examples"])).load(name: "p").examples)
        let all = String(decoding: Array(text.training.joined()), as: UTF8.self)
        #expect(set.training.count { all.contains($0.prompt) } > set.training.count / 4)
        #expect(Set(set.heldOut.map(\.answer)).intersection(set.training.map(\.answer)).count > 10)
    }

    @Test func recipes() throws {
        #expect(try source(["generated": "arithmetic"]).recipe == ["source": "generated", "generated": "arithmetic", "version": 1, "documents": 1400, "questions": 200, "seed": 0])
        #expect(try source(["generated": "arithmetic", "form": "text"]) == source(["generated": "arithmetic"]))
        let pairs = try source(["generated": "arithmetic", "form": "examples"])
        #expect(
            pairs.recipe == [
                "source": "generated", "generated": "arithmetic", "version": 1, "documents": 1400, "questions": 200, "seed": 0, "reader": 1,
                "examples": ["loss": "answers", "packing": true, "metric": "exact-match", "max_new_tokens": .null],
            ])
        #expect(pairs.hasExamples && pairs.countsAnswersOnly && pairs.score == .exactMatch)
        let text = try source(["generated": "clauses"])
        #expect(!text.hasExamples && !text.countsAnswersOnly && text.score == .exactMatch)
        #expect(try !source(["generated": "clauses", "form": "examples", "loss": "all"]).countsAnswersOnly)
    }

    @Test func keysThatDoNotGoTogether() throws {
        for (value, expected) in [
            (["generated": "arithmetic", "form": "text", "metric": "sari"], "'metric' beside 'generated'"), (["text": "x", "form": "examples"], "'form' beside 'text'"),
            (["generated": "arithmetic", "form": "pairs"], "form: found \"pairs\""),
            (["generated": "biographies", "form": "examples", "metric": "most-likely"], "metric: found \"most-likely\" of 'biographies', whose questions name no answers to choose from"),
        ] as [(Value, String)] {
            let error = #expect(throws: SettingsError.self) { try source(value) }
            #expect(error?.description.contains(expected) == true, "\(String(describing: error))")
        }
    }
}
