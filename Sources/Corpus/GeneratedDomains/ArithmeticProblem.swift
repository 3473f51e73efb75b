import Kernels

/// A word problem: a story, the steps that solve it, and the number that comes out.
struct ArithmeticProblem {
    /// `left` `sign` `right`; the division has no remainder and no result is negative.
    struct Step: Hashable {
        var left: Int
        var sign: Character
        var right: Int

        var result: Int {
            switch sign {
            case "+": left + right
            case "-": left - right
            case "x": left * right
            default: left / right
            }
        }
    }

    var story: String
    var steps: [Step]

    var question: Question {
        let working = steps.map { "\($0.left) \($0.sign) \($0.right) = \($0.result)" }.joined(separator: ". ")
        return Question(prompt: "Question: \(story)\nAnswer:", answer: " \(working). The answer is \(steps[steps.count - 1].result)")
    }

    private static let people: [(name: String, subject: String, object: String)] = [
        ("Nora", "she", "her"), ("Omar", "he", "him"), ("Lena", "she", "her"), ("Ivan", "he", "him"), ("Mara", "she", "her"), ("Theo", "he", "him"),
        ("Ruth", "she", "her"), ("Hugo", "he", "him"), ("Anna", "she", "her"), ("Karl", "he", "him"), ("Tess", "she", "her"), ("Finn", "he", "him"),
    ]
    private static let things = [
        "apple", "shell", "marble", "stamp", "button", "pencil", "cookie", "coin", "card", "ticket", "balloon", "ribbon", "plum", "candle", "sticker", "berry",
    ]
    private static let holders = ["box", "bag", "basket", "jar", "shelf", "tray", "drawer", "bucket"]

    /// Draws a problem.
    init(_ random: inout RandomStream) {
        func number(_ largest: Int) -> Int { 2 + random.below(largest - 1) }
        let person = random.pick(Self.people)
        let other = random.pick(Self.people.filter { $0.name != person.name })
        let thing = random.pick(Self.things)
        let things = English.plural(thing)
        let a = number(Arithmetic.largestAddend), b = number(Arithmetic.largestAddend)
        let f = number(Arithmetic.largestFactor), g = number(Arithmetic.largestFactor)
        let holder = random.pick(Self.holders)
        let holders = holder == "shelf" ? "shelves" : English.plural(holder)

        // The first step, its story, and what is asked when nothing follows.
        var ask: String
        switch random.below(6) {
        case 0:
            story = "\(person.name) has \(a) \(things). \(other.name) gives \(person.object) \(b) more."
            steps = [Step(left: a, sign: "+", right: b)]
            ask = "How many \(things) does \(person.name) have now?"
        case 1:
            story = "There are \(a) \(things) on the table. \(person.name) puts \(b) more beside them."
            steps = [Step(left: a, sign: "+", right: b)]
            ask = "How many \(things) are on the table?"
        case 2:
            story = "\(person.name) has \(a + b) \(things). \(English.capitalised(person.subject)) gives \(b) of them to \(other.name)."
            steps = [Step(left: a + b, sign: "-", right: b)]
            ask = "How many \(things) does \(person.name) have left?"
        case 3:
            story = "\(person.name) owns \(a + b) \(things). \(other.name) owns \(b) fewer than \(person.name)."
            steps = [Step(left: a + b, sign: "-", right: b)]
            ask = "How many \(things) does \(other.name) own?"
        case 4:
            story = "\(person.name) fills \(f) \(holders) with \(g) \(things) each."
            steps = [Step(left: f, sign: "x", right: g)]
            ask = "How many \(things) does \(person.name) use?"
        default:
            story = "\(person.name) shares \(f * g) \(things) equally among \(g) friends."
            steps = [Step(left: f * g, sign: ":", right: g)]
            ask = "How many \(things) does each friend get?"
        }
        if random.uniform() < Arithmetic.twoStepShare {
            let first = steps[0].result
            let c = number(Arithmetic.largestAddend)
            switch random.below(3) {
            case 0:
                story += " Then \(c) more \(things) are found in the hall and added."
                steps.append(Step(left: first, sign: "+", right: c))
                ask = "How many \(things) is that in the end?"
            case 1 where first > 2:
                let lost = 1 + random.below(first - 1)
                story += " Then \(English.count(lost, thing)) of those \(lost == 1 ? "is" : "are") lost."
                steps.append(Step(left: first, sign: "-", right: lost))
                ask = "How many \(things) is that in the end?"
            default:
                // Three coins only where the product keeps to two digits.
                let price = first > 33 ? 2 : 2 + random.below(2)
                story += " Each of those is then sold for \(price) coins."
                steps.append(Step(left: first, sign: "x", right: price))
                ask = "How many coins is that?"
            }
        }
        story += " " + ask
    }
}
