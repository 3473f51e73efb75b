import Foundation
import Testing

/// The program, which is built beside the tests.
enum BuiltProgram {
    static var path: String? {
        let places = [CommandLine.arguments[0]] + Bundle.allBundles.map(\.bundlePath)
        let candidates = places.map { URL(fileURLWithPath: $0).deletingLastPathComponent().appendingPathComponent("strata").path }
        return candidates.first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    struct Result {
        var status: Int32
        var output: String
        var errors: String
    }

    /// Runs it in a folder with nothing on its standard input.
    static func run(_ arguments: [String], in folder: TemporaryFolder) throws -> Result {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(path, "the program is built beside the tests"))
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: folder.file(""))
        process.standardInput = FileHandle.nullDevice
        // Files, which never fill as pipes do.
        let (output, errors) = (folder.file("output.txt"), folder.file("errors.txt"))
        for (path, stream) in [(output, \Process.standardOutput), (errors, \Process.standardError)] {
            try Data().write(to: URL(fileURLWithPath: path))
            process[keyPath: stream] = FileHandle(forWritingAtPath: path)
        }
        try process.run()
        process.waitUntilExit()
        func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }
        return Result(status: process.terminationStatus, output: try text(output), errors: try text(errors))
    }
}
