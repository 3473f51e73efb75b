import Kernels

/// Writes one random program of the small language.
struct ProgramWriter {
    private(set) var source = ""
    var random: RandomStream

    private static let names = ["total", "count", "value", "score", "width", "level"]
    private static let listNames = ["row", "items"]
    private static let functionNames = ["grow", "shift"]

    init(_ random: RandomStream) { self.random = random }

    /// Writes the program and tells in a line what it does.
    mutating func write() -> String {
        let names = random.shuffled(Self.names)
        let (a, b) = (names[0], names[1])
        // The plainest kinds twice as often: a small model learns from them what the others need.
        switch random.below(8) {
        case 0, 1: return assignments(a, b)
        case 2, 3: return loop(a)
        case 4: return choice(a, b)
        case 5: return walk(a)
        case 6: return function(a)
        default: return list(a)
        }
    }

    private mutating func line(_ text: String, indented: Bool = false) { source += (indented ? "  " : "") + text + "\n" }

    private mutating func number(from least: Int = 1, to most: Int = Programs.largestNumber) -> Int { least + random.below(most - least + 1) }

    /// `name + 3`, `name - 1` or `name * 2`.
    private mutating func changed(_ name: String) -> String {
        switch random.below(5) {
        case 0, 1: "\(name) + \(number())"
        case 2, 3: "\(name) - \(number(to: 3))"
        default: "\(name) * \(number(from: 2, to: 3))"
        }
    }

    private mutating func numbers() -> String { (0..<number(from: 2, to: 3)).map { _ in String(number()) }.joined(separator: ", ") }

    private mutating func assignments(_ a: String, _ b: String) -> String {
        line("let \(a) = \(number())")
        line("let \(b) = \(changed(a))")
        if random.below(2) == 0 { line("let \(a) = \(changed(b))") }
        if random.below(2) == 0 {
            line("print \(a)")
            line("print \(b)")
            return "two variables, printed one after the other"
        }
        line("print \(a) + \(b)")
        return "two variables and their sum"
    }

    private mutating func choice(_ a: String, _ b: String) -> String {
        line("let \(a) = \(number())")
        line("let \(b) = \(number())")
        line("if \(a) \(random.pick(["<", ">", "=="])) \(random.below(2) == 0 ? b : String(number())) then")
        line("let \(a) = \(changed(a))", indented: true)
        line("else")
        line(random.below(2) == 0 ? "let \(a) = \(b)" : "let \(a) = \(changed(b))", indented: true)
        line("end")
        line("print \(a)")
        return "a choice between two ways"
    }

    private mutating func loop(_ a: String) -> String {
        line("let \(a) = \(number())")
        line("repeat \(number(from: 2, to: 3)) times")
        line("let \(a) = \(a) \(random.below(3) > 0 ? "+" : "-") \(number(to: 4))", indented: true)
        line("end")
        line("print \(a)")
        return "the same step several times"
    }

    private mutating func walk(_ a: String) -> String {
        let list = random.pick(Self.listNames)
        line("let \(list) = [\(numbers())]")
        line("let \(a) = \(number(from: 0))")
        line("for item in \(list)")
        if random.below(2) == 0 {
            line("let \(a) = \(a) + item", indented: true)
        } else {
            line("if item \(random.pick(["<", ">"])) \(number(from: 2, to: 5)) then", indented: true)
            line("  let \(a) = \(a) + \(random.below(2) == 0 ? "item" : "1")", indented: true)
            line("end", indented: true)
        }
        line("end")
        line("print \(a)")
        return "a walk along a list"
    }

    private mutating func function(_ a: String) -> String {
        let name = random.pick(Self.functionNames)
        line("define \(name)(\(a))")
        if random.below(3) == 0 {
            line("if \(a) > \(number(from: 2, to: 5)) then", indented: true)
            line("  return \(a)", indented: true)
            line("end", indented: true)
        }
        line("return \(changed(a))", indented: true)
        line("end")
        line(random.below(2) == 0 ? "print \(name)(\(number()))" : "print \(name)(\(number())) + \(number())")
        return "a function and a call of it"
    }

    private mutating func list(_ a: String) -> String {
        let list = random.pick(Self.listNames)
        line("let \(list) = [\(numbers())]")
        switch random.below(4) {
        case 0: line("let \(a) = \(list)[\(number(to: 2))]")
        case 1: line("let \(a) = size(\(list))")
        case 2: line("let \(a) = largest(\(list))")
        default: line("let \(a) = sum(\(list))")
        }
        line(random.below(2) == 0 ? "print \(a)" : "print \(changed(a))")
        return "a list and what can be asked of it"
    }
}
