import Settings

extension ExperimentDocument {
    private static let variable = "${data}"

    /// Puts the data folder in the place of `${data}` in the text of every `data` section: the root's, those of arms, and axes that lead
    /// into it.
    ///
    /// - Parameters:
    ///   - argument: the folder of `data=DIR` on the command line; it goes before the environment.
    ///   - environment: the value of `STRATA_DATA`.
    ///
    /// Throws when `${data}` is used and no folder is given, when `data=DIR` is given and nothing uses it, at any other `${...}` in these
    /// sections, and at `${data}` outside of them.
    public mutating func substituteData(argument: String?, environment: String?) throws(ExperimentError) {
        let given = [argument, environment].compactMap { $0 }.first { !$0.isEmpty }
        var folder = given.map { $0[...] }
        while let text = folder, text.count > 1, text.hasSuffix("/") { folder = text.dropLast() }
        var isUsed = false
        value = try substituted(value, at: Path(), isData: false, folder.map(String.init), &isUsed)
        if let argument, !argument.isEmpty, !isUsed {
            throw ExperimentError(
                .commandLine(word: "data=\(argument)"), found: "a data folder that \(file) does not use",
                expected: "\(Self.variable) in its data section",
                advice: "leave the word out")
        }
    }

    private func substituted(_ value: Value, at path: Path, isData: Bool, _ folder: String?, _ isUsed: inout Bool) throws(ExperimentError)
        -> Value
    {
        switch value {
        case .string(let text):
            return .string(try isData ? substituted(text, at: path, folder, &isUsed) : unchanged(text, at: path))
        case .list(let items):
            var result: [Value] = []
            for (index, item) in items.enumerated() {
                result.append(try substituted(item, at: path.appending(index), isData: isData, folder, &isUsed))
            }
            return .list(result)
        case .object(let entries):
            var result: [String: Value] = [:]
            for key in entries.keys.sorted() {
                let inner = path.appending(key)
                result[key] = try substituted(entries[key, default: .null], at: inner, isData: isData || beginsData(inner), folder, &isUsed)
            }
            return .object(result)
        case .null, .bool, .integer, .number: return value
        }
    }

    /// Whether a data section begins here: `data` of the root or of an arm, or an axis of a grid that leads into it.
    private func beginsData(_ path: Path) -> Bool {
        let data = Path(dotted: "data")
        guard path.isAtOrUnder(Path(dotted: "sweep")) else { return path == data }
        // Both `sweep` and `sweep.arms[2]` hold a grid; only the latter holds settings.
        let isInArm = path.isAtOrUnder(Path(dotted: "sweep.arms")) && path.steps.count > 3
        let inner = Path(Array(path.steps.dropFirst(isInArm ? 3 : 1)))
        if inner.steps.count == 2, inner.steps[0] == .key("grid"), case .key(let axis) = inner.steps[1] {
            return Path(parsing: axis)?.isAtOrUnder(data) == true
        }
        return isInArm && inner == data
    }

    private func unchanged(_ text: String, at path: Path) throws(ExperimentError) -> String {
        guard text.contains(Self.variable) else { return text }
        throw located(SettingsError(path: path, found: "\(Self.variable) here", expected: "it in the section 'data' only"))
    }

    private func substituted(_ text: String, at path: Path, _ folder: String?, _ isUsed: inout Bool) throws(ExperimentError) -> String {
        var result = ""
        var rest = text[...]
        while let dollar = rest.firstIndex(of: "$") {
            result += rest[..<dollar]
            rest = rest[dollar...]
            if rest.hasPrefix(Self.variable) {
                guard let folder else {
                    throw located(
                        SettingsError(
                            path: path, found: "\(Self.variable), but no data folder is given", expected: "the folder that holds the data",
                            advice: "add data=DIR to the command, or set STRATA_DATA=DIR in the environment"))
                }
                isUsed = true
                result += folder
                rest = rest.dropFirst(Self.variable.count)
            } else if rest.hasPrefix("${") {
                throw located(SettingsError(path: path, found: Value.string(text).summary, expected: "no variable but \(Self.variable)"))
            } else {
                result += "$"
                rest = rest.dropFirst()
            }
        }
        return result + rest
    }
}
