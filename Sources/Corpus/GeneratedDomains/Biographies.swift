import Kernels

/// General English: stories, and the lives of invented people.
///
///     Question: Where was Alma Barlow born?
///     Answer: Fenwick
///
/// Each fact about a person stands in many documents in several wordings. Of the four ways to ask for a fact one is kept for
/// the held-out questions, and for some facts all four: those are known from statements alone.
public struct Biographies: GeneratedDomain {
    /// People: five facts each.
    static let mostPeople = 48
    /// Documents that a person needs at least, so that short texts tell of fewer people.
    static let documentsPerPerson = 8
    /// Shares of the documents; the rest are biographies.
    static let storyShare = 0.35
    static let askingShare = 0.3
    /// Share of the facts that the training text states and never asks.
    static let neverAskedShare = 0.25
    /// Share of the held-out questions without choices.
    static let writtenShare = 0.25
    /// Questions in an asking document.
    static let questionsPerDocument = 4

    public init() {}
    public var name: String { "biographies" }
    public var version: Int { 2 }
    public var summary: String { "general English: stories, and facts about invented people" }
    public var defaultDocumentCount: Int { 1600 }
    public var defaultQuestionCount: Int { 200 }

    public func domain(name: String, documentCount: Int, questionCount: Int, seed: Int) -> Domain {
        let (people, kept) = cast(documentCount: documentCount, seed: seed)
        return assembled(
            name: name, documentCount: documentCount, questionCount: questionCount, seed: seed,
            document: { random in
                let draw = random.uniform()
                if draw < Self.storyShare { return GeneratedDocument(text: Storyteller.story(&random)) }
                if draw > 1 - Self.askingShare { return Self.askingDocument(people, kept, &random) }
                return GeneratedDocument(text: Self.biography(of: random.pick(people), &random))
            },
            question: { random in
                let index = random.below(people.count)
                let fact = random.pick(Person.Fact.allCases)
                let wording = kept[index][fact.rawValue] ?? random.below(people[index].questions(fact).count)
                return Self.question(people[index], fact, wording, choices: random.uniform() >= Self.writtenShare, &random)
            })
    }

    public func trainingQuestions(_ count: Int, documentCount: Int, seed: Int, without heldOut: Set<String>) -> [Question] {
        let (people, kept) = cast(documentCount: documentCount, seed: seed)
        guard kept.contains(where: { $0.contains { $0 != nil } }) else { return [] }
        return drawn(count, seed: seed, without: heldOut) { random in Self.trainingQuestion(people, kept, &random) }
    }

    /// The people, and for each person and fact the wording that training never asks; nil: it asks none.
    private func cast(documentCount: Int, seed: Int) -> (people: [Person], kept: [[Int?]]) {
        var random = RandomStream(seed: seed, "\(name)/people")
        let people = Person.drawn(min(Self.mostPeople, max(2, documentCount / Self.documentsPerPerson)), seed: seed, &random)
        let kept: [[Int?]] = people.map { person in
            Person.Fact.allCases.map { random.uniform() < Self.neverAskedShare ? nil : random.below(person.questions($0).count) }
        }
        return (people, kept)
    }

    private static func question(_ person: Person, _ fact: Person.Fact, _ wording: Int, choices: Bool, _ random: inout RandomStream) -> Question {
        let answer = person.answer(fact)
        var offered: [String] = []
        if choices {
            var others = person
            let wrong = Person.values(of: fact).filter { $0 != person.values[fact.rawValue] }
            offered = [answer] + random.shuffled(wrong).prefix(3).map { value in
                others.values[fact.rawValue] = value
                return others.answer(fact)
            }
            offered = random.shuffled(offered)
        }
        return Question(prompt: "Question: \(person.questions(fact)[wording])\nAnswer:", answer: answer, choices: offered)
    }

    private static func askingDocument(_ people: [Person], _ kept: [[Int?]], _ random: inout RandomStream) -> GeneratedDocument {
        var questions: [Question] = []
        while questions.count < questionsPerDocument {
            let index = random.below(people.count)
            let fact = random.pick(Person.Fact.allCases)
            let wording = random.below(people[index].questions(fact).count)
            // Where people are few it may be that no fact at all is asked.
            guard let held = kept[index][fact.rawValue], held != wording else {
                if kept.allSatisfy({ $0.allSatisfy { $0 == nil } }) { return GeneratedDocument(text: biography(of: people[index], &random)) }
                continue
            }
            questions.append(question(people[index], fact, wording, choices: false, &random))
        }
        return GeneratedDocument(asking: questions)
    }

    /// A question that training asks, of which there is one.
    private static func trainingQuestion(_ people: [Person], _ kept: [[Int?]], _ random: inout RandomStream) -> Question {
        while true {
            let index = random.below(people.count)
            let fact = random.pick(Person.Fact.allCases)
            let wording = random.below(people[index].questions(fact).count)
            if let held = kept[index][fact.rawValue], held != wording { return question(people[index], fact, wording, choices: false, &random) }
        }
    }

    /// Three to five facts in any order: first by name, then by pronoun or surname, with a plain sentence here and there.
    private static func biography(of person: Person, _ random: inout RandomStream) -> String {
        var sentences: [String] = []
        for fact in random.shuffled(Person.Fact.allCases).prefix(3 + random.below(3)) {
            let subject = sentences.isEmpty ? person.name : random.pick([person.subject, person.name, person.first])
            let wordings = person.statements(fact, of: subject)
            // "The birthplace of she" is no English: pronouns take a wording that starts with them.
            let fitting = subject == person.subject ? wordings.filter { $0.hasPrefix(subject) } : wordings
            var sentence = random.pick(fitting)
            if !sentences.isEmpty, random.below(6) == 0 { sentence = random.pick(["as people remember, ", "in those days ", "it is said that "]) + sentence }
            sentences.append(English.capitalised(sentence) + ".")
            if random.below(4) == 0 { sentences.append(Storyteller.remark(on: person, &random)) }
        }
        return sentences.joined(separator: " ") + "\n"
    }
}
