/// The cut into training and held-out documents, made by each document's own bytes.
///
/// A document falls on the same side whatever else is in the corpus and in whatever order, and equal documents fall on the
/// same side, so that a repeated one cannot leak.
enum DocumentSplit {
    /// Held out is each document whose hash, as a number in [0, 1), is below `share`.
    static func split(_ documents: [[UInt8]], share: Double) -> (training: [[UInt8]], heldOut: [[UInt8]]) {
        var training: [[UInt8]] = []
        var heldOut: [[UInt8]] = []
        for document in documents {
            if isHeldOut(document, share: share) { heldOut.append(document) } else { training.append(document) }
        }
        return (training, heldOut)
    }

    static func isHeldOut(_ document: [UInt8], share: Double) -> Bool { Double(hash(document) >> 11) * 0x1p-53 < share }

    /// FNV-1a, 64 bit, and a final mix (SplitMix64's), without which short texts that differ in their last byte get near hashes.
    static func hash(_ bytes: [UInt8]) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        hash = (hash ^ (hash >> 30)) &* 0xbf58_476d_1ce4_e5b9
        hash = (hash ^ (hash >> 27)) &* 0x94d0_49bb_1331_11eb
        return hash ^ (hash >> 31)
    }
}
