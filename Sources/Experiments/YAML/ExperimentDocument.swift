import Foundation
import Settings

/// An experiment file as it was read: its values, and where each of them stands.
public struct ExperimentDocument: Sendable {
    /// Files larger than this (bytes) are refused: they are not experiment files.
    public static let maximumSize = 1 << 20

    /// The name of the file as errors show it.
    public let file: String
    /// The YAML, unchanged.
    public let text: String
    /// The root mapping, with what the command line changed.
    public internal(set) var value: Value
    public internal(set) var sources: SourceMap
    /// Settings that the command line fixed for every run, in its order.
    var fixed: [Override] = []

    /// Reads a file. Throws when it cannot be read, is not UTF-8 or not a YAML mapping.
    public init(contentsOf path: String) throws(ExperimentError) {
        var data = Data()
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
            throw ExperimentError(.file(path), found: "no such file", expected: "an experiment file in YAML")
        }
        guard !isDirectory.boolValue else { throw ExperimentError(.file(path), found: "a folder", expected: "an experiment file in YAML") }
        do {
            // Not the whole at once: it may be a pipe or a device without end.
            let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            while data.count <= Self.maximumSize, let part = try handle.read(upToCount: Self.maximumSize + 1), !part.isEmpty {
                data += part
            }
            try handle.close()
        } catch {
            throw ExperimentError(
                .file(path), found: "a file that cannot be read (\(error.localizedDescription))", expected: "a readable file")
        }
        guard data.count <= Self.maximumSize else {
            throw ExperimentError(
                .file(path), found: "a file of more than \(Self.maximumSize >> 20) MB", expected: "an experiment file in YAML")
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            let readable = String(decoding: data, as: UTF8.self).unicodeScalars.prefix { $0 != "\u{fffd}" }
            let line = readable.count { $0 == "\n" } + 1
            throw ExperimentError(
                .line(file: path, line: line, column: readable.reversed().prefix { $0 != "\n" }.count + 1),
                found: "bytes that are not UTF-8",
                expected: "text in UTF-8")
        }
        try self.init(text: text, file: path)
    }

    /// Reads YAML text. `file` is what errors call it.
    public init(text: String, file: String) throws(ExperimentError) {
        self.file = file
        self.text = text
        (value, sources) = try YAMLReader.read(text, file: file)
        if value == .null { throw ExperimentError(.file(file), found: "nothing in it", expected: "a YAML mapping") }
        guard value.asObject != nil else {
            throw ExperimentError(sources.place(of: Path()) ?? .file(file), found: value.summary, expected: "a mapping of settings")
        }
    }

    /// The error with the place of the value or key it speaks of, or of the nearest one around it.
    public func located(_ error: SettingsError) -> ExperimentError {
        ExperimentError(sources.place(of: error.path, error.subject) ?? .file(file), error)
    }

    /// The same for an error in a run of the sweep: the place in the arm, the axis or the word of the command line that the setting came from.
    public func located(_ error: SettingsError, in point: SweepPoint) -> ExperimentError {
        ExperimentError(sources.place(of: point.source(of: error.path, error.subject), error.subject) ?? .file(file), error)
    }
}
