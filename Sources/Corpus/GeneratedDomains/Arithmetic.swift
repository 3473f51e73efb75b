import Kernels

/// Word problems of one and two steps with worked answers.
///
///     Question: Nora has 7 shells. Omar gives her 5 more. How many shells does Nora have now?
///     Answer: 7 + 5 = 12. The answer is 12
public struct Arithmetic: GeneratedDomain {
    /// Largest number that is added or taken away.
    static let largestAddend = 15
    /// Largest factor, divisor and quotient.
    static let largestFactor = 6
    /// Share of problems with two steps.
    static let twoStepShare = 0.5
    /// Problems in a document: one up to this many.
    static let problemsPerDocument = 3

    public init() {}
    public var name: String { "arithmetic" }
    public var version: Int { 1 }
    public var summary: String { "word problems of one and two steps with worked answers" }
    public var defaultDocumentCount: Int { 1400 }
    public var defaultQuestionCount: Int { 200 }

    public func domain(name: String, documentCount: Int, questionCount: Int, seed: Int) -> Domain {
        assembled(
            name: name, documentCount: documentCount, questionCount: questionCount, seed: seed,
            document: { random in
                GeneratedDocument(asking: (0...random.below(Self.problemsPerDocument)).map { _ in ArithmeticProblem(&random).question })
            },
            question: { random in ArithmeticProblem(&random).question })
    }

    public func trainingQuestions(_ count: Int, documentCount: Int, seed: Int, without heldOut: Set<String>) -> [Question] {
        drawn(count, seed: seed, without: heldOut, question: { random in ArithmeticProblem(&random).question })
    }
}
