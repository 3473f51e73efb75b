import Foundation
import HDF5
import Testing

@testable import Results

/// Opens published files with xarray. `STRATA_PYTHON` names a Python that has xarray, pandas, h5netcdf, h5py and netCDF4;
/// without it these tests are left out (`scripts/test` sets it).
@Suite(.enabled(if: ProcessInfo.processInfo.environment["STRATA_PYTHON"] != nil, "STRATA_PYTHON is not set"))
struct XarrayTests {
    let folder: TemporaryFolder
    var path: String { folder.file("a.h5") }

    init() throws { folder = try TemporaryFolder() }

    /// Exit status and standard error of `Tests/Python/open_with_xarray.py` on the file.
    func open() throws -> (status: Int32, message: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(ProcessInfo.processInfo.environment["STRATA_PYTHON"]))
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Python/open_with_xarray.py").path
        process.arguments = [script, path]
        let errors = Pipe()
        process.standardError = errors
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        let message = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, message)
    }

    @Test func aPublishedFileOpens() throws {
        try Publisher.publish(experiment: Fabricated.experiment, runs: Fabricated.runs, stages: Fabricated.stages, tuning: TuningRecordTests.tuning, to: path)
        let (status, message) = try open()
        #expect(status == 0, "\(message)")
    }

    @Test func aFileWithDriftOpens() throws {
        try Publisher.publish(experiment: Fabricated.experiment, runs: Fabricated.drifted, stages: Fabricated.stages, to: path)
        let (status, message) = try open()
        #expect(status == 0, "\(message)")
    }

    @Test func aFileWithoutRunsOpens() throws {
        try Publisher.publish(experiment: Fabricated.experiment, runs: [], to: path)
        let (status, message) = try open()
        #expect(status == 0, "\(message)")
    }

    @Test func theScriptRefusesOtherFiles() throws {
        #expect(try open().status != 0)
        try write(Array("name,loss\r\n".utf8), to: path)
        #expect(try open().status != 0)
        // One axis without a scale.
        try File.create(at: path) { root in
            let summary = try root.createGroup("summary")
            let run = try summary.createScale("run", ["a"])
            try summary.createDataset("OP", [0.5], along: [run])
            try summary.createDataset("loose", of: Double.self, shape: [2])
            _ = try root.createGroup("scores")
            _ = try root.createGroup("runs")
            _ = try root.createGroup("stages")
        }
        let (status, message) = try open()
        #expect(status == 1)
        #expect(message.contains("group /summary"))
    }
}
