import Crypto
import Foundation
import Settings

/// `results/stages/<key>/`, a folder a stage: `recipe.json`, `journal`, `tokenizer.json` or `model.safetensors` (with `carried.safetensors` where a strategy
/// hands more than the model to its next phase), and `done`, written last; `state` while it is trained. A stage without `done` counts for nothing; one with `failed` says why.
/// `results/locks/<key>` says who works on a stage.
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

    public func folder(_ key: String) -> String { "\(results)/stages/\(key)" }
    public func journal(_ key: String) -> String { folder(key) + "/journal" }
    public func model(_ key: String) -> String { folder(key) + "/model.safetensors" }
    func carried(_ key: String) -> String { folder(key) + "/carried.safetensors" }
    public func tokenizer(_ key: String) -> String { folder(key) + "/tokenizer.json" }
    public func lockFile(_ key: String) -> String { "\(results)/locks/\(key)" }
    func savedState(_ key: String) -> String { folder(key) + "/state" }

    public func makeResultsFolder() throws(StoreError) { try DurableFile.makeFolder(results) }

    /// What the folder says of the stage; its files are not read (`damage` does that).
    public func state(_ key: String) -> State {
        let files = FileManager.default
        if files.fileExists(atPath: folder(key) + "/done") { return .done }
        if let data = files.contents(atPath: folder(key) + "/failed") { return .failed(String(decoding: data, as: UTF8.self)) }
        return files.fileExists(atPath: folder(key) + "/recipe.json") ? .begun : .pending
    }

    /// Takes the stage for this process, unless another one has it.
    public func lock(_ key: String, _ watch: LockWatch) throws(StoreError) -> StageLock.Attempt {
        try DurableFile.makeFolder(results + "/locks")
        return try StageLock.take(lockFile(key), watch)
    }

    /// Clears what an earlier attempt left and writes the recipe.
    func begin(_ stage: Stage) throws(StoreError) {
        try DurableFile.makeFolder(folder(stage.key))
        try clear(stage.key) { _ in true }
        try DurableFile.write(Data(stage.recipe.canonicalJSON.utf8), to: folder(stage.key) + "/recipe.json")
    }

    /// Clears what does not belong to a stage that goes on: why it failed, and what a process that was killed was writing. The recipe is written again.
    func goOn(_ stage: Stage) throws(StoreError) {
        try clear(stage.key) { $0 == "failed" || $0.contains(".partial-") || $0 == "recipe.json" }
        try DurableFile.write(Data(stage.recipe.canonicalJSON.utf8), to: folder(stage.key) + "/recipe.json")
    }

    private func clear(_ key: String, _ isUnwanted: (String) -> Bool) throws(StoreError) {
        // The last file first that makes it done: never done with a part of its files.
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder(key))) ?? []).filter(isUnwanted)
        for name in names.sorted(by: { ($0 == "done" ? 0 : 1, $0) < ($1 == "done" ? 0 : 1, $1) }) {
            guard unlink(folder(key) + "/" + name) == 0 || errno == ENOENT else { throw StoreError(folder(key) + "/" + name, "cannot be removed") }
        }
    }

    /// Marks the stage as finished, with the SHA-256 of each of its files, and the seconds that it took and the threads that it had.
    func finish(_ stage: Stage, seconds: Double, threads: Int) throws(StoreError) {
        var files: [String: Value] = [:]
        for name in DoneMark.fileNames {
            guard let data = FileManager.default.contents(atPath: folder(stage.key) + "/" + name) else { continue }
            files[name] = .string(hexadecimal(SHA256.hash(data: data)))
        }
        let mark = DoneMark(files: files.compactMapValues(\.asString), seconds: seconds, threads: threads)
        try DurableFile.write(mark.encoded, to: folder(stage.key) + "/done")
        unlink(savedState(stage.key))
    }

    func fail(_ stage: Stage, _ message: String) throws(StoreError) {
        try DurableFile.makeFolder(folder(stage.key))
        try DurableFile.write(Data(message.utf8), to: folder(stage.key) + "/failed")
    }

    /// Makes a finished stage an unfinished one.
    func withdraw(_ key: String) throws(StoreError) { try DurableFile.remove(folder(key) + "/done") }

    /// Seconds that a finished stage took, and the threads that it had.
    public func time(_ key: String) -> (seconds: Double, threads: Int)? {
        guard let data = FileManager.default.contents(atPath: folder(key) + "/done"), let mark = try? DoneMark(data) else { return nil }
        return (mark.seconds, mark.threads)
    }
}

func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
}
