/// Where a value stands in an experiment file: `sweep.arms[2].strategy.blocks`.
public struct Path: Sendable, Hashable, CustomStringConvertible {
    public enum Step: Sendable, Hashable {
        case key(String)
        case index(Int)
    }

    public var steps: [Step]

    public init(_ steps: [Step] = []) { self.steps = steps }

    /// A path of keys from its dotted form (`train.steps`).
    public init(dotted text: String) { steps = text.split(separator: ".").map { .key(String($0)) } }

    public func appending(_ key: String) -> Path { Path(steps + [.key(key)]) }
    public func appending(_ index: Int) -> Path { Path(steps + [.index(index)]) }
    public func appending(_ path: Path) -> Path { Path(steps + path.steps) }

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
