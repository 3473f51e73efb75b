import Settings
import Yams

/// Reads one YAML document into a `Value` and a `SourceMap`.
///
/// YAML 1.2 core schema, mappings with text keys, anchors and aliases; no tags but `!!str`, no merge keys, no second document.
///
/// Workaround for Yams 6.2.2: its parser copies an alias's whole node into the tree and then hashes the keys of mappings, so that a few
/// lines of nested aliases take for ever. Every `*` is therefore handed over as the private-use character U+E000, which makes an alias a
/// plain scalar, and aliases are resolved here, under a limit. To be removed when its parser can leave aliases in the tree.
struct YAMLReader {
    static let maximumDepth = 64
    /// How many values aliases may stand for, all together.
    static let maximumAliasedCount = 20_000

    private static let star: Unicode.Scalar = "\u{e000}"

    let file: String
    private var sources = SourceMap()
    private var aliasedCount = 0
    private var anchors: [String: Node] = [:]
    private var isExpandingAlias = false

    /// Throws at the first thing that is not YAML or that an experiment cannot use.
    static func read(_ text: String, file: String) throws(ExperimentError) -> (value: Value, sources: SourceMap) {
        var reader = YAMLReader(file: file)
        let prepared = try reader.prepared(text)
        let parser: Parser
        let root: Node?
        do {
            parser = try Parser(yaml: prepared, resolver: .basic, encoding: .utf8)
            root = try parser.singleRoot()
        } catch {
            throw reader.explained(error, in: text)
        }
        guard let root else { throw ExperimentError(.file(file), found: "nothing in it", expected: "a YAML mapping") }
        // A node holds its anchor weakly; the parser owns it.
        let value = try withExtendedLifetime(parser) { () throws(ExperimentError) in try reader.value(of: root, at: Path(), key: nil) }
        return (value, reader.sources)
    }

    private init(file: String) { self.file = file }

    /// The text as it is handed to Yams, same lines and columns.
    private func prepared(_ text: String) throws(ExperimentError) -> String {
        var prepared = String.UnicodeScalarView()
        var (line, column) = (1, 1)
        for scalar in text.unicodeScalars {
            let isControl = scalar.properties.generalCategory == .control && !["\n", "\r", "\t", "\u{85}"].contains(scalar)
            if scalar == "\u{feff}", prepared.isEmpty { continue }
            guard !isControl, scalar != "\u{feff}", scalar != Self.star, !(0xfffe...0xffff).contains(scalar.value) else {
                let code = String(scalar.value, radix: 16, uppercase: true)
                throw ExperimentError(
                    .line(file: file, line: line, column: column),
                    found: "the character U+\(String(repeating: "0", count: max(0, 4 - code.count)))\(code)", expected: "YAML text",
                    advice: "in text in double quotes it can be written as an escape")
            }
            prepared.append(scalar == "*" ? Self.star : scalar)
            (line, column) = scalar == "\n" ? (line + 1, 1) : (line, column + 1)
        }
        return String(prepared)
    }

    func restored(_ text: String) -> String {
        guard text.unicodeScalars.contains(Self.star) else { return text }
        var restored = String.UnicodeScalarView()
        for scalar in text.unicodeScalars { restored.append(scalar == Self.star ? "*" : scalar) }
        return String(restored)
    }

    private func place(of node: Node) -> Place {
        guard let mark = node.mark else { return .file(file) }
        return .line(file: file, line: mark.line, column: mark.column)
    }

    private mutating func value(of node: Node, at path: Path, key: Place?) throws(ExperimentError) -> Value {
        let place = place(of: node)
        if isExpandingAlias { aliasedCount += 1 }
        guard aliasedCount <= Self.maximumAliasedCount else {
            throw ExperimentError(
                place, path: path, found: "more than \(Self.maximumAliasedCount) values through aliases", expected: "fewer")
        }
        guard path.steps.count < Self.maximumDepth else {
            throw ExperimentError(place, found: "more than \(Self.maximumDepth) values inside each other", expected: "fewer")
        }
        if case .scalar(let scalar) = node, scalar.style == .plain, scalar.string.unicodeScalars.first == Self.star {
            return try aliased(restored(scalar.string), at: path, key: key, place)
        }
        sources.record(path, key: key, value: place)
        let value: Value
        switch node {
        case .scalar(let scalar): value = try self.value(of: scalar, at: path, place)
        case .sequence(let sequence):
            try check(sequence.tag, as: "seq", at: path, place)
            var items: [Value] = []
            for (index, item) in sequence.enumerated() { items.append(try self.value(of: item, at: path.appending(index), key: nil)) }
            value = .list(items)
        case .mapping(let mapping):
            try check(mapping.tag, as: "map", at: path, place)
            value = try self.value(of: mapping, at: path)
        case .alias: throw ExperimentError(place, path: path, found: "an alias", expected: "a value")
        }
        if let anchor = node.anchor, !isExpandingAlias { anchors[anchor.rawValue] = node }
        return value
    }

    private func value(of scalar: Node.Scalar, at path: Path, _ place: Place) throws(ExperimentError) -> Value {
        try check(scalar.tag, as: "str", at: path, place)
        let text = restored(scalar.string)
        guard scalar.style == .plain, scalar.tag.rawValue.isEmpty else { return .string(text) }
        do {
            return try YAMLScalar.value(of: text)
        } catch {
            throw ExperimentError(place, error.under(path))
        }
    }

    private mutating func value(of mapping: Node.Mapping, at path: Path) throws(ExperimentError) -> Value {
        var entries: [String: Value] = [:]
        var keys: [String] = []
        for (keyNode, node) in mapping {
            let place = place(of: keyNode)
            let key = try self.key(of: keyNode, at: path, place)
            guard entries[key] == nil else {
                throw ExperimentError(place, path: path.appending(key), found: "the key '\(key)' a second time", expected: "each key once")
            }
            entries[key] = try value(of: node, at: path.appending(key), key: place)
            keys.append(key)
        }
        sources.record(keys: keys, at: path)
        return .object(entries)
    }

    private func key(of node: Node, at path: Path, _ place: Place) throws(ExperimentError) -> String {
        func wrong(_ found: String, _ advice: String) -> ExperimentError {
            ExperimentError(place, path: path, found: found, expected: "text as a key", advice: advice)
        }
        guard case .scalar(let scalar) = node else {
            throw wrong(node.mapping == nil ? "a list as a key" : "a mapping as a key", "text in braces or brackets stands in quotes")
        }
        let text = restored(scalar.string)
        guard scalar.style == .plain else { return text }
        if text == "<<" { throw wrong("a merge key '<<'", "name the keys, or use sweep.arms for what differs") }
        if text.hasPrefix("*") { throw wrong("an alias '\(text)' as a key", "write the key itself") }
        if case .string? = try? YAMLScalar.value(of: text) { return text }
        throw wrong(text.isEmpty ? "an empty key" : "the key \(text)", text.isEmpty ? "" : "write it in quotes if it is a name: '\(text)'")
    }

    private mutating func aliased(_ text: String, at path: Path, key: Place?, _ place: Place) throws(ExperimentError) -> Value {
        let name = String(text.dropFirst())
        guard !name.isEmpty, name.utf8.allSatisfy({ $0.isAnchorCharacter }) else {
            throw ExperimentError(
                place, path: path, found: Value.string(text).summary, expected: "an alias such as *name",
                advice: "text that begins with * stands in quotes")
        }
        guard let node = anchors[name] else {
            throw ExperimentError(
                place, path: path, found: "the alias *\(name)", expected: "the name of an anchor that stands before it",
                advice: anchors.isEmpty ? "text that begins with * stands in quotes" : nearestAdvice(to: name, among: Array(anchors.keys)))
        }
        let wasExpanding = isExpandingAlias
        isExpandingAlias = true
        defer { isExpandingAlias = wasExpanding }
        return try value(of: node, at: path, key: key)
    }

    private func check(_ tag: Tag, as name: String, at path: Path, _ place: Place) throws(ExperimentError) {
        guard !["", "!", "tag:yaml.org,2002:\(name)"].contains(tag.rawValue) else { return }
        throw ExperimentError(
            place, path: path, found: "the tag \(Value.string(tag.rawValue).summary)", expected: "no tag",
            advice: "text that looks like a number stands in quotes")
    }
}

extension UInt8 {
    /// What libYAML allows in the name of an anchor.
    fileprivate var isAnchorCharacter: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
