/// A domain that the program makes itself: running text, and questions that can be checked.
///
/// The text is ASCII. Questions in the form of `Question` stand in the training text too, but never a held-out one. Everything
/// follows from the counts and the seed, through integer arithmetic alone. A change of what comes out for the same
/// arguments needs a new `version`, which is part of the recipes of the runs that use it.
public protocol GeneratedDomain: Sendable {
    /// The name in experiment files.
    var name: String { get }
    var version: Int { get }
    /// One line for the documentation.
    var summary: String { get }
    var defaultDocumentCount: Int { get }
    var defaultQuestionCount: Int { get }
    /// `documentCount` training documents, about a tenth as many held-out ones, and at most `questionCount` questions: fewer
    /// where a short text leaves nothing more to ask.
    func domain(name: String, documentCount: Int, questionCount: Int, seed: Int) -> Domain
    /// Whether every question comes with answers to choose from.
    var hasChoices: Bool { get }
    /// At most `count` different questions for training of the domain with these arguments, without those of these prompts; fewer where it has no more to ask.
    func trainingQuestions(_ count: Int, documentCount: Int, seed: Int, without heldOut: Set<String>) -> [Question]
}

extension GeneratedDomain {
    public var hasChoices: Bool { false }
}

/// Every generated domain.
public let generatedDomains: [any GeneratedDomain] = [
    Biographies(),
    Arithmetic(),
    Programs(),
    Clauses(),
]

/// The generated domain of a name that has been validated.
func generatedDomain(named name: String) -> any GeneratedDomain {
    guard let domain = generatedDomains.first(where: { $0.name == name }) else { preconditionFailure("no generated domain '\(name)'") }
    return domain
}
