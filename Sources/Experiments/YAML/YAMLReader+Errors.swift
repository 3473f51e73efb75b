import Settings
import Yams

extension YAMLReader {
    /// What Yams says is wrong with a text, in our words.
    func explained(_ error: any Error, in text: String) -> ExperimentError {
        guard let error = error as? YamlError else {
            return ExperimentError(.file(file), found: "text that is not YAML", expected: "valid YAML")
        }
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            return syntaxError(problem, mark, context, in: text)
        case .duplicatedKeysInMapping(let duplicates, let context):
            let names = duplicates.map { "'\(restored($0))'" }.joined(separator: ", ")
            return ExperimentError(
                .line(file: file, line: context.mark.line, column: context.mark.column),
                found: "the key \(names) more than once in a mapping",
                expected: "each key once", advice: "this is the first of them")
        default:
            return ExperimentError(.file(file), found: "text that is not YAML", expected: "valid YAML")
        }
    }

    private func syntaxError(_ problem: String, _ mark: Mark, _ context: YamlError.Context?, in text: String) -> ExperimentError {
        let place = Place.line(file: file, line: mark.line, column: mark.column)
        if problem.contains("unexpected end of stream"), let start = context?.mark {
            return ExperimentError(
                .line(file: file, line: start.line, column: start.column), found: "a quote that is not closed", expected: "a closing one")
        }
        let lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }
        let line = lines.indices.contains(mark.line - 1) ? lines[mark.line - 1].unicodeScalars : Substring().unicodeScalars
        if line.dropFirst(mark.column - 1).first == "\t" || problem.contains("tab character") {
            return ExperimentError(place, found: "a tab", expected: "spaces", advice: "YAML is indented with spaces")
        }
        if problem.contains("another document") {
            return ExperimentError(place, found: "a second document", expected: "one document a file", advice: "remove the line '---'")
        }
        var advice = ""
        if problem.contains("mapping values are not allowed") {
            advice = "is the line indented like the one before? text with ': ' in it stands in quotes"
        } else if problem.contains("cannot start any token") {
            advice = "text that begins with a special character stands in quotes"
        } else if let context {
            advice = context.text + (context.mark.line == mark.line ? "" : " that began in line \(context.mark.line)")
        }
        return ExperimentError(place, found: "text that is not YAML (\(problem))", expected: "valid YAML", advice: advice)
    }
}
