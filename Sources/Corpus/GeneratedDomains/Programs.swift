import Kernels

/// Programs of a small language (`Program`), what they work out and what they print.
///
///     Question: What does this program print?
///     let total = 4
///     repeat 2 times
///       let total = total + 3
///     end
///     print total
///     Answer: 4 + 3 = 7. 7 + 3 = 10. It prints 10
public struct Programs: GeneratedDomain {
    /// Largest number written in a program.
    static let largestNumber = 6
    /// No printed number is larger, none is negative.
    static let largestOutput = 20
    /// Share of documents that list a program with its output; the others ask what programs print.
    static let listingShare = 0.2
    /// Programs in a document: one up to this many.
    static let programsPerDocument = 3

    public init() {}
    public var name: String { "programs" }
    public var version: Int { 1 }
    public var summary: String { "programs of a small language with loops, functions and lists, and what they print" }
    public var defaultDocumentCount: Int { 1800 }
    public var defaultQuestionCount: Int { 200 }

    public func domain(name: String, documentCount: Int, questionCount: Int, seed: Int) -> Domain {
        assembled(
            name: name, documentCount: documentCount, questionCount: questionCount, seed: seed,
            document: { random in
                let count = 1 + random.below(Self.programsPerDocument)
                guard random.uniform() < Self.listingShare else {
                    return GeneratedDocument(asking: (0..<count).map { _ in Self.question(&random) })
                }
                return GeneratedDocument(text: (0..<count).map { _ in
                    let (source, _, output, purpose) = Self.program(&random)
                    return "# \(purpose)\n\(source)# output: \(output)\n"
                }.joined(separator: "\n"))
            },
            question: Self.question)
    }

    public func trainingQuestions(_ count: Int, documentCount: Int, seed: Int, without heldOut: Set<String>) -> [Question] {
        drawn(count, seed: seed, without: heldOut, question: Self.question)
    }

    static func question(_ random: inout RandomStream) -> Question {
        let (source, trace, output, _) = program(&random)
        return Question(
            prompt: "Question: What does this program print?\n\(source)Answer:",
            answer: trace.map { " \($0)." }.joined() + " It prints \(output)")
    }

    /// A program, what it works out on the way, the numbers it prints parted by spaces, and a line about it.
    private static func program(_ random: inout RandomStream) -> (source: String, trace: [String], output: String, purpose: String) {
        while true {
            var writer = ProgramWriter(random)
            let purpose = writer.write()
            random = writer.random
            // Written programs always run; those with numbers out of bounds are drawn again.
            guard let (printed, trace) = try? Program(source: writer.source).run(), printed.allSatisfy({ 0...largestOutput ~= $0 }) else { continue }
            return (writer.source, trace, printed.map(String.init).joined(separator: " "), purpose)
        }
    }
}
