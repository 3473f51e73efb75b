import Experiments
import Foundation
import Subprocess

/// The program that draws.
public enum Gnuplot {
    /// Draws a figure. The same figure gives the same bytes with one version of gnuplot.
    /// - Throws: `GnuplotError`.
    public static func draw(_ plot: Plot, as format: PlotFormat) async throws(GnuplotError) -> [UInt8] {
        var bytes: [UInt8]
        let (isDone, message): (Bool, String)
        BrokenPipe.becomesError()
        do {
            // -d: without the settings of whoever runs it.
            let result = try await Subprocess.run(
                .name("gnuplot"), arguments: ["-d", "-"], environment: .inherit.updating(["LC_ALL": "C.UTF-8", "SOURCE_DATE_EPOCH": "0"]),
                input: .string(plot.script(format)), output: .bytes(limit: 256 << 20), error: .string(limit: 1 << 20))
            (bytes, message, isDone) = (result.standardOutput, result.standardError, result.terminationStatus == .exited(0))
        } catch let error as SubprocessError where error.code == .executableNotFound {
            throw .missing
        } catch {
            throw .failed(plot: plot.name, message: "\(error)")
        }
        guard isDone, !bytes.isEmpty else {
            let lines = message.split(separator: "\n").filter { !$0.allSatisfy(\.isWhitespace) }
            throw .failed(plot: plot.name, message: lines.suffix(3).joined(separator: "; "))
        }
        if format == .pdf { removeDate(&bytes) }
        return bytes
    }

    /// Cairo before 1.18 writes the time whatever SOURCE_DATE_EPOCH says: its digits become those of 1970, so that no offset moves.
    private static func removeDate(_ bytes: inout [UInt8]) {
        let key = Array("/CreationDate (D:".utf8), date = Array("19700101000000".utf8)
        guard let place = bytes.indices.dropLast(key.count + date.count).last(where: { bytes[$0...].starts(with: key) }) else { return }
        bytes.replaceSubrange(place + key.count..<place + key.count + date.count, with: date)
    }

    /// Draws figures into a folder, each as NAME.EXTENSION, and returns their paths.
    public static func write(_ plots: [Plot], as format: PlotFormat, to folder: String) async throws -> [String] {
        do { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) } catch {
            throw ExportError(path: folder, reason: "cannot be made as a folder")
        }
        var paths: [String] = []
        for plot in plots {
            let path = "\(folder)/\(plot.name).\(format.rawValue)"
            let bytes = try await draw(plot, as: format)
            do { try Data(bytes).write(to: URL(fileURLWithPath: path), options: .atomic) } catch {
                throw ExportError(path: path, reason: "cannot be written")
            }
            paths.append(path)
        }
        return paths
    }
}

/// Why a figure was not drawn.
public enum GnuplotError: Error, Sendable, Hashable, CustomStringConvertible {
    case missing
    case failed(plot: String, message: String)

    public var description: String {
        switch self {
        case .missing:
            "plots need gnuplot, and there is no program 'gnuplot' in PATH; install it: apt-get install gnuplot-nox "
                + "(or dnf install gnuplot-minimal, brew install gnuplot)"
        case .failed(let plot, let message): "plot '\(plot)': gnuplot failed: \(message); plots need version 5.4 or newer (gnuplot --version)"
        }
    }
}
