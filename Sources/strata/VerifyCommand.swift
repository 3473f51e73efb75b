import ArgumentParser
import Experiments
import Foundation
import Results

struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Check stages and HDF5 files against their checksums.",
        discussion: "Changes nothing. Exit status 1 when something is damaged: `strata run` makes it again.")

    @Argument(help: ArgumentHelp("A results folder, the folder of one stage, or an HDF5 file.", valueName: "path"), completion: .file())
    var path: String

    func run() throws {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw Failure.wrongInput("strata: \(path): found nothing there, expected a results folder, the folder of a stage or an HDF5 file")
        }
        var damaged: [String] = []
        var counts: [String] = []
        func check(file: String) { do { _ = try PublishedFile(file).verify() } catch { damaged.append("\(error)") } }
        if !isFolder.boolValue {
            check(file: path)
            counts.append("1 file")
        } else {
            let report: StageVerification
            do { report = try StageVerification(path) } catch { throw Failure.wrongInput("strata: \(error)") }
            damaged += report.damaged
            counts.append("\(counted(report.finished, "finished stage"))")
            if report.unfinished > 0 { counts.append("\(report.unfinished) unfinished") }
            let files = ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).filter { $0.hasSuffix(".h5") }.sorted()
            for file in files { check(file: "\(path)/\(file)") }
            if !files.isEmpty { counts.append(counted(files.count, "file")) }
        }
        for line in damaged { print(line) }
        print("\(counts.joined(separator: ", ")): \(damaged.isEmpty ? "all sound" : "\(damaged.count) damaged")")
        if !damaged.isEmpty { throw Failure(status: 1, message: "") }
    }
}
