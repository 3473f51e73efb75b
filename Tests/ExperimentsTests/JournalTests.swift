import Foundation
import Settings
import Testing

@testable import Experiments

@Suite struct JournalTests {
    private let folder: TemporaryFolder
    private var path: String { folder.file("journal") }
    private let records: [Value] = [["step": 1, "loss": 2.5], ["text": "two\nlines"], [:]]

    init() throws { folder = try TemporaryFolder() }

    private func written() throws -> [UInt8] {
        let journal = try JournalWriter(path: path)
        for record in records { try journal.append(record) }
        try journal.flush()
        return Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    }

    private func read(_ bytes: [UInt8]) throws -> (records: [Value], damagedLines: Int) {
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        return try Journal.read(path)
    }

    @Test func checkValueOfTheChecksum() {
        #expect(Journal.checksum(Array("123456789".utf8)) == "cbf43926")
        #expect(Journal.checksum([]) == "00000000")
        // Leading zeros are kept.
        #expect((0..<600).map { Journal.checksum([UInt8($0 & 255), UInt8($0 >> 8)]) }.allSatisfy { $0.count == 8 })
    }

    @Test func recordsComeBack() throws {
        let bytes = try written()
        let journal = try Journal.read(path)
        #expect(journal.records == records && journal.damagedLines == 0)
        #expect(String(decoding: bytes, as: UTF8.self).split(separator: "\n").first == "\(Journal.checksum(Array("{\"loss\":2.5,\"step\":1}".utf8))) {\"loss\":2.5,\"step\":1}")
    }

    @Test func aNewWriterStartsAnew() throws {
        _ = try written()
        try JournalWriter(path: path).append(["a": 1])
        #expect(try Journal.read(path).records == [["a": 1]])
    }

    /// Wherever a killed process stopped, the lines before are read and nothing is made up.
    @Test func aTornTailIsLeftOut() throws {
        let bytes = try written()
        let ends = bytes.indices.filter { bytes[$0] == 0x0A }
        for length in 0...bytes.count {
            let (found, damaged) = try read(Array(bytes[..<length]))
            let whole = ends.count { $0 < length }
            #expect(found == Array(records[..<whole]), "cut at \(length)")
            #expect(damaged == (length == 0 || ends.contains(length - 1) ? 0 : 1), "cut at \(length)")
        }
    }

    @Test func fromAnAlteredLineOnNothingIsRead() throws {
        let bytes = try written()
        let second = try #require(bytes.firstIndex(of: 0x0A)) + 1
        for place in second..<bytes.count - 1 where bytes[place] != 0x0A {
            var altered = bytes
            altered[place] ^= 1
            // A byte that becomes a line end parts a line in two.
            let (found, damaged) = try read(altered)
            let line = bytes[..<place].count { $0 == 0x0A }
            #expect(found == Array(records[..<line]), "altered at \(place)")
            #expect(damaged >= 1, "altered at \(place)")
        }
    }

    @Test func whatCannotBeWrittenOrReadIsAnError() throws {
        let missing = folder.file("none/journal")
        let error = #expect(throws: StoreError.self) { try JournalWriter(path: missing) }
        #expect(error?.description == "\(missing): cannot be opened: No such file or directory")
        #expect(throws: StoreError.self) { try Journal.read(missing) }
    }
}
