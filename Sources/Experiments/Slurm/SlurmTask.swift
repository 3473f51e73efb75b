import Foundation
import Kernels

/// The work of one job on its node: the stages of its order that are not done.
public struct SlurmTask {
    /// The last line of a job that was told to stop and has saved what it did.
    public static let interruption = "interrupted; what is done is saved"

    private let order: SlurmOrder

    /// - Parameters:
    ///   - orders: the file of the array.
    ///   - index: the task's index in the array.
    public init(orders: String, index: Int) throws(SlurmError) { order = try SlurmOrders.read(orders, index: index) }

    /// Does the stages one after another and stops at the first that fails, which its folder then says, or when a stop is wanted (`Interrupted`).
    /// `family` is that of this node.
    public func run(_ store: StageStore, family: String, compute: Compute, interruption: Interruption, saveSeconds: Double) throws {
        guard let next = order.stages.first(where: { store.state($0) != .done }) else { return }
        let stages: [Stage]
        do {
            guard order.family == family else { throw OtherNumerics(expected: order.family, found: family) }
            stages = try order.resolved()
        } catch {
            try store.fail(next, "\(error)")
            throw error
        }
        let worker = StageWorker(store: store, compute: compute, interruption: interruption, saveSeconds: saveSeconds) { _ in }
        for stage in stages where store.state(stage.key) != .done {
            if stage.models.contains(where: { store.state($0) != .done }) {
                let error = MissingParent(title: stage.title)
                try store.fail(stage.key, "\(error)")
                throw error
            }
            // Another experiment's job may have it: then its result is this one's too.
            while case .held = try worker.run(stage) {
                try interruption.check()
                usleep(500_000)
            }
        }
    }

    /// Removes the job's log when nothing was written to it: most jobs have nothing to say, and a sweep has many.
    public static func removeEmptyLog() {
        var status = stat()
        guard fstat(2, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size == 0 else { return }
        var path = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        if readlink("/proc/self/fd/2", &path, Int(PATH_MAX)) > 0 { unlink(path) }
    }

    private struct OtherNumerics: Error, CustomStringConvertible {
        var expected: String
        var found: String
        var description: String {
            "the processor of \(ProcessInfo.processInfo.hostName) gives numbers of the family '\(found)', but the run began with '\(expected)'; "
                + "choose like nodes with slurm.constraint"
        }
    }

    private struct MissingParent: Error, CustomStringConvertible {
        var title: String
        var description: String {
            "\(title): what it begins with is not done on \(ProcessInfo.processInfo.hostName); is the results folder the same one on every node?"
        }
    }
}

extension StageStore {
    /// Says why a stage failed of which only the key is known.
    func fail(_ key: String, _ message: String) throws(StoreError) {
        try DurableFile.makeFolder(folder(key))
        try DurableFile.write(Data(message.utf8), to: folder(key) + "/failed")
    }
}
