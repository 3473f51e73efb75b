import Kernels

/// A piece of generated text and the questions that stand in it.
struct GeneratedDocument {
    var text: String
    var asked: [Question] = []

    /// Questions with their answers, one after the other, as they stand in running text.
    init(asking questions: [Question]) {
        text = questions.map { "\($0.prompt)\($0.answer)\n" }.joined()
        asked = questions
    }

    init(text: String) { self.text = text }
}

extension GeneratedDomain {
    /// Draws documents and questions and keeps what is held out apart: no held-out document is a training document, and no
    /// question stands in the training text.
    func assembled(
        name: String, documentCount: Int, questionCount: Int, seed: Int,
        document: (inout RandomStream) -> GeneratedDocument, question: (inout RandomStream) -> Question
    ) -> Domain {
        var random = RandomStream(seed: seed, "\(self.name)/training")
        let training = (0..<documentCount).map { _ in document(&random) }
        let trainingTexts = Set(training.map(\.text))
        var seen = Set(training.flatMap(\.asked).map(\.prompt))

        // Bounded attempts: a tiny text may have nothing new left to say.
        random = RandomStream(seed: seed, "\(self.name)/held out")
        let heldOutCount = max(8, documentCount / 10)
        var heldOut: [String] = []
        for _ in 0..<heldOutCount * 20 where heldOut.count < heldOutCount {
            let text = document(&random).text
            if !trainingTexts.contains(text) { heldOut.append(text) }
        }

        random = RandomStream(seed: seed, "\(self.name)/questions")
        var questions: [Question] = []
        for _ in 0..<questionCount * 20 where questions.count < questionCount {
            let candidate = question(&random)
            if seen.insert(candidate.prompt).inserted { questions.append(candidate) }
        }
        return Domain(
            name: name, training: training.map { Array($0.text.utf8) }, heldOut: heldOut.map { Array($0.utf8) }, questions: questions)
    }

    /// Draws different questions, none with one of these prompts.
    func drawn(_ count: Int, seed: Int, without heldOut: Set<String>, question: (inout RandomStream) -> Question) -> [Question] {
        var random = RandomStream(seed: seed, "\(name)/pairs")
        var (seen, questions) = (heldOut, [Question]())
        // Bounded attempts, as above.
        for _ in 0..<count * 20 where questions.count < count {
            let candidate = question(&random)
            if seen.insert(candidate.prompt).inserted { questions.append(candidate) }
        }
        return questions
    }
}
