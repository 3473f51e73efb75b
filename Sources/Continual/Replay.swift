import Settings

/// Earlier text among the text of a task: beside any strategy that trains, under the key `replay` of a run.
///
/// Each sequence of a batch is from earlier text with the probability `share`, from all of its domains as often; the number of steps stays.
/// Source: TRACE, arXiv 2310.06762, section 4; Ibrahim et al. 2024, arXiv 2403.08763: 1 to 5 % for a weak shift, 25 % for a strong one.
public struct Replay: Sendable, Hashable {
    public var share: Double
    public var source: EarlierSource

    public static let fields: [Field] = [
        .required("share", .number(1e-6...0.999_999), "probability that a sequence is from earlier text"),
        .optional(
            "from", .choice(EarlierSource.allCases.map(\.rawValue)), default: "both",
            "earlier tasks of the stream, the base's domains, or both, all domains as often"),
    ]

    /// Settings that `fields` has validated.
    public init(settings: Settings) {
        share = settings.number("share")
        source = EarlierSource(rawValue: settings.string("from")) ?? .both
    }

    /// Refuses a stream in which nothing would be replayed.
    /// - `hasBaseText`: whether the base has domains; a checkpoint may come without.
    public func check(_ strategy: any Strategy, taskCount: Int, hasBaseText: Bool = true) throws(SettingsError) {
        guard hasBaseText || source != .base else {
            throw SettingsError(
                path: Path(dotted: "from"), found: "\"base\" beside a base without text", expected: "\"tasks\", or 'base.data': what the checkpoint knows")
        }
        let phases = strategy.phases(taskCount: taskCount)
        let trains = phases.contains(where: \.trains)
        guard trains, phases.indices.contains(where: { let text = source.text(before: $0); return text.includesBase || !text.phases.isEmpty }) else {
            throw SettingsError(
                path: Path(), found: trains ? "replay of earlier tasks, of which there are none" : "replay beside a strategy that trains nothing",
                expected: trains ? "'from: base' or 'both', or a stream with tasks one after another" : "no 'replay' here",
                advice: trains ? "" : "put it into the arms that train")
        }
    }
}
