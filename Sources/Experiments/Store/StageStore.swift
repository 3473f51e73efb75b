import Crypto
import Foundation
import Settings

/// `results/stages/<key>/`, a folder a stage: `recipe.json`, `journal`, `tokenizer.json` or `model.safetensors`, and `done`,
/// written last. A stage without `done` counts for nothing; one with `failed` says why.
public struct StageStore: Sendable {
    public enum State: Sendable, Hashable {
        case pending
        /// Begun and neither done nor failed: running in another process, or interrupted.
        case begun
        case failed(String)
        case done
    }

    public let results: String

    public init(results: String) { self.results = results }

    /// Keeps the results folder for this process until it ends. Throws when another one has it.
    public func lock() throws(StoreError) {
        let descriptor = open(results + "/.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw StoreError(results + "/.lock", "cannot be opened") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let isTaken = errno == EWOULDBLOCK
            close(descriptor)
            // Some file systems have no locks; there the user has to see to it.
            guard isTaken else { return }
            throw StoreError(results, "is in use by another strata run; wait for it, or give this one a --results folder of its own", errorNumber: nil)
        }
    }

    public func folder(_ key: String) -> String { "\(results)/stages/\(key)" }
    public func journal(_ key: String) -> String { folder(key) + "/journal" }
    public func model(_ key: String) -> String { folder(key) + "/model.safetensors" }
    public func tokenizer(_ key: String) -> String { folder(key) + "/tokenizer.json" }

    public func makeResultsFolder() throws(StoreError) { try DurableFile.makeFolder(results) }

    public func state(_ key: String) -> State {
        let files = FileManager.default
        if files.fileExists(atPath: folder(key) + "/done") { return .done }
        if let data = files.contents(atPath: folder(key) + "/failed") { return .failed(String(decoding: data, as: UTF8.self)) }
        return files.fileExists(atPath: folder(key) + "/recipe.json") ? .begun : .pending
    }

    /// Clears what an earlier attempt left and writes the recipe.
    func begin(_ stage: Stage) throws(StoreError) {
        try DurableFile.makeFolder(folder(stage.key))
        // Also the unfinished file of a process that was killed while it wrote.
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder(stage.key))) ?? [] { unlink(folder(stage.key) + "/" + name) }
        try DurableFile.write(Data(stage.recipe.canonicalJSON.utf8), to: folder(stage.key) + "/recipe.json")
    }

    /// Marks the stage as finished, with the SHA-256 of each of its files, and the seconds that it took and the threads that it had.
    func finish(_ stage: Stage, seconds: Double, threads: Int) throws(StoreError) {
        var files: [String: Value] = [:]
        for name in ["recipe.json", "journal", "model.safetensors", "tokenizer.json"] {
            guard let data = FileManager.default.contents(atPath: folder(stage.key) + "/" + name) else { continue }
            files[name] = .string(hexadecimal(SHA256.hash(data: data)))
        }
        let done: Value = ["files": .object(files), "seconds": .number(seconds), "threads": .integer(threads)]
        try DurableFile.write(Data(done.canonicalJSON.utf8), to: folder(stage.key) + "/done")
    }

    func fail(_ stage: Stage, _ message: String) throws(StoreError) {
        try DurableFile.makeFolder(folder(stage.key))
        try DurableFile.write(Data(message.utf8), to: folder(stage.key) + "/failed")
    }

    /// Seconds that a finished stage took, and the threads that it had.
    public func time(_ key: String) -> (seconds: Double, threads: Int)? {
        guard let data = FileManager.default.contents(atPath: folder(key) + "/done"), let done = try? Value(json: data),
            let seconds = done["seconds"]?.asDouble, let threads = done["threads"]?.asInteger
        else { return nil }
        return (seconds, threads)
    }
}

func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
}
