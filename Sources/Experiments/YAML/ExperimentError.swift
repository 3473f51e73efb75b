import Settings

/// An experiment that cannot be used: `FILE:LINE:COLUMN: path: found X, expected Y; advice`, always in one line.
public struct ExperimentError: Error, Sendable, Hashable, CustomStringConvertible {
    public var place: Place
    public var problem: SettingsError

    public init(_ place: Place, _ problem: SettingsError) {
        self.place = place
        self.problem = problem
    }

    public init(_ place: Place, path: Path = Path(), found: String, expected: String, advice: String = "") {
        self.init(place, SettingsError(path: path, found: found, expected: expected, advice: advice))
    }

    public var description: String { "\(place): \(problem)" }
}
