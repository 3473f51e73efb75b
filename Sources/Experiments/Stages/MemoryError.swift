/// A stage that this machine cannot hold.
public struct MemoryError: Error, Sendable, Hashable, CustomStringConvertible {
    public var stage: String
    public var neededBytes: Double
    public var availableBytes: Double

    public var description: String {
        func gigabytes(_ bytes: Double) -> String { "\((bytes / 1e8).rounded() / 10) GB" }
        return "\(stage): needs about \(gigabytes(neededBytes)) of memory, but this machine has \(gigabytes(availableBytes)); lower batch_size, "
            + "the sequence length or the size of the model"
    }
}
