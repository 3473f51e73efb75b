import Settings
import Testing

@testable import Experiments

@Suite struct YAMLScalarTests {
    @Test(
        arguments: [
            ("", nil), ("~", nil), ("null", nil), ("true", true), ("True", true), ("FALSE", false), ("yes", "yes"), ("no", "no"),
            ("on", "on"),
            ("tRue", "tRue"), ("0", 0), ("-0", 0), ("12", 12), ("+12", 12), ("-7", -7), ("0o17", 15), ("0xfF", 255), ("0o8", "0o8"),
            ("0xg", "0xg"),
            ("0x", "0x"), ("-0x1", "-0x1"), ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
            ("1e-3", 1e-3), ("3.0e-3", 3e-3), ("1E+3", .number(1000)), ("1e3", .number(1000)), ("1.", .number(1)), (".5", 0.5),
            ("-.5", -0.5),
            ("+1.5", 1.5), ("01.5", 1.5), ("1.5.2", "1.5.2"), (".", "."), ("-", "-"), ("+", "+"), ("e5", "e5"), (".e5", ".e5"),
            ("1e", "1e"), ("1e+", "1e+"),
            ("1_000", "1_000"), ("1:30", "1:30"), ("2024-01-01", "2024-01-01"), ("1e3x", "1e3x"), ("--1", "--1"), ("nan", "nan"),
            ("inf", "inf"),
            ("20minuten", "20minuten"), ("1 2", "1 2"), ("٣", "٣"), ("1e٣", "1e٣"),
        ] as [(String, Value)])
    func resolves(text: String, expected: Value) throws {
        #expect(try YAMLScalar.value(of: text) == expected)
    }

    @Test(arguments: [
        (".inf", "found .inf, expected a finite number"), ("-.INF", "found -.INF, expected a finite number"),
        (".nan", "found .nan, expected a finite"),
        ("010", "found the number 010 with leading zeros"), ("-007", "found the number -007 with leading zeros"),
        ("9223372036854775808", "found the number 9223372036854775808, expected a whole number of at most"),
        ("1e999", "found the number 1e999"),
        ("0xffffffffffffffffffff", "found the number 0xff"),
    ])
    func refuses(text: String, message: String) {
        let error = #expect(throws: SettingsError.self) { try YAMLScalar.value(of: text) }
        #expect(error?.description.hasPrefix(message) == true)
    }

    @Test func hugeNumbersAreShownShort() {
        let error = #expect(throws: SettingsError.self) { try YAMLScalar.value(of: String(repeating: "9", count: 10_000)) }
        #expect((error?.description.count ?? 1_000) < 250)
    }
}
