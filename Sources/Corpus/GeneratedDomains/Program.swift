/// A program of the small language of the domain `programs`.
///
///     define grow(item)
///       return item * 2
///     end
///     let total = 0
///     for item in [3, 1, 4]
///       let total = total + item
///     end
///     if total > 5 then
///       print grow(total)
///     else
///       print total
///     end
///
/// Values are whole numbers and lists of them. `let` sets a variable, `repeat N times` runs its block N times, functions take one
/// value and see only that; `size`, `sum`, `largest` take a list, `row[1]` is the first of a list. `*` binds before `+` and `-`.
public struct Program: Sendable, Hashable {
    indirect enum Expression: Sendable, Hashable {
        case number(Int)
        case variable(String)
        case list([Expression])
        case element(String, Expression)
        case call(String, Expression)
        case operation(Character, Expression, Expression)
    }

    enum Comparison: String, Sendable { case less = "<", greater = ">", equal = "==" }

    struct Condition: Sendable, Hashable {
        var left: Expression
        var comparison: Comparison
        var right: Expression
    }

    indirect enum Action: Sendable, Hashable {
        case assign(String, Expression)
        case print(Expression)
        case choose(Condition, then: [Statement], otherwise: [Statement])
        case loop(times: Expression, [Statement])
        case iterate(String, Expression, [Statement])
        case define(String, parameter: String, [Statement])
        case giveBack(Expression)
    }

    struct Statement: Sendable, Hashable {
        var line: Int
        var action: Action
    }

    var statements: [Statement]

    /// Reads a program. Lines may be indented and empty; what follows `#` is a comment.
    public init(source: String) throws(ProgramError) {
        var parser = ProgramParser(source)
        statements = try parser.program()
    }

    /// Runs the program: what it prints, line by line.
    public func output() throws(ProgramError) -> [Int] { try run().printed }

    /// Runs the program: the numbers it prints, and every sum, comparison and built-in function worked out on the way, in order
    /// (`4 + 3 = 7`, `7 > 5 is true`, `size is 3`).
    public func run() throws(ProgramError) -> (printed: [Int], trace: [String]) {
        var machine = ProgramMachine()
        try machine.run(statements)
        return (machine.printed, machine.trace)
    }
}
