import Foundation
import Settings

/// The live log of a stage: one record a line, `<CRC-32 of the JSON in hex> <canonical JSON>`, only ever appended to.
public final class JournalWriter {
    private let file: DurableFile.Appender
    private let descriptor: Int32
    private let path: String
    /// Records in it.
    private(set) var count: Int

    /// Starts an empty journal.
    public convenience init(path: String) throws(StoreError) { try self.init(path: path, count: 0, flags: O_CREAT | O_TRUNC) }

    /// Goes on behind the first `count` records of a journal. Whoever still writes to the old file writes to nothing that is read.
    /// Throws when it cannot be written; nil when fewer of its records are whole.
    convenience init?(path: String, keeping count: Int) throws(StoreError) {
        guard let whole = try? Journal.read(path), whole.records.count >= count, let bytes = FileManager.default.contents(atPath: path) else { return nil }
        var end = bytes.startIndex
        for _ in 0..<count {
            guard let line = bytes[end...].firstIndex(of: 0x0A) else { return nil }
            end = line + 1
        }
        try DurableFile.write(bytes[..<end], to: path)
        try self.init(path: path, count: count, flags: 0)
    }

    private init(path: String, count: Int, flags: Int32) throws(StoreError) {
        (self.path, self.count) = (path, count)
        descriptor = open(path, O_WRONLY | O_APPEND | O_CLOEXEC | flags, 0o644)
        guard descriptor >= 0 else { throw StoreError(path, "cannot be opened") }
        file = DurableFile.Appender(path: path, descriptor: descriptor)
    }

    deinit { close(descriptor) }

    public func append(_ record: Value) throws(StoreError) {
        let json = Array(record.canonicalJSON.utf8)
        let line = Array(Journal.checksum(json).utf8) + [0x20] + json + [0x0A]
        // One call a line: a killed process leaves at most one torn line, the last.
        try file.append(line)
        count += 1
    }

    /// Waits until the disk has it.
    public func flush() throws(StoreError) {
        guard fsync(descriptor) == 0 else { throw StoreError(path, "cannot be flushed to the disk") }
    }
}

public enum Journal {
    /// The records up to the first line that is torn or altered, and how many lines were left out from there on.
    public static func read(_ path: String) throws(StoreError) -> (records: [Value], damagedLines: Int) {
        guard let data = FileManager.default.contents(atPath: path) else { throw StoreError(path, "cannot be read", errorNumber: nil) }
        var records: [Value] = []
        let lines = data.split(separator: 0x0A, omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            let isLast = index == lines.count - 1
            if isLast, line.isEmpty { break }
            guard !isLast, let record = record(line: Array(line)) else { return (records, lines.count - index - (lines.last!.isEmpty ? 1 : 0)) }
            records.append(record)
        }
        return (records, 0)
    }

    /// The record of a line without its end; nil when the line is torn or altered.
    static func record(line: [UInt8]) -> Value? {
        let json = Array(line.dropFirst(9))
        guard line.count > 9, Array(line.prefix(9)) == Array("\(checksum(json)) ".utf8) else { return nil }
        return try? Value(json: json)
    }

    /// CRC-32 (ISO-HDLC, reflected polynomial EDB88320) in eight hexadecimal digits.
    static func checksum(_ bytes: [UInt8]) -> String {
        var crc = UInt32.max
        for byte in bytes { crc = table[Int((crc ^ UInt32(byte)) & 0xFF)] ^ (crc >> 8) }
        let hex = String(~crc, radix: 16)
        return String(repeating: "0", count: 8 - hex.count) + hex
    }

    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? 0xEDB8_8320 ^ (value >> 1) : value >> 1 }
    }
}
