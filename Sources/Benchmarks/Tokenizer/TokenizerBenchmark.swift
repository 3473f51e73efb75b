import Corpus
import Settings

/// Times a tokenizer on one thread: a text in documents, each encoded once, words looked up as they come.
public struct TokenizerBenchmark {
    /// Documents end with the first line end behind this many bytes, so that another program can cut the same.
    public static let documentBytes = 16 << 10

    public struct Result: Sendable, Hashable {
        public var bytes: Int
        public var tokens: Int
        public var seconds: Double
        /// Of all ids: the sum of (id + 1) x (place + 1), places counted through all documents, modulo 2^64.
        public var checksum: UInt64

        public var value: Value {
            [
                "bytes": .integer(bytes), "tokens": .integer(tokens), "seconds": .number(seconds), "mb_per_second": .number(Double(bytes) / seconds / 1e6),
                "checksum": .string(String(checksum)),
            ]
        }
    }

    public static func documents(_ text: [UInt8]) -> [[UInt8]] {
        var documents: [[UInt8]] = []
        var start = 0
        while start < text.count {
            let earliest = min(start + documentBytes, text.count)
            let end = text[earliest...].firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? text.count
            documents.append(Array(text[start..<end]))
            start = end
        }
        return documents
    }

    /// One pass over the documents.
    public static func measure(_ tokenizer: some Tokenizer, _ documents: [[UInt8]]) -> Result {
        let clock = ContinuousClock()
        let start = clock.now
        let encoded = tokenizer.encode(documents: documents)
        let seconds = (clock.now - start) / .seconds(1)
        var checksum: UInt64 = 0
        var place: UInt64 = 0
        for ids in encoded {
            for id in ids {
                place += 1
                checksum &+= UInt64(UInt32(bitPattern: id) + 1) &* place
            }
        }
        return Result(bytes: documents.reduce(0) { $0 + $1.count }, tokens: Int(place), seconds: seconds, checksum: checksum)
    }
}
