import Foundation
import Settings

/// The arrays of an experiment that were submitted and may not have ended, in the file `RESULTS/slurm/NAME/jobs.json`. It is written before sbatch is called and
/// again with the number that sbatch gives: whoever finds an array without a number looks for its name in the queue.
struct SlurmLedger: Sendable {
    struct Submission: Sendable, Hashable {
        /// The name of its jobs in Slurm, unlike any other, and of its file of orders.
        var name: String
        /// Slurm's number of the array; nil until it is known.
        var array: Int?
    }

    let folder: String
    private(set) var submissions: [Submission]

    /// Reads the file; without one there are no submissions. Throws when it is damaged.
    init(results: String, experiment: String) throws(SlurmError) {
        folder = "\(results)/slurm/\(experiment)"
        submissions = []
        guard let data = FileManager.default.contents(atPath: file) else { return }
        guard let entries = (try? Value(json: data))?.asList else {
            throw .orders(path: file, problem: "is damaged and its jobs are not known; cancel them with scancel if there are any, then remove the file")
        }
        submissions = entries.compactMap { entry in entry["name"]?.asString.map { Submission(name: $0, array: entry["array"]?.asInteger) } }
    }

    private var file: String { folder + "/jobs.json" }
    func orders(_ name: String) -> String { "\(folder)/orders/\(name)" }
    var logs: String { folder + "/logs" }
    func log(array: Int, index: Int) -> String { "\(logs)/\(array)_\(index).out" }

    func makeFolders() throws(StoreError) {
        try DurableFile.makeFolder(folder + "/orders")
        try DurableFile.makeFolder(logs)
    }

    mutating func add(_ submission: Submission) throws(StoreError) {
        submissions.append(submission)
        try write()
    }

    mutating func set(array: Int, of name: String) throws(StoreError) {
        for index in submissions.indices where submissions[index].name == name { submissions[index].array = array }
        try write()
    }

    /// Forgets submissions, all of whose jobs have ended, and their orders.
    mutating func remove(_ names: Set<String>) throws(StoreError) {
        guard !names.isEmpty else { return }
        submissions.removeAll { names.contains($0.name) }
        try write()
        for name in names { unlink(orders(name)) }
    }

    private func write() throws(StoreError) {
        let json: Value = .list(submissions.map { ["name": .string($0.name), "array": $0.array.map { .integer($0) } ?? .null] })
        try DurableFile.write(Data(json.canonicalJSON.utf8), to: file)
    }
}
