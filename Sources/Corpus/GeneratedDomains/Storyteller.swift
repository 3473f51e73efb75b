import Kernels

/// Plain English sentences that hold together: subjects agree with verbs in number and with pronouns in gender, noun phrases
/// take adjectives and relative clauses, and a story follows its people through a day.
enum Storyteller {
    /// A person or persons of a story.
    private struct Character {
        var phrase: String
        var subject: String
        var object: String
        var possessive: String
        var isPlural: Bool
        var was: String { isPlural ? "were" : "was" }
        var has: String { isPlural ? "have" : "has" }
    }

    private static let womenKinds = ["woman", "girl", "queen", "grandmother", "shepherdess", "widow"]
    private static let menKinds = ["man", "boy", "king", "grandfather", "hunter", "miller"]
    private static let natures = ["old", "young", "kind", "clever", "quiet", "proud", "cheerful", "lonely", "patient", "brave"]
    private static let animals = ["dog", "fox", "horse", "goat", "cat", "crow", "hare", "owl"]
    private static let things = ["box", "lamp", "key", "letter", "ring", "map", "cup", "basket", "coat", "book", "coin", "bell"]
    private static let looks = ["small", "red", "golden", "broken", "heavy", "strange", "blue", "wooden", "shining", "dusty"]
    private static let places = ["river", "forest", "bridge", "market", "garden", "well", "church", "hill", "lake", "road", "barn", "harbour"]
    private static let times = ["One morning", "One cold evening", "Late in the autumn", "On a bright day in spring", "After the rain", "Long ago", "At noon", "In the middle of the night"]
    private static let weathers = ["the wind blew hard", "snow was falling", "the sun was warm", "a mist lay over the fields", "the stars were out", "it rained without end"]
    private static let feelings = ["happy", "tired", "afraid", "hungry", "glad", "sad", "surprised", "angry"]
    private static let endings = ["everyone slept well that night", "nobody spoke of it again", "the whole village heard of it", "they lived in peace", "all was as it had been before"]

    /// Five to eight sentences.
    static func story(_ random: inout RandomStream) -> String {
        let hero = character(&random)
        let animal = random.pick(animals), thing = random.pick(things), look = random.pick(looks)
        let place = random.pick(places), other = random.pick(places)
        var sentences = [opening(hero, place, &random)]
        sentences.append(random.pick([
            "There \(hero.subject) found \(English.article(look)) \(thing) that lay beside the \(other).",
            "\(English.capitalised(hero.subject)) saw \(English.article(look)) \(thing), which somebody had left near the \(other).",
            "By the \(other) there was \(English.article(look)) \(thing), and \(hero.subject) picked it up.",
        ]))
        sentences.append(random.pick([
            "The \(thing) was \(random.pick(looks)), but it did not belong to \(hero.object).",
            "\(English.capitalised(hero.phrase)) \(hero.was) \(random.pick(feelings)), for nobody had seen such \(English.article(thing)) before.",
            "\"Whose \(thing) is this?\" said \(hero.phrase).",
            "It was the \(thing) that \(hero.possessive) neighbours had lost.",
        ]))
        for _ in 0..<1 + random.below(3) { sentences.append(turn(hero, animal, thing, &random)) }
        sentences.append(random.pick([
            "In the end \(hero.subject) gave the \(thing) back, and \(random.pick(endings)).",
            "So the \(animal) kept the \(thing), and \(random.pick(endings)).",
            "When the day was over \(hero.subject) \(hero.was) \(random.pick(feelings)), and \(random.pick(endings)).",
            "To this day the people of the village \(random.pick(["tell", "remember", "sing"])) how \(hero.phrase) went home with the \(thing).",
        ]))
        return sentences.joined(separator: " ") + "\n"
    }

    /// A sentence about a person that states none of their facts.
    static func remark(on person: Person, _ random: inout RandomStream) -> String {
        let subject = random.pick([person.subject, person.first])
        return English.capitalised(random.pick([
            "\(subject) was \(random.pick(natures)) and \(random.pick(natures)).",
            "people said that \(person.subject) was \(English.article(random.pick(natures))) \(person.isWoman ? "woman" : "man").",
            "\(subject) had a \(random.pick(["dog", "cat", "horse"])) that followed \(person.isWoman ? "her" : "him") everywhere.",
            "\(person.possessive) friends were fond of \(person.isWoman ? "her" : "him").",
            "the house stood near the \(random.pick(places)).",
        ]))
    }

    private static func character(_ random: inout RandomStream) -> Character {
        let nature = random.pick(natures)
        switch random.below(5) {
        case 0, 1: return Character(phrase: "the \(nature) \(random.pick(womenKinds))", subject: "she", object: "her", possessive: "her", isPlural: false)
        case 2, 3: return Character(phrase: "the \(nature) \(random.pick(menKinds))", subject: "he", object: "him", possessive: "his", isPlural: false)
        default:
            let kind = random.pick(["brothers", "sisters", "children", "fishermen", "travellers", "soldiers"])
            return Character(phrase: "the \(random.pick(["two", "three", "four"])) \(nature) \(kind)", subject: "they", object: "them", possessive: "their", isPlural: true)
        }
    }

    private static func opening(_ hero: Character, _ place: String, _ random: inout RandomStream) -> String {
        random.pick([
            "\(random.pick(times)) \(hero.phrase) went to the \(place).",
            "\(random.pick(times)), when \(random.pick(weathers)), \(hero.phrase) walked to the \(place).",
            "\(English.capitalised(hero.phrase)), who lived by the \(place), woke early, and \(random.pick(weathers)).",
            "In a village near the \(place) there lived \(hero.phrase), and \(random.pick(weathers)).",
        ])
    }

    private static func turn(_ hero: Character, _ animal: String, _ thing: String, _ random: inout RandomStream) -> String {
        let nature = random.pick(natures)
        return random.pick([
            "\(English.capitalised(English.article(nature))) \(animal) that lived there looked at \(hero.object) and said, \"\(random.pick(["Come", "Go", "Wait", "Listen"])), the \(thing) is mine.\"",
            "But the \(animal), which \(hero.subject) did not see, ran away with the \(thing).",
            "\(English.capitalised(hero.subject)) \(hero.was) \(random.pick(feelings)) and sat down under \(English.article(random.pick(["oak", "elm", "apple tree", "willow"]))).",
            "\"We \(random.pick(["must", "should", "cannot"])) take the \(thing) home,\" \(hero.subject) said to the \(animal), \"for it \(random.pick(["is", "was"])) never ours.\"",
            "The \(English.plural(animal)) of the \(random.pick(places)) were \(random.pick(feelings)), and one of them followed \(hero.object).",
            "\(English.capitalised(hero.subject)) asked the \(nature) \(random.pick(womenKinds + menKinds)) whom \(hero.subject) met on the road, but got no answer.",
            "\"\(English.capitalised(hero.phrase)) \(hero.has) the \(thing)!\" cried the \(animal).",
        ])
    }
}
