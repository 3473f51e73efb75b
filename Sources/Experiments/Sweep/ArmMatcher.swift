import Continual
import Foundation
import Settings
import Training

/// Chooses what arms leave to their `match`, a point of the sweep at a time, from settings alone.
struct ArmMatcher {
    private let sweep: Sweep
    private let document: ExperimentDocument
    private let matchesAny: Bool
    private var sizes: [StreamSize.Source: StreamSize] = [:]
    private var targets: [Reference: Double] = [:]
    private var answers: [Question: NearestNumber.Answer] = [:]
    private var known: [Value: SweepPoint] = [:]

    /// Of points that agree in these coordinates the other arm's are the same.
    private struct Reference: Hashable {
        var request: MatchRequest
        var axes: [SweepPoint.Axis]
    }

    private struct Question: Hashable {
        var request: MatchRequest
        var target: Double
        /// With the smallest number.
        var source: StreamSize.Source
    }

    init(_ sweep: Sweep, _ document: ExperimentDocument) {
        (self.sweep, self.document) = (sweep, document)
        matchesAny = sweep.arms.contains { $0.request != nil }
    }

    /// The point with the number that its arm's match chooses; a point without one as it is.
    ///
    /// Throws when the number is no whole number or changes nothing, when none comes near enough, and when there is not one count to come near to.
    mutating func matched(_ point: SweepPoint, _ reader: inout SettingsReader, _ files: inout BaseFiles) throws(ExperimentError) -> SweepPoint {
        guard let request = point.request else {
            if matchesAny { try checkDiffers(point) }
            return point
        }
        // A strategy that does not exist is told like everywhere.
        guard let numbers = ArmMatcher.numbers(of: point.root["strategy"]?["kind"]) else { return point }
        let match = request.match
        func wrong(_ key: String, _ found: String, _ expected: String, _ advice: String = "") -> ExperimentError {
            document.located(SettingsError(path: request.source.appending(key), found: found, expected: expected, advice: advice))
        }
        guard let range = numbers[match.key] else {
            let names = numbers.keys.sorted()
            throw wrong(
                "key", "'\(match.key)', which is no whole number of this arm", "one of \(names.joined(separator: ", "))", nearestAdvice(to: match.key, among: names))
        }
        let target = try target(of: point, request, &reader, &files)
        guard target > 0 else { throw wrong("arm", "'\(match.to)', which has no \(match.by.text)", "an arm that has") }

        let lowest = try setting(request, to: range.lowerBound, in: point)
        let answer: NearestNumber.Answer
        var refused: SettingsError?
        do {
            let question = Question(request: request, target: target, source: try measured(lowest, &reader, &files).source)
            answer = answers[question] ?? NearestNumber.find(target, in: range) { number in
                var point = lowest
                do throws(SettingsError) {
                    try point.root.set(.integer(number), at: request.key)
                    return match.by.count(try measured(point, &reader, &files).size)
                } catch {
                    refused = error
                    return nil
                }
            }
            answers[question] = answer
        } catch {
            throw document.located(error, in: lowest)
        }
        switch answer {
        case .unchanging(let count):
            throw wrong("key", "'\(match.key)', which leaves the \(match.by.text) at \(match.by.text(count)) whatever it is", "a setting that changes them")
        case .unsteady:
            throw wrong("key", "'\(match.key)', with which the \(match.by.text) rise and fall", "a setting with which they only rise or only fall")
        case .nearest(let number, let count):
            guard abs(count - target) <= match.tolerance * target else {
                let limit = refused.map { "; \($0.found) is refused, expected \($0.expected)" } ?? ""
                throw wrong(
                    "key", "\(match.key) = \(number) as the nearest, which makes \(match.by.text(count)) \(match.by.text)",
                    "within \(String(format: "%g", 100 * match.tolerance)) % of the \(match.by.text(target)) of '\(match.to)'",
                    "raise 'tolerance' or choose another key" + limit)
            }
            var chosen = try setting(request, to: number, in: point)
            chosen.matched = MatchedSetting(match: match, value: number, count: count, target: target)
            try checkDiffers(chosen)
            return chosen
        }
    }

    /// The count to come near to.
    private mutating func target(of point: SweepPoint, _ request: MatchRequest, _ reader: inout SettingsReader, _ files: inout BaseFiles) throws(ExperimentError) -> Double {
        let names = sweep.arms[request.reference].axes.map(\.name)
        let place = Reference(request: request, axes: point.axes.filter { names.contains($0.name) && $0.name != "seed" })
        if let known = targets[place] { return known }
        var counts: [Double] = []
        for reference in try sweep.references(of: point, request, document) {
            do { counts.append(request.match.by.count(try measured(reference, &reader, &files).size)) } catch { throw document.located(error, in: reference) }
        }
        guard let least = counts.min(), let most = counts.max(), least == most else {
            let text = request.match.by.text
            throw document.located(
                SettingsError(
                    path: request.source.appending("arm"),
                    found: "'\(request.match.to)', whose runs beside '\(point.label)' have \(request.match.by.text(counts.min() ?? 0)) to \(request.match.by.text(counts.max() ?? 0)) \(text)",
                    expected: "one count", advice: "write an arm of its own for each, or give both arms the axis"))
        }
        targets[place] = least
        return least
    }

    private mutating func measured(_ point: SweepPoint, _ reader: inout SettingsReader, _ files: inout BaseFiles) throws(SettingsError)
        -> (source: StreamSize.Source, size: StreamSize)
    {
        let run = try Run(point, index: 0, &reader, &files)
        let source = StreamSize.Source(run)
        if let known = sizes[source] { return (source, known) }
        let size = try StreamSize(run)
        sizes[source] = size
        return (source, size)
    }

    private func setting(_ request: MatchRequest, to number: Int, in point: SweepPoint) throws(ExperimentError) -> SweepPoint {
        var point = point
        let source = request.source.appending("key")
        do { try point.set(.integer(number), at: request.key, from: source, key: source) } catch { throw document.located(error, in: point) }
        return point
    }

    /// Runs that a match makes are held against all.
    private mutating func checkDiffers(_ point: SweepPoint) throws(ExperimentError) {
        guard let equal = known.updateValue(point, forKey: point.root) else { return }
        throw document.located(
            SettingsError(
                path: (point.request ?? equal.request)?.source ?? Path(dotted: "sweep"), found: "the run '\(point.label)' that is the same as '\(equal.label)'",
                expected: "runs that differ"))
    }

    /// The whole numbers that a run with a strategy of this kind sets, by their dotted paths, and what they may be from 1 up; nil for a strategy that there is none of.
    private static func numbers(of kind: Value?) -> [String: ClosedRange<Int>]? {
        guard let strategy = strategies.first(where: { .string($0.variant.name) == kind }) else { return nil }
        var numbers: [String: ClosedRange<Int>] = [:]
        for (section, fields) in [("strategy", strategy.variant.fields), ("train", TrainingSettings.fields)] {
            for field in fields { if case .integer(let range) = field.kind { numbers["\(section).\(field.key)"] = max(range.lowerBound, 1)...range.upperBound } }
        }
        return numbers
    }
}
