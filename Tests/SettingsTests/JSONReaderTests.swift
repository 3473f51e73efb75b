import Kernels
import Settings
import Testing

@Suite struct JSONReaderTests {
    @Test func readsEveryForm() throws {
        let text =
            " {\"a\" : [1, -2.5,1e3, 10E-1 ,0, -0], \"b\":{},\r\n\t\"c\":[ ], \"d\":[true,false,null], \"\":\"\\u00e9\\ud83d\\ude00\\/\\b\\f\\n\\r\\t\\\"\\\\\"} "
        let expected: Value = [
            "a": [1, -2.5, .number(1000), .number(1), 0, 0], "b": [:], "c": [], "d": [true, false, nil],
            "": "é😀/\u{8}\u{c}\n\r\t\"\\",
        ]
        #expect(try Value(json: text) == expected)
        #expect(try Value(json: Array(text.utf8)) == expected)
    }

    @Test func wholeNumbersThatDoNotFitBecomeReal() throws {
        #expect(try Value(json: "9223372036854775807") == .integer(.max))
        #expect(try Value(json: "-9223372036854775808") == .integer(.min))
        #expect(try Value(json: "9223372036854775808") == .number(0x1p63))
        #expect(try Value(json: "1.0") == .number(1))
        #expect(try Value(json: "1e-400") == .number(0))
    }

    @Test func canonicalTextComesBackBitForBit() throws {
        var random = RandomStream(seed: 1, "json")
        for _ in 0..<5_000 {
            let number = Double(bitPattern: random.next())
            guard number.isFinite else { continue }
            guard case .number(let back) = try Value(json: Value.number(number).canonicalJSON) else { throw Unexpected() }
            #expect(back.bitPattern == number.bitPattern)
        }
        for _ in 0..<300 {
            let value = anyValue(&random, depth: 4)
            let text = value.canonicalJSON
            let back = try Value(json: text)
            #expect(back == value)
            #expect(back.canonicalJSON == text)
        }
    }

    @Test(arguments: [
        ("", "line 1, column 1: found the end of the text, expected a value"),
        ("  ", "line 1, column 3: found the end of the text, expected a value"),
        ("{\n \"a\": tru}", "line 2, column 7: found 't', expected a value"),
        ("[1 2]", "line 1, column 4: found '2', expected ',' or ']'"),
        ("[1,]", "line 1, column 4: found ']', expected a value"),
        ("{\"a\":1,}", "line 1, column 8: found '}', expected a key in quotes"),
        ("{\"a\" 1}", "line 1, column 6: found '1', expected ':'"),
        ("{a:1}", "line 1, column 2: found 'a', expected a key in quotes"),
        ("{\"é\":1,\n\"é\":2}", "line 2, column 1: found the key \"é\" again, expected each key once"),
        ("1 2", "line 1, column 3: found '2', expected the end of the text"),
        ("01", "line 1, column 2: found '1', expected the end of the text"),
        ("-", "line 1, column 2: found the end of the text, expected a digit"),
        ("+1", "line 1, column 1: found '+', expected a value"),
        ("1.", "line 1, column 3: found the end of the text, expected a digit"),
        (".5", "line 1, column 1: found '.', expected a value"),
        ("1e", "line 1, column 3: found the end of the text, expected a digit"),
        ("1e999", "line 1, column 1: found the number 1e999, expected a number of at most 1.8e308"),
        ("NaN", "line 1, column 1: found 'N', expected a value"),
        ("é", "line 1, column 1: found 'é', expected a value"),
        ("\"a", "line 1, column 3: found the end of the text, expected the closing quote of the text that began at column 1"),
        ("\"é\\x\"", "line 1, column 4: found 'x', expected an escape, one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX"),
        ("\"\\u00g0\"", "line 1, column 6: found 'g', expected four hexadecimal digits after \\u"),
        ("\"\\ud800x\"", "line 1, column 2: found half a surrogate pair, expected a whole one, \\ud800-\\udbff then \\udc00-\\udfff"),
        ("\"\\ud800\\u0041\"", "line 1, column 2: found half a surrogate pair, expected a whole one, \\ud800-\\udbff then \\udc00-\\udfff"),
        ("\"\\udc00\"", "line 1, column 2: found half a surrogate pair, expected a whole one, \\ud800-\\udbff then \\udc00-\\udfff"),
        ("\"a\nb\"", "line 1, column 3: found the control character 10, expected text without control characters, or \\u000a"),
        ("\u{feff}1", "line 1, column 1: found '\u{feff}', expected a value"),
    ])
    func refuses(text: String, message: String) {
        let error = #expect(throws: JSONError.self) { try Value(json: text) }
        #expect(error?.description == message)
    }

    @Test func refusesBytesThatAreNotUTF8() {
        let error = #expect(throws: JSONError.self) { try Value(json: [0x22, 0xff, 0x22]) }
        #expect(error?.found == "text with bytes that are not UTF-8")
        #expect(throws: JSONError.self) { try Value(json: [0xff]) }
    }

    @Test func depthIsLimited() throws {
        func nested(_ depth: Int) -> String { String(repeating: "[", count: depth) + String(repeating: "]", count: depth) }
        _ = try Value(json: nested(200))
        let error = #expect(throws: JSONError.self) { try Value(json: nested(201)) }
        #expect(error?.description == "line 1, column 201: found a value inside 200 others, expected a depth of at most 200")
        #expect(throws: JSONError.self) { try Value(json: String(repeating: "[{\"a\":", count: 100_000)) }
        #expect(throws: JSONError.self) { try Value(json: "[[1]]", maximumDepth: 1) }
        #expect(try Value(json: "1", maximumDepth: 0) == 1)
    }

    @Test func mutatedTextIsReadOrRefused() {
        var random = RandomStream(seed: 2, "json fuzz")
        let seed = Array(#"{"a":[1,-2.5e-3,"x\u00e9\ud83d\ude00\n"],"b":{"c":null,"d":[true,false,{}]},"é":[[],[0.1]]}"#.utf8)
        var readCount = 0
        for _ in 0..<4_000 {
            var bytes = seed
            for _ in 0...random.below(3) {
                let place = random.below(bytes.count)
                switch random.below(4) {
                case 0: bytes[place] = UInt8(truncatingIfNeeded: random.next())
                case 1: bytes.remove(at: place)
                case 2: bytes.insert(random.pick(Array("{}[]\",:\\u0e-.".utf8)), at: place)
                default: bytes.insert(contentsOf: bytes[place..<min(place + random.below(8), bytes.count)], at: random.below(bytes.count))
                }
            }
            if let value = try? Value(json: bytes) {
                readCount += 1
                #expect((try? Value(json: value.canonicalJSON)) == value)
            }
        }
        #expect(readCount > 100)
    }

    private func anyValue(_ random: inout RandomStream, depth: Int) -> Value {
        switch random.below(depth > 0 ? 7 : 5) {
        case 0: .null
        case 1: .bool(random.below(2) == 0)
        case 2: .integer(Int(truncatingIfNeeded: random.next()) >> random.below(64))
        case 3: .number(random.normal())
        case 4: .string(anyText(&random))
        case 5: .list((0..<random.below(5)).map { _ in anyValue(&random, depth: depth - 1) })
        default:
            .object(Dictionary((0..<random.below(5)).map { _ in (anyText(&random), anyValue(&random, depth: depth - 1)) }) { $1 })
        }
    }

    private func anyText(_ random: inout RandomStream) -> String {
        var text = ""
        for _ in 0..<random.below(6) {
            text.unicodeScalars.append(Unicode.Scalar(UInt32(random.below([0x80, 0x800, 0xd800][random.below(3)]))) ?? "x")
        }
        return text
    }
}
