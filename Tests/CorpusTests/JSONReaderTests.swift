import Kernels
import Settings
import Testing

@testable import Corpus

@Suite struct JSONReaderTests {
    private func read(_ text: String) throws -> Value { try JSONReader.value(of: Array(text.utf8)) }

    @Test func values() throws {
        #expect(try read(" {\"a\" : [1, -2.5e1, true , false,null, {}, []]}\n") == ["a": [1, -25.0, true, false, nil, [:], []]])
        #expect(try read("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude42\u{6f22}\"") == "\"\\/\u{8}\u{c}\n\r\t\u{e9}\u{1f642}\u{6f22}")
        #expect(try read("9223372036854775807") == .integer(.max))
        #expect(try read("9223372036854775808") == .number(0x1p63))
        #expect(try read("-0") == .integer(0))
        #expect(try read("{\"a\": 1, \"a\": 2}") == ["a": 2])
    }

    @Test(arguments: [
        "", " ", "{", "[", "[1", "[1,", "[1 2]", "{\"a\"}", "{\"a\":}", "{\"a\":1", "{\"a\":1,}", "{a:1}", "\"", "\"\\", "\"\\x\"", "\"\\u12\"",
        "\"\\ud800\"", "\"\\ud800x\"", "\"\\ud800\\u0041\"", "\"\\udc00\"", "\"\n\"", "tru", "nul", "01", "-", "1.", "1e", ".5", "+1", "1e999", "1 2", "[]]", "NaN",
    ])
    func refuses(_ text: String) {
        #expect(throws: JSONReader.Failure.self) { try read(text) }
    }

    @Test func namesThePlace() throws {
        let failure = try #require(throws: JSONReader.Failure.self) { try read("{\"a\" 1}") }
        #expect(failure == JSONReader.Failure(found: "'1'", expected: "':'", byte: 6))
    }

    @Test func bytesThatAreNotUTF8() {
        #expect(throws: JSONReader.Failure.self) { try JSONReader.value(of: [0x22, 0xFF, 0x22]) }
        #expect(throws: JSONReader.Failure.self) { try JSONReader.value(of: [0xFF]) }
    }

    @Test func deepNesting() throws {
        #expect(try read(String(repeating: "[", count: 64) + String(repeating: "]", count: 64)).asList?.count == 1)
        for open in ["[", "{\"a\":"] {
            #expect(throws: JSONReader.Failure.self) { try read(String(repeating: open, count: 100_000)) }
        }
    }

    @Test func canonicalFormComesBack() throws {
        let value: Value = ["text": "a\u{1}\"\\\n\u{1f642}", "list": [1, 2.5, -1e-300, nil, true], "empty": [:]]
        #expect(try read(value.canonicalJSON) == value)
    }

    @Test func damagedTextNeverCrashes() throws {
        let original = Array("{\"text\": \"caf\\u00e9 \\ud83d\\ude42 \\n\", \"n\": [1, -2.5e10, {\"deep\": [null, true]}]}".utf8)
        var random = RandomStream(seed: 8, "json")
        var refused = 0
        for _ in 0..<5000 {
            do { _ = try JSONReader.value(of: mutated(original, &random)) } catch { refused += 1 }
        }
        #expect(refused > 2000)
    }
}
