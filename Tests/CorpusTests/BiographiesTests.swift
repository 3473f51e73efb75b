import Kernels
import Testing

@testable import Corpus

@Suite struct BiographiesTests {
    private static let domain = Biographies().domain(name: "b", documentCount: 1600, questionCount: 200, seed: 3)
    private static let training = domain.training.map { String(decoding: $0, as: UTF8.self) }

    /// Every document that names a person in full tells the same of them: the value asked for stands there, and no other does.
    @Test func answersAreWhatTheTextSays() throws {
        var supported = 0
        for question in Self.domain.questions {
            let words = question.prompt.split { !$0.isLetter }
            let name = try #require(zip(words, words.dropFirst()).map { "\($0) \($1)" }.first { pair in
                Self.training.contains { $0.hasPrefix("\(pair) ") }
            })
            let value = String(question.answer.split(separator: " ").last ?? "")
            if Self.training.contains(where: { !$0.hasPrefix("Question") && $0.contains(name) && $0.contains(value) }) { supported += 1 }
        }
        #expect(supported == Self.domain.questions.count)
    }

    @Test func factsAreConsistentAcrossQuestions() {
        var answers: [String: Set<String>] = [:]
        for text in Self.training where text.hasPrefix("Question") {
            let lines = text.split(separator: "\n")
            for index in stride(from: 0, to: lines.count - 1, by: 2) { answers[String(lines[index]), default: []].insert(String(lines[index + 1])) }
        }
        #expect(answers.count > 200 && answers.values.allSatisfy { $0.count == 1 })
    }

    @Test func bothFormsOfQuestions() {
        let written = Self.domain.questions.count { $0.choices.isEmpty }
        #expect((25...80).contains(written))
        #expect(Self.domain.questions.allSatisfy { $0.choices.isEmpty || ($0.choices.count == 4 && $0.choices.contains($0.answer)) })
    }

    @Test func peopleHaveNamesOfTheirOwn() {
        var random = RandomStream(seed: 1, "people")
        let people = Person.drawn(48, seed: 1, &random)
        #expect(Set(people.map(\.name)).count == 48)
        // Domains of sixteen seeds in a row tell of different people.
        var names: Set<String> = []
        for seed in 5..<21 { for person in Person.drawn(48, seed: seed, &random) { names.insert(person.name) } }
        #expect(names.count == 16 * 48)
        for person in people.prefix(10) {
            for fact in Person.Fact.allCases {
                #expect(Person.values(of: fact).contains(person.values[fact.rawValue]))
                #expect(person.questions(fact).count == 4 && person.questions(fact).allSatisfy { $0.contains(person.name) })
                #expect(person.statements(fact, of: "she").allSatisfy { $0.contains(person.values[fact.rawValue]) })
                #expect(person.statements(fact, of: "she").contains { $0.hasPrefix("she ") })
            }
        }
    }

    @Test func english() {
        #expect(["apple", "box", "berry", "tray", "bush", "bus"].map(English.plural) == ["apples", "boxes", "berries", "trays", "bushes", "buses"])
        #expect(English.article("owl") == "an owl" && English.article("fox") == "a fox")
        #expect(English.count(1, "coin") == "1 coin" && English.count(2, "coin") == "2 coins")
        #expect(English.capitalised("the end") == "The end" && English.capitalised("") == "")
    }
}
