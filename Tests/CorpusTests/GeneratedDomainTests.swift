import Testing

@testable import Corpus

/// What holds for every generated domain.
@Suite struct GeneratedDomainTests {
    /// Each is made once, with its defaults.
    private static let domains: [Domain] = generatedDomains.map {
        $0.domain(name: $0.name, documentCount: $0.defaultDocumentCount, questionCount: $0.defaultQuestionCount, seed: 0)
    }

    /// Tests take the index: a whole domain as an argument would be described in full.
    private static let indices = generatedDomains.indices

    private func text(_ documents: [[UInt8]]) -> String { documents.map { String(decoding: $0, as: UTF8.self) }.joined() }

    private func asked(in text: String) -> Set<String> {
        // From "Question:" to the next "Answer:", however many lines lie between.
        var prompts: Set<String> = []
        var prompt = ""
        for line in text.split(separator: "\n") {
            if line.hasPrefix("Question:") { prompt = "" }
            if line.hasPrefix("Answer:") { prompts.insert(prompt + "Answer:") }
            prompt += line + "\n"
        }
        return prompts
    }

    @Test(arguments: indices) func sizes(_ index: Int) {
        let domain = Self.domains[index]
        let bytes = domain.training.map(\.count).reduce(0, +)
        #expect((300_000...600_000).contains(bytes), "\(bytes) bytes")
        #expect(domain.heldOut.map(\.count).reduce(0, +) > bytes / 20)
        #expect(domain.questions.count == 200)
        #expect(domain.training.allSatisfy { $0.count < 4096 && !$0.isEmpty })
    }

    @Test(arguments: indices) func isASCII(_ index: Int) {
        let domain = Self.domains[index]
        for text in domain.training + domain.heldOut + domain.questions.map({ Array(($0.prompt + $0.answer).utf8) }) {
            #expect(text.allSatisfy { $0 == 0x0A || ($0 >= 0x20 && $0 <= 0x7E) })
        }
    }

    @Test(arguments: indices) func nothingHeldOutIsTrainedOn(_ index: Int) {
        let domain = Self.domains[index]
        #expect(Set(domain.training).isDisjoint(with: Set(domain.heldOut)))
        let prompts = domain.questions.map(\.prompt)
        #expect(Set(prompts).count == prompts.count)
        let inTraining = asked(in: text(domain.training))
        #expect(inTraining.count > 300)
        #expect(inTraining.isDisjoint(with: Set(prompts)))
    }

    @Test(arguments: indices) func questionsAreWellFormed(_ index: Int) {
        let domain = Self.domains[index]
        for question in domain.questions {
            #expect(question.prompt.hasPrefix("Question: ") && question.prompt.hasSuffix("\nAnswer:"))
            #expect(question.answer.hasPrefix(" ") && question.answer.count > 1 && !question.answer.contains("\n"))
            #expect(Set(question.choices).count == question.choices.count && question.choices.allSatisfy { $0.hasPrefix(" ") })
        }
        // No answer is right much more often than chance allows.
        let last = domain.questions.map { $0.answer.split(separator: " ").last ?? "" }
        let answers = Dictionary(grouping: last, by: { $0 }).map(\.value.count).max() ?? 0
        #expect(answers <= 120, "one answer \(answers) times of \(domain.questions.count)")
    }

    @Test func sameSeedSameText() {
        for generator in generatedDomains {
            func make(_ seed: Int) -> Domain { generator.domain(name: "d", documentCount: 60, questionCount: 20, seed: seed) }
            #expect(make(1) == make(1))
            #expect(make(1).training != make(2).training && make(1).heldOut != make(2).heldOut && make(1).questions != make(2).questions)
        }
    }

    @Test func smallTexts() {
        for generator in generatedDomains {
            for seed in 0..<5 {
                let domain = generator.domain(name: "d", documentCount: 20, questionCount: 100, seed: seed)
                #expect(domain.training.count == 20 && !domain.heldOut.isEmpty && !domain.questions.isEmpty)
            }
        }
    }

    /// Words that one domain uses often are rare in the others: what makes learning one forget another.
    @Test func domainsDiffer() {
        let vocabularies = Self.domains.map { domain in
            let words = text(domain.training).split { !$0.isLetter }.map { $0.lowercased() }
            return Set(Dictionary(grouping: words, by: { $0 }).sorted { ($0.value.count, $0.key) > ($1.value.count, $1.key) }.prefix(60).map(\.key))
        }
        for (index, first) in vocabularies.enumerated() {
            for second in vocabularies[..<index] { #expect(first.intersection(second).count < 25) }
        }
    }

    @Test func namesAreUnique() {
        #expect(Set(generatedDomains.map(\.name)).count == generatedDomains.count)
        #expect(generatedDomains.map(\.name) == ["biographies", "arithmetic", "programs", "clauses"])
    }
}
