import Kernels
import Testing

@testable import Corpus

@Suite struct ClausesTests {
    @Test(arguments: [
        (.change(alone: true, notice: 20, mayLeave: true), true), (.change(alone: true, notice: 30, mayLeave: true), false),
        (.change(alone: true, notice: 90, mayLeave: false), true), (.change(alone: false, notice: 0, mayLeave: false), false),
        (.termination(strong: 10, weak: 14), true), (.termination(strong: 14, weak: 14), false), (.termination(strong: 90, weak: 7), false),
        (.liability(cap: 3, coversIntent: false), true), (.liability(cap: 6, coversIntent: false), false), (.liability(cap: 24, coversIntent: true), true),
        (.courts(.seatOfStrong), true), (.courts(.homeOfWeak), false), (.courts(.either), false),
        (.renewal(years: 1, reminder: 30), false), (.renewal(years: 1, reminder: 20), true), (.renewal(years: 2, reminder: 60), true),
        (.penalty(percent: 5, weakAlone: true), false), (.penalty(percent: 8, weakAlone: true), true), (.penalty(percent: 20, weakAlone: false), false),
        (.deposit(returned: 30), false), (.deposit(returned: 45), true), (.data(consent: true), false), (.data(consent: false), true),
    ] as [(ClauseTerms, Bool)])
    func rule(_ terms: ClauseTerms, _ isUnfair: Bool) {
        #expect(terms.isUnfair == isUnfair)
    }

    /// The label follows from the words alone: worked out anew from each held-out question.
    @Test func labelsFollowFromTheText() throws {
        let domain = Clauses().domain(name: "c", documentCount: 200, questionCount: 300, seed: 4)
        for question in domain.questions {
            let clause = question.prompt.split(separator: "\n")[0].drop { $0 != "?" }.dropFirst(2)
            let isUnfair = try unfairness(of: String(clause).lowercased())
            if question.choices.count == 2 {
                #expect(question.answer == (isUnfair ? " unfair" : " fair"), "\(clause)")
            } else {
                #expect(question.answer == (isUnfair ? question.choices[0] : " neither"), "\(clause)")
            }
        }
        let unfair = domain.questions.count { $0.answer != " fair" && $0.answer != " neither" }
        #expect((100...200).contains(unfair))
    }

    private func unfairness(of clause: String) throws -> Bool {
        let numbers = clause.split { !$0.isNumber }.compactMap { Int($0) }
        if clause.contains("alter these terms") || clause.contains("amend any provision") {
            return (numbers.first ?? 0) < 30 || clause.contains("remain bound")
        }
        if clause.contains("terms may be altered only by") || clause.contains("no amendment") { return false }
        if clause.contains("notice, and the") || clause.contains("may be determined") {
            let roles = try #require(ContractRoles.all.first { clause.contains("the \($0.strong)") })
            let strongFirst = place(of: "the \(roles.strong)", in: clause) < place(of: "the \(roles.weak)", in: clause)
            return strongFirst ? numbers[0] < numbers[1] : numbers[1] < numbers[0]
        }
        if clause.contains("liability") { return clause.contains("even where") || (numbers.first ?? 0) < 6 }
        if clause.contains("courts") { return !clause.contains("residence") }
        if clause.contains("further year") { return clause.contains("two further") || (numbers.first ?? 0) < 30 }
        if clause.contains("percent") { return !clause.contains("whichever") && numbers[0] > 5 }
        if clause.contains("deposit") { return numbers[0] > 30 }
        return clause.contains("without the consent")
    }

    @Test func everyKindAndLabelOccursWithItsReason() {
        var random = RandomStream(seed: 2, "clauses")
        var seen: Set<String> = []
        for _ in 0..<1000 {
            let terms = Clauses.terms(&random)
            let roles = ContractRoles.all[0]
            #expect(terms.text(roles, &random).hasSuffix(".") && !terms.reason(roles).isEmpty)
            seen.insert("\(String(describing: terms).prefix { $0 != "(" }) \(terms.isUnfair)")
        }
        #expect(seen.count == 2 * ClauseTerms.kindCount)
    }

    @Test func numbersAreSpelt() {
        #expect(ClauseTerms.number(24) == "twenty-four (24)")
    }

    /// Index at which a part starts, or the length.
    private func place(of part: String, in text: String) -> Int {
        text.indices.first { text[$0...].hasPrefix(part) }.map { text.distance(from: text.startIndex, to: $0) } ?? text.count
    }
}
