import Crypto
import Foundation
import Settings
import Synchronization

/// A finished stage that is not what it was when it was finished.
public struct DamagedStage: Error, Sendable, Hashable, CustomStringConvertible {
    public var path: String
    public var problem: String

    public var description: String { "\(path) \(problem); run it again: the stage is made anew" }
}

/// Finished stages are held against the hashes that were taken when they were finished, before anything is read from them.
extension StageStore {
    /// What is wrong with some files of a finished stage, whatever else it has; nil when they are as they were.
    public func damage(_ key: String, files: [String]) -> DamagedStage? {
        do throws(DamagedStage) {
            let mark = try mark(of: key)
            // Tokenizers of earlier versions have no configuration.
            for file in files where file != "tokenizer_config.json" || mark.files[file] != nil { _ = try contents(of: key, file, mark) }
            return nil
        } catch {
            return error
        }
    }

    /// What is wrong with any of the files that a finished stage had.
    public func damage(_ key: String) -> DamagedStage? {
        do throws(DamagedStage) { return damage(key, files: try mark(of: key).files.keys.sorted()) } catch { return error }
    }

    /// The bytes of a finished stage's file, as they were when it was finished.
    func contents(of key: String, _ file: String) throws(DamagedStage) -> Data { try contents(of: key, file, mark(of: key)) }

    /// Whether a finished stage had a file of this name.
    func hasFile(_ key: String, _ file: String) -> Bool { (try? mark(of: key))?.files[file] != nil }

    private func mark(of key: String) throws(DamagedStage) -> DoneMark {
        let path = folder(key) + "/done"
        guard let data = FileManager.default.contents(atPath: path) else { throw DamagedStage(path: path, problem: "cannot be read") }
        do throws(DoneMark.Damage) {
            let mark = try DoneMark(data)
            guard mark.files["recipe.json"] == key else { throw DoneMark.Damage(description: "belongs to another stage") }
            return mark
        } catch {
            throw DamagedStage(path: path, problem: error.description)
        }
    }

    private func contents(of key: String, _ file: String, _ mark: DoneMark) throws(DamagedStage) -> Data {
        let path = folder(key) + "/" + file
        guard let hash = mark.files[file] else { throw DamagedStage(path: folder(key) + "/done", problem: "has no hash of \(file)") }
        guard let data = try? Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe) else {
            throw DamagedStage(path: path, problem: FileManager.default.fileExists(atPath: path) ? "cannot be read" : "is missing")
        }
        // Once a process for a file that nobody has touched since.
        let identity = FileIdentity(path: path, hash: hash)
        if let identity, Self.sound.withLock({ $0.contains(identity) }) { return data }
        guard hexadecimal(SHA256.hash(data: data)) == hash else { throw DamagedStage(path: path, problem: "does not have the hash that it was finished with") }
        if let identity { Self.sound.withLock { _ = $0.insert(identity) } }
        return data
    }

    /// Files that were found to be sound.
    private static let sound = Mutex<Set<FileIdentity>>([])

    private struct FileIdentity: Sendable, Hashable {
        var path: String, hash: String
        var file: UInt64, size: Int
        var changedSeconds: Int, changedNanoseconds: Int

        init?(path: String, hash: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            (self.path, self.hash, file, size) = (path, hash, UInt64(status.st_ino), Int(status.st_size))
            (changedSeconds, changedNanoseconds) = (Int(status.st_ctim.tv_sec), Int(status.st_ctim.tv_nsec))
        }
    }
}

extension Stage {
    /// The files that other stages read.
    func products(in store: StageStore) -> [String] {
        switch work {
        case .tokenizer: ["tokenizer.json", "tokenizer_config.json"]
        case .pretraining, .instruction: ["model.safetensors"]
        case .task: ["model.safetensors"] + (store.hasFile(key, "carried.safetensors") ? ["carried.safetensors"] : [])
        case .evaluation: []
        }
    }

    /// Keys of the stages that must be done before it begins: its parent, and the base that its model is compared with.
    var models: [String] {
        guard case .evaluation(let measurement) = work, let comparison = measurement.comparison else { return [parent].compactMap(\.self) }
        return [parent, comparison.base].compactMap(\.self)
    }

    /// Keys of the stages whose products it reads.
    var needs: [String] {
        let tokenizer: String? = if case .evaluation(let measurement) = work { measurement.tokenizer } else { lesson?.tokenizer }
        return models + [tokenizer].compactMap(\.self)
    }
}

extension StageGraph {
    /// Makes unfinished what is marked as done and is damaged, so that it is made again: `done`, recipes and journals are looked at, and
    /// with `products` also checkpoints and tokenizers that stages still to be done read. A stage that another process has is left to it.
    public func withdrawDamaged(_ store: StageStore, products: Bool, report: (Stage, DamagedStage) -> Void) throws(StoreError) {
        var needed: Set<String> = []
        // What needs a stage comes behind it.
        for stage in stages.reversed() {
            var isDone = store.state(stage.key) == .done
            let files = ["recipe.json", "journal"] + (needed.contains(stage.key) ? stage.products(in: store) : [])
            if isDone, store.damage(stage.key, files: files) != nil, case .taken(let lock) = try store.lock(stage.key, LockWatch()) {
                defer { lock.release() }
                // It may have been made again before the lock was there.
                isDone = store.state(stage.key) == .done
                if isDone, let damage = store.damage(stage.key, files: files) {
                    try store.withdraw(stage.key)
                    report(stage, damage)
                    isDone = false
                }
            }
            if products, !isDone { needed.formUnion(stage.needs) }
            // Of a process that was killed between its last two steps.
            if products, isDone { unlink(store.savedState(stage.key)) }
        }
    }
}
