/// Runs the small language within bounds: a program that runs too long, calls too deep or leaves the range of Int is an error.
struct ProgramMachine {
    private typealias Expression = Program.Expression

    private enum Value {
        case number(Int)
        case list([Int])
    }

    private static let mostSteps = 10_000
    private static let deepestCall = 16

    private(set) var printed: [Int] = []
    /// What was worked out on the way: `4 + 3 = 7`, `7 > 5 is true`, `size is 3`.
    private(set) var trace: [String] = []
    private var functions: [String: (parameter: String, body: [Program.Statement])] = [:]
    private var variables: [String: Value] = [:]
    private var returned: Value?
    private var steps = 0
    private var callDepth = 0
    private var line = 1

    init() {}

    private func wrong(_ message: String) -> ProgramError { ProgramError(line: line, message: message) }

    mutating func run(_ statements: [Program.Statement]) throws(ProgramError) {
        for statement in statements where returned == nil {
            line = statement.line
            steps += 1
            guard steps <= ProgramMachine.mostSteps else { throw wrong("more than \(ProgramMachine.mostSteps) steps") }
            try run(statement.action)
        }
    }

    private mutating func run(_ action: Program.Action) throws(ProgramError) {
        switch action {
        case .assign(let name, let expression): variables[name] = try value(expression)
        case .print(let expression): printed.append(try number(expression))
        case .choose(let condition, let then, let otherwise): try run(try holds(condition) ? then : otherwise)
        case .loop(let times, let body):
            let times = try number(times)
            var done = 0
            while done < times, returned == nil {
                try run(body)
                done += 1
                // An empty body takes steps too.
                steps += 1
                guard steps <= ProgramMachine.mostSteps else { throw wrong("more than \(ProgramMachine.mostSteps) steps") }
            }
        case .iterate(let name, let list, let body):
            for item in try items(list) where returned == nil {
                variables[name] = .number(item)
                try run(body)
            }
        case .define(let name, let parameter, let body):
            guard !["size", "sum", "largest"].contains(name) else { throw wrong("'\(name)' is built in") }
            functions[name] = (parameter, body)
        case .giveBack(let expression):
            guard callDepth > 0 else { throw wrong("'return' outside a function") }
            returned = try value(expression)
        }
    }

    private mutating func holds(_ condition: Program.Condition) throws(ProgramError) -> Bool {
        let left = try number(condition.left)
        let right = try number(condition.right)
        let holds =
            switch condition.comparison {
            case .less: left < right
            case .greater: left > right
            case .equal: left == right
            }
        trace.append("\(left) \(condition.comparison.rawValue) \(right) is \(holds)")
        return holds
    }

    private mutating func number(_ expression: Expression) throws(ProgramError) -> Int {
        guard case .number(let number) = try value(expression) else { throw wrong("a list where a number should stand") }
        return number
    }

    private mutating func items(_ expression: Expression) throws(ProgramError) -> [Int] {
        guard case .list(let items) = try value(expression) else { throw wrong("a number where a list should stand") }
        return items
    }

    private mutating func value(_ expression: Expression) throws(ProgramError) -> Value {
        switch expression {
        case .number(let number): return .number(number)
        case .variable(let name):
            guard let value = variables[name] else { throw wrong("no variable '\(name)'") }
            return value
        case .list(let parts):
            var items: [Int] = []
            for part in parts { items.append(try number(part)) }
            return .list(items)
        case .element(let name, let index):
            let items = try items(.variable(name))
            let index = try number(index)
            guard 1...items.count ~= index else { throw wrong("element \(index) of a list of \(items.count)") }
            return .number(items[index - 1])
        case .call(let name, let argument): return try call(name, argument)
        case .operation(let sign, let left, let right):
            let left = try number(left)
            let right = try number(right)
            let (result, overflow) =
                switch sign {
                case "+": left.addingReportingOverflow(right)
                case "-": left.subtractingReportingOverflow(right)
                default: left.multipliedReportingOverflow(by: right)
                }
            guard !overflow else { throw wrong("a number that is too large") }
            trace.append("\(left) \(sign) \(right) = \(result)")
            return .number(result)
        }
    }

    private mutating func call(_ name: String, _ argument: Expression) throws(ProgramError) -> Value {
        switch name {
        case "size":
            let count = try items(argument).count
            trace.append("size is \(count)")
            return .number(count)
        case "largest":
            let largest = try items(argument).max() ?? 0
            trace.append("largest is \(largest)")
            return .number(largest)
        case "sum":
            let items = try items(argument)
            var sum = items.first ?? 0
            for item in items.dropFirst() {
                let (next, overflow) = sum.addingReportingOverflow(item)
                guard !overflow else { throw wrong("a number that is too large") }
                trace.append("\(sum) + \(item) = \(next)")
                sum = next
            }
            return .number(sum)
        default: break
        }
        guard let function = functions[name] else { throw wrong("no function '\(name)'") }
        guard callDepth < ProgramMachine.deepestCall else { throw wrong("more than \(ProgramMachine.deepestCall) calls inside each other") }
        let argument = try value(argument)
        let (caller, callLine) = (variables, line)
        variables = [function.parameter: argument]
        callDepth += 1
        try run(function.body)
        callDepth -= 1
        (variables, line) = (caller, callLine)
        guard let result = returned else { throw wrong("'\(name)' returned nothing") }
        returned = nil
        return result
    }
}
