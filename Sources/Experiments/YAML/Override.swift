import Settings

/// A word of the command line that changes a setting, in the manner of Hydra: `train.steps=100` sets, `strategy.blocks=1,2,4` and
/// `seed=range(0,5)` sweep.
///
/// A value is read as in YAML: `3`, `1e-3`, `true`, `some text`, `"1,2"`, `[law, biomed]`, `{kind: lora, r: 8}`. Commas outside of quotes
/// and brackets separate the values of a sweep. `range(END)`, `range(START,END)` and `range(START,END,STEP)` stand for whole numbers,
/// END not included.
public struct Override: Sendable, Hashable {
    public static let maximumValueCount = 10_000

    /// As it was typed.
    public var word: String
    /// What it changes; a key, or an index of a list in brackets (`sweep.arms[1].train.steps`).
    public var path: Path
    public var values: [Value]
    /// Whether it makes a sweep axis: it has commas or a range.
    public var isSweep: Bool

    var place: Place { .commandLine(word: word) }

    /// Sorts words of the form `key=value`: keys that are `reserved` (`data`) are no overrides and come back apart, as text.
    ///
    /// Throws at a word of another form, and at a setting that a later word overwrites.
    public static func parse(_ words: [String], reserved: [String] = []) throws(ExperimentError) -> (
        overrides: [Override], reserved: [String: String]
    ) {
        var overrides: [Override] = []
        var apart: [String: String] = [:]
        for word in words {
            let place = Place.commandLine(word: word)
            guard let equals = word.firstIndex(of: "=") else {
                throw ExperimentError(place, found: "no '='", expected: "key=value, such as train.steps=100")
            }
            let (key, text) = (String(word[..<equals]), String(word[word.index(after: equals)...]))
            if reserved.contains(key) {
                guard !text.isEmpty else { throw ExperimentError(place, found: "nothing after '='", expected: "\(key)=VALUE") }
                guard apart.updateValue(text, forKey: key) == nil else {
                    throw ExperimentError(place, found: "'\(key)' a second time", expected: "it once")
                }
                continue
            }
            let override = try Override(word: word, key: key, text: text)
            if let earlier = overrides.first(where: { $0.path.isAtOrUnder(override.path) }) {
                throw ExperimentError(
                    place, path: override.path, found: "a second value, after '\(earlier.word)'", expected: "one value a setting")
            }
            overrides.append(override)
        }
        return (overrides, apart)
    }

    private init(word: String, key: String, text: String) throws(ExperimentError) {
        let place = Place.commandLine(word: word)
        guard let path = Path(parsing: key), !key.hasPrefix("+"), !key.hasPrefix("~") else {
            let advice =
                key.hasPrefix("+") ? "a new key needs no '+'" : key.hasPrefix("~") ? "KEY=null gives a setting its default back" : ""
            throw ExperimentError(
                place, found: "'\(key)' before '='", expected: "a key such as train.steps or sweep.arms[0].train.steps", advice: advice)
        }
        self.word = word
        self.path = path
        guard let pieces = Self.split(text) else {
            throw ExperimentError(place, path: path, found: text, expected: "as many closing quotes and brackets as opening ones")
        }
        values = []
        isSweep = pieces.count > 1
        for piece in pieces {
            if let range = try Self.range(piece, path, place) {
                isSweep = true
                values += range
            } else {
                values.append(try Self.value(piece, path, place))
            }
        }
        guard values.count <= Self.maximumValueCount else {
            throw ExperimentError(place, path: path, found: "\(values.count) values", expected: "at most \(Self.maximumValueCount)")
        }
    }

    /// The text cut at its outer commas, white space trimmed, or nil when quotes or brackets are not closed.
    private static func split(_ text: String) -> [String]? {
        var pieces = [""]
        var open: [Character] = []
        var quote: Character?
        var isStart = true  // of a scalar: only there a quote opens
        for character in text {
            if let closing = quote {
                if character == closing { quote = nil }
            } else if isStart, character == "\"" || character == "'" {
                quote = character
            } else if let index = "([{".firstIndex(of: character) {
                open.append(")]}"[index])
            } else if ")]}".contains(character) {
                guard open.popLast() == character else { return nil }
            } else if character == ",", open.isEmpty {
                pieces.append("")
                isStart = true
                continue
            }
            isStart = "([{,: ".contains(character) && quote == nil
            pieces[pieces.count - 1].append(character)
        }
        guard open.isEmpty, quote == nil else { return nil }
        return pieces.map { String($0.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed()) }
    }

    private static func range(_ text: String, _ path: Path, _ place: Place) throws(ExperimentError) -> [Value]? {
        guard text.hasPrefix("range("), text.hasSuffix(")") else { return nil }
        let arguments = text.dropFirst(6).dropLast().split(separator: ",", omittingEmptySubsequences: false)
        let numbers = arguments.compactMap { Int($0.filter { !$0.isWhitespace }) }
        guard numbers.count == arguments.count, (1...3).contains(numbers.count), numbers.count < 3 || numbers[2] != 0 else {
            throw ExperimentError(
                place, path: path, found: text,
                expected: "range(END), range(START,END) or range(START,END,STEP) of whole numbers, STEP not 0")
        }
        let (start, end) = numbers.count == 1 ? (0, numbers[0]) : (numbers[0], numbers[1])
        let step = numbers.count == 3 ? numbers[2] : 1
        var values: [Value] = []
        var next = start
        while step > 0 ? next < end : next > end {
            guard values.count < maximumValueCount else {
                throw ExperimentError(place, path: path, found: text, expected: "at most \(maximumValueCount) numbers")
            }
            values.append(.integer(next))
            let (sum, overflow) = next.addingReportingOverflow(step)
            if overflow { break }
            next = sum
        }
        guard !values.isEmpty else {
            throw ExperimentError(
                place, path: path, found: "\(text), which is empty", expected: "at least one number", advice: "the end is not included")
        }
        return values
    }

    private static func value(_ text: String, _ path: Path, _ place: Place) throws(ExperimentError) -> Value {
        guard !text.isEmpty else {
            throw ExperimentError(
                place, path: path, found: "no value", expected: "a value", advice: "KEY=null is the default, KEY='\"\"' empty text")
        }
        let items: Value
        do {
            // What is not quoted or in brackets is plain to its end, whatever signs it holds.
            guard let first = text.first, "\"'[{".contains(first) else { return try YAMLScalar.value(of: text) }
            items = try YAMLReader.read("[\(text)]", file: "").value
        } catch {
            // The error's own place is in a text that the user never saw.
            var problem =
                (error as? ExperimentError)?.problem ?? (error as? SettingsError)
                ?? SettingsError(path: path, found: text, expected: "a value")
            problem.path = path
            throw ExperimentError(place, problem)
        }
        guard let items = items.asList, items.count == 1, let value = items.first else {
            throw ExperimentError(place, path: path, found: text, expected: "one value")
        }
        return value
    }
}
