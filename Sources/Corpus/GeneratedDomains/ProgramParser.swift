/// Reads the small language, one statement a line, by recursive descent.
struct ProgramParser {
    private typealias Expression = Program.Expression
    private typealias Statement = Program.Statement

    /// Blocks, lists and calls inside each other at most this deep.
    private static let deepest = 16
    /// Signs in one statement: each makes its expression a level deeper.
    private static let mostSigns = 32
    private static let keywords: Set<String> = ["let", "print", "if", "then", "else", "end", "repeat", "times", "for", "in", "define", "return"]

    private let lines: [(number: Int, words: [String])]
    private var line = 0
    private var word = 0
    private var signs = 0

    init(_ source: String) {
        lines = source.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
            .map { ($0 + 1, ProgramParser.words($1.prefix { $0 != "#" })) }.filter { !$0.1.isEmpty }
    }

    mutating func program() throws(ProgramError) -> [Program.Statement] {
        let statements = try block(depth: 0)
        guard line == lines.count else { throw wrong("'\(lines[line].words[0])' without a beginning") }
        return statements
    }

    /// Names, numbers, `==` and single signs.
    private static func words(_ text: Substring) -> [String] {
        var words: [String] = []
        var run = ""
        for character in text {
            let joins = character.isLetter || character.isNumber
            if joins, run.last.map({ $0.isLetter || $0.isNumber }) ?? true { run.append(character); continue }
            if character == "=", run == "=" { run.append(character); continue }
            if !run.isEmpty { words.append(run) }
            run = character.isWhitespace ? "" : String(character)
        }
        return run.isEmpty ? words : words + [run]
    }

    private func wrong(_ message: String) -> ProgramError {
        ProgramError(line: lines.isEmpty ? 1 : lines[min(line, lines.count - 1)].number, message: message)
    }

    private var current: String? { line < lines.count && word < lines[line].words.count ? lines[line].words[word] : nil }

    private mutating func skip(_ expected: String) throws(ProgramError) {
        guard current == expected else { throw wrong("'\(current ?? "the end of the line")' where '\(expected)' should stand") }
        word += 1
    }

    private mutating func name() throws(ProgramError) -> String {
        guard let name = current, name.allSatisfy(\.isLetter), !ProgramParser.keywords.contains(name) else {
            throw wrong("'\(current ?? "the end of the line")' where a name should stand")
        }
        word += 1
        return name
    }

    private mutating func endLine() throws(ProgramError) {
        if let extra = current { throw wrong("'\(extra)' after the end of the statement") }
        line += 1
        word = 0
        signs = 0
    }

    /// Statements up to `end`, `else` or the end of the program, which stay unread.
    private mutating func block(depth: Int) throws(ProgramError) -> [Statement] {
        guard depth < ProgramParser.deepest else { throw wrong("more than \(ProgramParser.deepest) blocks inside each other") }
        var statements: [Statement] = []
        while let first = current, first != "end", first != "else" {
            let number = lines[line].number
            word += 1
            statements.append(Statement(line: number, action: try action(first, depth: depth)))
        }
        return statements
    }

    private mutating func closedBlock(depth: Int) throws(ProgramError) -> [Statement] {
        try endLine()
        let statements = try block(depth: depth + 1)
        try skip("end")
        try endLine()
        return statements
    }

    private mutating func action(_ first: String, depth: Int) throws(ProgramError) -> Program.Action {
        switch first {
        case "let":
            let name = try name()
            try skip("=")
            let value = try expression(depth: 0)
            try endLine()
            return .assign(name, value)
        case "print", "return":
            let value = try expression(depth: 0)
            try endLine()
            return first == "print" ? .print(value) : .giveBack(value)
        case "repeat":
            let times = try expression(depth: 0)
            try skip("times")
            return .loop(times: times, try closedBlock(depth: depth))
        case "for":
            let name = try name()
            try skip("in")
            let list = try expression(depth: 0)
            return .iterate(name, list, try closedBlock(depth: depth))
        case "define":
            let name = try name()
            try skip("(")
            let parameter = try self.name()
            try skip(")")
            return .define(name, parameter: parameter, try closedBlock(depth: depth))
        case "if": return try choice(depth: depth)
        default: throw wrong("'\(first)' begins no statement")
        }
    }

    private mutating func choice(depth: Int) throws(ProgramError) -> Program.Action {
        let left = try expression(depth: 0)
        guard let sign = current, let comparison = Program.Comparison(rawValue: sign) else {
            throw wrong("'\(current ?? "the end of the line")' where <, > or == should stand")
        }
        word += 1
        let condition = Program.Condition(left: left, comparison: comparison, right: try expression(depth: 0))
        try skip("then")
        try endLine()
        let then = try block(depth: depth + 1)
        guard current == "else" else {
            try skip("end")
            try endLine()
            return .choose(condition, then: then, otherwise: [])
        }
        word += 1
        return .choose(condition, then: then, otherwise: try closedBlock(depth: depth))
    }

    private mutating func expression(depth: Int) throws(ProgramError) -> Expression {
        var result = try product(depth: depth)
        while let sign = current, sign == "+" || sign == "-" {
            try skipSign()
            result = .operation(sign == "+" ? "+" : "-", result, try product(depth: depth))
        }
        return result
    }

    private mutating func skipSign() throws(ProgramError) {
        signs += 1
        guard signs <= ProgramParser.mostSigns else { throw wrong("more than \(ProgramParser.mostSigns) signs in one statement") }
        word += 1
    }

    private mutating func product(depth: Int) throws(ProgramError) -> Expression {
        var result = try factor(depth: depth)
        while current == "*" {
            try skipSign()
            result = .operation("*", result, try factor(depth: depth))
        }
        return result
    }

    private mutating func factor(depth: Int) throws(ProgramError) -> Expression {
        guard depth < ProgramParser.deepest else { throw wrong("an expression nested more than \(ProgramParser.deepest) deep") }
        if let text = current, let number = Int(text) {
            word += 1
            return .number(number)
        }
        if current == "[" {
            word += 1
            var items = [try expression(depth: depth + 1)]
            while current == "," {
                word += 1
                items.append(try expression(depth: depth + 1))
            }
            try skip("]")
            return .list(items)
        }
        let name = try name()
        guard let bracket = current, bracket == "(" || bracket == "[" else { return .variable(name) }
        word += 1
        let inner = try expression(depth: depth + 1)
        try skip(bracket == "(" ? ")" : "]")
        return bracket == "(" ? .call(name, inner) : .element(name, inner)
    }
}
