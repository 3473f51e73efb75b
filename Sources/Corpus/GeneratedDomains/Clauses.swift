import Kernels

/// Contracts, and whether their clauses are fair.
///
///     Question: Is this clause fair or unfair? The bank may change these terms on ten (10) days' notice ...
///     Answer: unfair
///
/// Whether a clause is fair follows from what it says, by the rules of `ClauseTerms`. Half of the clauses are unfair.
public struct Clauses: GeneratedDomain {
    /// Share of documents that ask; the others are contracts and notes on them.
    static let askingShare = 0.45
    /// Questions in an asking document.
    static let questionsPerDocument = 3
    /// Sections of a contract: 2 up to this many.
    static let sectionsPerContract = 4
    /// Share of questions about the party that a clause favours (three choices) instead of its fairness (two).
    static let favourShare = 0.25

    public init() {}
    public var name: String { "clauses" }
    public var version: Int { 1 }
    public var summary: String { "legal clauses of contracts, fair or unfair by rules on what they say" }
    public var defaultDocumentCount: Int { 900 }
    public var defaultQuestionCount: Int { 200 }
    public var hasChoices: Bool { true }

    public func domain(name: String, documentCount: Int, questionCount: Int, seed: Int) -> Domain {
        assembled(
            name: name, documentCount: documentCount, questionCount: questionCount, seed: seed,
            document: { random in
                random.uniform() < Self.askingShare
                    ? GeneratedDocument(asking: (0..<Self.questionsPerDocument).map { _ in Self.question(&random) })
                    : GeneratedDocument(text: Self.contract(&random))
            },
            question: Self.question)
    }

    public func trainingQuestions(_ count: Int, documentCount: Int, seed: Int, without heldOut: Set<String>) -> [Question] {
        drawn(count, seed: seed, without: heldOut, question: Self.question)
    }

    /// Terms of either kind as often.
    static func terms(_ random: inout RandomStream) -> ClauseTerms {
        let wanted = random.below(2) == 0
        let kind = random.below(ClauseTerms.kindCount)
        while true {
            let terms = ClauseTerms(kind: kind, &random)
            if terms.isUnfair == wanted { return terms }
        }
    }

    static func question(_ random: inout RandomStream) -> Question {
        let terms = terms(&random)
        let roles = random.pick(ContractRoles.all)
        let text = terms.text(roles, &random)
        if random.uniform() < favourShare {
            return Question(
                prompt: "Question: Whom does this clause favour? \(text)\nAnswer:", answer: terms.isUnfair ? " the \(roles.strong)" : " neither",
                choices: [" the \(roles.strong)", " the \(roles.weak)", " neither"])
        }
        return Question(
            prompt: "Question: Is this clause fair or unfair? \(text)\nAnswer:", answer: terms.isUnfair ? " unfair" : " fair",
            choices: [" fair", " unfair"])
    }

    private static let towns = ["Harwick", "Ostermere", "Dunfield", "Calder", "Westholm", "Marlow Cross"]
    private static let firms = ["Harrow and Dale", "Pemberton", "Ashcombe Brothers", "Northgate", "Sterling and Finch", "Blackwood"]
    private static let months = ["January", "March", "May", "June", "September", "November"]

    /// A heading, the parties, numbered sections, and sometimes a note on one of them.
    private static func contract(_ random: inout RandomStream) -> String {
        let roles = random.pick(ContractRoles.all)
        var text = "\(roles.title.uppercased())\nThis agreement is made on the \(1 + random.below(28)) of \(random.pick(months)) "
        text += "between \(random.pick(firms)) Limited of \(random.pick(towns)), hereinafter called the \(roles.strong), and the undersigned, "
        text += "hereinafter called the \(roles.weak).\n"
        var notes: [String] = []
        for section in 1...(2 + random.below(sectionsPerContract - 1)) {
            if section > 1, random.below(3) == 0 {
                text += "\(section). \(boilerplate(roles, &random))\n"
            } else {
                let terms = terms(&random)
                text += "\(section). \(terms.text(roles, &random))\n"
                notes.append("Note on section \(section): this clause is \(terms.isUnfair ? "unfair" : "fair"), since \(terms.reason(roles)).\n")
            }
        }
        return random.below(3) > 0 ? text + random.pick(notes) : text
    }

    private static func boilerplate(_ roles: ContractRoles, _ random: inout RandomStream) -> String {
        switch random.below(5) {
        case 0: "In this agreement, unless the context otherwise requires, the singular includes the plural and headings are for convenience only."
        case 1: "Any notice under this agreement shall be given in writing and delivered by hand or by registered post to the address of the \(roles.weak) or the \(roles.strong), as the case may be."
        case 2: "If any provision of this agreement is held to be invalid, the remaining provisions shall continue in full force and effect."
        case 3: "Neither the \(roles.strong) nor the \(roles.weak) shall assign its rights hereunder without the prior written consent of the other."
        default: "This agreement constitutes the entire understanding between the parties and supersedes all prior representations."
        }
    }
}

/// The parties of a kind of contract: the one that writes its terms, and the one that signs them.
struct ContractRoles: Sendable, Hashable {
    var title: String
    var strong: String
    var weak: String

    static let all = [
        ContractRoles(title: "Service agreement", strong: "provider", weak: "customer"),
        ContractRoles(title: "Tenancy agreement", strong: "landlord", weak: "tenant"),
        ContractRoles(title: "Loan agreement", strong: "lender", weak: "borrower"),
        ContractRoles(title: "Policy of insurance", strong: "insurer", weak: "insured"),
        ContractRoles(title: "Conditions of carriage", strong: "carrier", weak: "passenger"),
        ContractRoles(title: "Contract of sale", strong: "seller", weak: "buyer"),
    ]
}
