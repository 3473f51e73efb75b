import Settings

extension Sweep {
    /// The `match` of the arm at a place among all, whose labels are known.
    static func request(_ value: Value?, of index: Int, in arms: [Arm], _ document: ExperimentDocument) throws(ExperimentError) -> MatchRequest? {
        guard let value, value != .null else { return nil }
        let arm = arms[index]
        let source = arm.source.appending("match")
        let match = ArmMatch(arm: arm.label ?? "", Settings(validated: value))
        func wrong(_ key: String, _ found: String, _ expected: String, _ advice: String = "") -> ExperimentError {
            document.located(SettingsError(path: source.appending(key), found: found, expected: expected, advice: advice))
        }
        let others = arms.indices.filter { $0 != index }.compactMap { arms[$0].label }
        guard match.to != arm.label else { throw wrong("arm", "the arm itself", "another one", others.isEmpty ? "" : "there are \(others.joined(separator: ", "))") }
        guard let reference = arms.firstIndex(where: { $0.label == match.to }) else {
            let known = others.isEmpty ? "another arm, and there is none" : "the name of another arm: \(others.joined(separator: ", "))"
            throw wrong("arm", Value.string(match.to).summary, known, nearestAdvice(to: match.to, among: others))
        }
        let outer = arm.source.parent ?? Path()
        if let next = document.value[outer.appending(reference)]?["match"], next != .null {
            throw wrong("arm", "'\(match.to)', which has a match of its own", "an arm without one", next["arm"]?.asString.map { "it comes near to '\($0)'" } ?? "")
        }
        guard let key = Path(parsing: match.key), key.steps.count == 2, [.key("strategy"), .key("train")].contains(key.steps[0]), case .key = key.steps[1] else {
            throw wrong("key", Value.string(match.key).summary, "the dotted path of a whole number of strategy or train, such as strategy.r or train.steps")
        }
        let chosen = "'\(match.key)', which the match of the arm '\(match.arm)' chooses"
        if arm.changes[key] != nil {
            throw document.located(
                SettingsError(path: arm.source.appending(key), found: chosen, expected: "the setting or the match, not both", subject: .key))
        }
        if let axis = arm.axes.first(where: { $0.path.isAtOrUnder(key) || key.isAtOrUnder($0.path) }) {
            throw document.located(
                SettingsError(
                    path: axis.source, found: axis.path == key ? "an axis of \(chosen)" : "the axis '\(axis.name)' around \(chosen)",
                    expected: "the axis or the match, not both", subject: .key))
        }
        if let override = document.fixed.first(where: { $0.path.isAtOrUnder(key) || key.isAtOrUnder($0.path) }) {
            throw ExperimentError(
                override.place, path: override.path, found: "a value for \(chosen)", expected: "none",
                advice: "sweep.arms[\(reference)].\(match.key)=VALUE sets it in '\(match.to)' alone")
        }
        return MatchRequest(match: match, key: key, reference: reference, source: source)
    }

    /// The points that a point is matched to: those of the other arm that have its values where both have an axis with them.
    func references(of point: SweepPoint, _ request: MatchRequest, _ document: ExperimentDocument) throws(ExperimentError) -> [SweepPoint] {
        let arm = arms[request.reference]
        var points = [try Sweep.start(of: arm, in: document)]
        for axis in arm.axes {
            let own = point.axes.first { $0.name == axis.name }?.value
            let shared = own.flatMap { own in axis.values.firstIndex { Sweep.isSame($0, own) } }
            let places = shared.map { [$0] } ?? Array(axis.values.indices)
            guard points.count * places.count <= 1_000 else {
                throw document.located(
                    SettingsError(
                        path: request.source.appending("arm"), found: "'\(request.match.to)', which has more than 1,000 runs beside each of this arm",
                        expected: "fewer", advice: "give both arms the same axes"))
            }
            var next: [SweepPoint] = []
            for point in points { for place in places { next.append(try Sweep.setting(axis, place, in: point, document)) } }
            points = next
        }
        return points
    }
}
