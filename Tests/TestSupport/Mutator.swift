import Kernels
import Settings

/// Seeded damage for fuzz tests: bytes in, bytes out. The same seed and label give the same damage on every machine.
///
/// Bytes are changed, removed, doubled, moved, nested, cut off, or replaced by what readers stumble over; `mutated(json:)` changes the
/// structure of a JSON text instead: values of other types, keys that are gone, double or new.
public struct Mutator {
    public var random: RandomStream
    /// Put in where bytes stood before.
    private let morsels: [[UInt8]]

    /// - Parameter morsels: put in now and then beside `Mutator.numbers` and `Mutator.signs`: names of the format that is tested.
    public init(seed: Int, _ label: String, morsels: [String] = []) {
        random = RandomStream(seed: seed, label)
        self.morsels = (Mutator.numbers + Mutator.signs + morsels).map { Array($0.utf8) }
    }

    /// Around what integers and floats of any width hold.
    public static let numbers = [
        "0", "-1", "1", "2", "255", "256", "65536", "2147483647", "2147483648", "4294967295", "4294967296", "9223372036854775807",
        "9223372036854775808", "-9223372036854775808", "18446744073709551616", "99999999999999999999", "1e9", "1e308", "1e999", "-0.0", "0.5", "1e-999",
    ]
    /// Marks of JSON and YAML, escapes good and bad, and characters of all lengths.
    public static let signs = [
        "{", "}", "[", "]", "\"", ",", ":", "\\", "\\u0000", "\\ud800", "\\ud83d\\ude42", "\\x", "null", "true", "[]", "{}", "\"\"", "[[[[", "{\"a\":",
        " ", "\n", "\r\n", "\u{0}", "\u{7f}", "\u{e9}", "\u{2581}", "\u{fffd}", "\u{1f642}", "\u{feff}",
    ]

    /// One to four changes. Empty input stays empty; the result is at most about 1,000 bytes longer, or twice as long for one change in fifty.
    public mutating func mutated(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for _ in 0...random.below(4) where !bytes.isEmpty { change(&bytes) }
        return bytes
    }

    private mutating func change(_ bytes: inout [UInt8]) {
        let place = random.below(bytes.count)
        func range(_ longest: Int) -> Range<Int> { place..<min(place + longest, bytes.count) }
        switch random.below(12) {
        case 0: bytes[place] = UInt8(random.below(256))
        case 1: bytes[place] ^= UInt8(1 << random.below(8))
        case 2: bytes.removeSubrange(range(1 + random.below(20)))
        case 3: bytes.insert(contentsOf: Array(bytes[range(1 + random.below(30))]), at: random.below(bytes.count))
        case 4, 5: bytes.insert(contentsOf: random.pick(morsels), at: place)
        case 6: bytes.replaceSubrange(range(random.below(8)), with: random.pick(morsels))
        case 7:
            // A whole number, replaced.
            guard let start = bytes[place...].firstIndex(where: { (0x30...0x39).contains($0) }) else { return }
            let end = bytes[start...].firstIndex { !(0x30...0x39).contains($0) } ?? bytes.count
            bytes.replaceSubrange(start..<end, with: Mutator.numbers[random.below(Mutator.numbers.count)].utf8)
        case 8: bytes.insert(contentsOf: repeatElement(bytes[place], count: random.below(20)), at: place)
        case 9: bytes.insert(contentsOf: repeatElement(random.pick(Array("[{\"(".utf8)), count: 1 + random.below(1000)), at: place)
        case 10: if random.below(3) == 0 { bytes.removeSubrange(place...) }
        default: if random.below(4) == 0 { bytes.insert(contentsOf: bytes, at: place) } else { bytes.swapAt(place, random.below(bytes.count)) }
        }
    }

    /// The text of a JSON value in which one to three things have changed, or, where it is not JSON, its bytes.
    public mutating func mutated(json bytes: [UInt8]) -> [UInt8] {
        guard var value = try? Value(json: bytes) else { return mutated(bytes) }
        for _ in 0...random.below(3) { value = changed(value) }
        return Array(value.canonicalJSON.utf8)
    }

    private mutating func changed(_ value: Value) -> Value {
        switch value {
        case .object(var entries) where !entries.isEmpty && random.below(8) > 0:
            let keys = entries.keys.sorted()
            let key = random.pick(keys)
            switch random.below(10) {
            case 0: entries[key] = nil
            case 1: entries[random.pick(keys)] = entries[key]
            case 2: entries[key + "x"] = entries.removeValue(forKey: key)
            default: entries[key] = changed(entries[key, default: .null])
            }
            return .object(entries)
        case .list(var items) where !items.isEmpty && random.below(8) > 0:
            let index = random.below(items.count)
            switch random.below(8) {
            case 0: items.remove(at: index)
            case 1: items.insert(items[index], at: random.below(items.count))
            case 2: items.swapAt(index, random.below(items.count))
            default: items[index] = changed(items[index])
            }
            return .list(items)
        case .string(let text) where random.below(3) > 0:
            switch random.below(3) {
            case 0: return .string(String(text.dropLast(1 + random.below(2))))
            case 1: return .string(text + text)
            default: return .string(String(decoding: random.pick(morsels), as: UTF8.self) + text)
            }
        case .integer(let number) where random.below(2) > 0: return .integer(number &+ random.below(5) &- 2)
        default:
            let morsel = random.pick(morsels)
            return (try? Value(json: morsel)) ?? .string(String(decoding: morsel, as: UTF8.self))
        }
    }
}
