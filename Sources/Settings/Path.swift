/// Where a value stands in an experiment file: `sweep.arms[2].strategy.blocks`.
public struct Path: Sendable, Hashable, CustomStringConvertible {
    public enum Step: Sendable, Hashable {
        case key(String)
        case index(Int)
    }

    public var steps: [Step]

    public init(_ steps: [Step] = []) { self.steps = steps }

    /// A path of keys from its dotted form (`train.steps`), for paths written in the program.
    public init(dotted text: String) { steps = text.split(separator: ".").map { .key(String($0)) } }

    /// A path that a user wrote, with keys and indices (`sweep.arms[2].strategy.blocks`), or nil when a key is empty, holds
    /// white space or a bracket, or an index is not a whole number.
    public init?(parsing text: String) {
        var steps: [Step] = []
        for part in text.split(separator: ".", omittingEmptySubsequences: false) {
            let pieces = part.split(separator: "[", omittingEmptySubsequences: false)
            let key = pieces[0]
            guard !key.isEmpty, !key.contains(where: { $0.isWhitespace || $0 == "]" }) else { return nil }
            steps.append(.key(String(key)))
            for piece in pieces.dropFirst() {
                let digits = piece.dropLast()
                guard piece.last == "]", digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let index = Int(digits) else {
                    return nil
                }
                steps.append(.index(index))
            }
        }
        self.steps = steps
    }

    public func appending(_ key: String) -> Path { Path(steps + [.key(key)]) }
    public func appending(_ index: Int) -> Path { Path(steps + [.index(index)]) }
    public func appending(_ path: Path) -> Path { Path(steps + path.steps) }

    /// The path without its last step; the empty path has none.
    public var parent: Path? { steps.isEmpty ? nil : Path(steps.dropLast()) }

    /// Whether this path leads through `outer` or ends there.
    public func isAtOrUnder(_ outer: Path) -> Bool { steps.starts(with: outer.steps) }

    public var description: String {
        var text = ""
        for step in steps {
            switch step {
            case .key(let key): text += text.isEmpty ? key : ".\(key)"
            case .index(let index): text += "[\(index)]"
            }
        }
        return text
    }
}
