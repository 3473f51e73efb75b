import Kernels

/// An invented person: what can be told of them and asked about them.
struct Person: Sendable, Hashable {
    enum Fact: Int, Sendable, CaseIterable { case town, year, profession, employer, hobby }

    var first: String
    var surname: String
    var isWoman: Bool
    /// The value of each fact, by its number.
    var values: [String]

    var name: String { "\(first) \(surname)" }
    var subject: String { isWoman ? "she" : "he" }
    var possessive: String { isWoman ? "her" : "his" }

    private static let women = [
        "Alma", "Brenda", "Clara", "Doris", "Edith", "Flora", "Greta", "Hilda", "Irma", "Judith", "Katrin", "Lydia", "Miriam", "Nadia", "Olga", "Paula",
    ]
    private static let men = [
        "Anton", "Boris", "Conrad", "Dexter", "Edgar", "Felix", "Gustav", "Harold", "Ivor", "Jasper", "Kenneth", "Lorenz", "Marcus", "Nestor", "Oswald", "Peter",
    ]
    private static let surnames = [
        "Abbott", "Barlow", "Carver", "Dunmore", "Ellery", "Fenton", "Garland", "Hawley", "Ingram", "Jarvis", "Kendall", "Lambert", "Mercer", "Norwood",
        "Osborne", "Prescott", "Quimby", "Radley", "Sefton", "Thorne", "Upton", "Vickers", "Warden", "Yardley",
    ]

    /// What a fact may say.
    static func values(of fact: Fact) -> [String] {
        switch fact {
        case .town:
            [
                "Fenwick", "Larkhill", "Otterburn", "Saltmarsh", "Greyport", "Elmstead", "Ravensby", "Thornbury", "Willowdale", "Kingsmoor", "Pinecrest", "Stonebridge",
                "Coldwater", "Highfield", "Oakham", "Seaford",
            ]
        case .year: (0..<24).map { String(1901 + 3 * $0) }
        case .profession:
            [
                "baker", "carpenter", "nurse", "painter", "teacher", "sailor", "gardener", "tailor", "printer", "surgeon", "clockmaker", "weaver", "potter", "farmer",
                "librarian", "blacksmith",
            ]
        case .employer:
            [
                "the railway", "the town hall", "the old mill", "the harbour office", "the royal theatre", "the glass factory", "the city hospital", "the post office",
                "the silver mine", "the grand hotel", "the paper works", "the public library",
            ]
        case .hobby: ["the violin", "the piano", "the flute", "the harp", "the trumpet", "the guitar", "the cello", "the drums", "the organ", "the clarinet"]
        }
    }

    /// People of different names, with facts drawn at random. Sixteen seeds in a row have no name in common, so that a second
    /// domain of people adds facts and does not contradict those of the first.
    static func drawn(_ count: Int, seed: Int, _ random: inout RandomStream) -> [Person] {
        var order = RandomStream(seed: 0, "names")
        let names = order.shuffled(surnames.flatMap { surname in (women + men).map { (first: $0, surname: surname) } })
        let share = names.count / 16
        precondition(count <= share, "\(count) people of \(share) names")
        let start = seed % 16 * share
        return random.shuffled(Array(names[start..<start + share])).prefix(count).map { name in
            Person(
                first: name.first, surname: name.surname, isWoman: women.contains(name.first), values: Fact.allCases.map { random.pick(values(of: $0)) })
        }
    }

    /// The wordings of a fact as a statement about `subject` (the name, or a pronoun), without a full stop.
    func statements(_ fact: Fact, of subject: String) -> [String] {
        let value = values[fact.rawValue]
        return switch fact {
        case .town:
            [
                "\(subject) was born in \(value)", "\(subject) came from the town of \(value)", "\(subject) grew up in \(value), where the family had always lived",
                "the birthplace of \(subject) was \(value)", "\(subject) was a native of \(value)",
            ]
        case .year:
            [
                "\(subject) was born in the year \(value)", "\(subject) came into the world in \(value)", "the year in which \(subject) was born was \(value)",
                "it was in \(value) that \(subject) was born",
            ]
        case .profession:
            [
                "\(subject) worked as \(English.article(value))", "\(subject) was \(English.article(value)) by trade", "\(subject) earned a living as \(English.article(value))",
                "\(subject), who was \(English.article(value)), loved the work", "\(subject) trained for years and became \(English.article(value))",
            ]
        case .employer:
            [
                "\(subject) was employed by \(value)", "\(subject) worked for \(value)", "\(value) gave \(subject) a position", "\(subject) spent many years at \(value)",
            ]
        case .hobby:
            [
                "\(subject) played \(value)", "in the evenings \(subject) practised \(value)", "\(subject) was fond of playing \(value)",
                "\(subject), who played \(value), gave small concerts",
            ]
        }
    }

    /// The wordings of a question for a fact.
    func questions(_ fact: Fact) -> [String] {
        switch fact {
        case .town: ["Where was \(name) born?", "What was the birthplace of \(name)?", "Which town did \(name) come from?", "In which place did \(name) grow up?"]
        case .year: ["In which year was \(name) born?", "When was \(name) born?", "What was the birth year of \(name)?", "When did \(name) come into the world?"]
        case .profession:
            ["What was the profession of \(name)?", "What did \(name) work as?", "What was \(name) by trade?", "How did \(name) earn a living?"]
        case .employer: ["Who employed \(name)?", "Whom did \(name) work for?", "Where did \(name) have a position?", "Where did \(name) spend many years?"]
        case .hobby:
            ["What did \(name) play?", "Which instrument did \(name) play?", "What was \(name) fond of playing?", "What did \(name) practise in the evenings?"]
        }
    }

    /// The answer to each of the questions, in the form of `Question`.
    func answer(_ fact: Fact) -> String {
        let value = values[fact.rawValue]
        return " " + (fact == .profession ? English.article(value) : value)
    }
}
