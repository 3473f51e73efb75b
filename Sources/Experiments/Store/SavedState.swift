import Crypto
import Foundation
import Llama
import Settings
import Training

/// The file `state` of a stage that is being trained, from which it goes on after an interruption: safetensors with the trained weights and
/// their moments, in its metadata everything else, and behind it the SHA-256 of all that.
struct SavedState {
    var tensors: Safetensors
    var trainer: Value
    /// Records of the journal that were written by then.
    var records: Int
    /// Time that the stage has taken by then.
    var seconds: Double

    /// Why a state cannot be used.
    struct Damage: Error, CustomStringConvertible { var description: String }

    static func write(_ trainer: Trainer, stage key: String, records: Int, seconds: Double, to path: String) throws(StoreError) {
        let tensors = trainer.stateTensors
        let values: Value = ["stage": .string(key), "records": .integer(records), "seconds": .number(seconds), "trainer": trainer.stateValues]
        try DurableFile.write(to: path) { file throws(StoreError) in
            var hasher = SHA256()
            func append(_ data: some ContiguousBytes) throws(StoreError) {
                data.withUnsafeBytes { hasher.update(bufferPointer: $0) }
                try file.append(data)
            }
            try append(Safetensors.header(tensors: tensors, metadata: ["state": values.canonicalJSON]))
            for tensor in tensors { try append(UnsafeRawBufferPointer(start: tensor.values.base, count: 4 * tensor.values.count)) }
            try file.append(Data(hasher.finalize()))
        }
    }

    /// The state of a stage; nil when there is none.
    init?(_ path: String, stage key: String) throws(Damage) {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        guard let data = try? Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe) else { throw Damage(description: "cannot be read") }
        guard data.count > 32, Data(SHA256.hash(data: data.dropLast(32))) == data.suffix(32) else {
            throw Damage(description: "is cut short or altered")
        }
        guard let tensors = try? Safetensors(data: data.dropLast(32), path: path), let text = tensors.metadata["state"], let values = try? Value(json: text),
            let trainer = values["trainer"], let records = values["records"]?.asInteger, let seconds = values["seconds"]?.asDouble
        else { throw Damage(description: "is of another version") }
        guard values["stage"] == .string(key) else { throw Damage(description: "belongs to another stage") }
        (self.tensors, self.trainer, self.records, self.seconds) = (tensors, trainer, records, seconds)
    }

    /// Bytes of a file, roughly.
    static func byteCount(_ trainer: Trainer) -> Double { trainer.stateTensors.reduce(0) { $0 + 4 * Double($1.values.count) } }
}

/// When a state is saved: seldom enough to take less than a fiftieth of the time. Reaches no result.
struct SavingRhythm: Sendable {
    private let leastSeconds: Double
    /// A state is saved after this many times what the last one took.
    static let factor = 60.0

    private var due: Double

    /// Times are seconds of the stage.
    /// - Parameters:
    ///   - from: when the training begins or goes on.
    ///   - leastSeconds: between two states.
    ///   - byteCount: of a state. Before the first is written, 100 MB a second are expected.
    init(from: Double, leastSeconds: Double, byteCount: Double) {
        self.leastSeconds = leastSeconds
        due = from + max(leastSeconds, Self.factor * byteCount / 1e8)
    }

    func isDue(_ seconds: Double) -> Bool { seconds >= due }

    mutating func saved(from start: Double, to end: Double) { due = end + max(leastSeconds, Self.factor * (end - start)) }
}
