import Kernels

/// Random damage for fuzz tests: bytes changed, removed, doubled, swapped for structure, or the end cut off.
func mutated(_ bytes: [UInt8], _ random: inout RandomStream) -> [UInt8] {
    var bytes = bytes
    for _ in 0...random.below(4) {
        guard !bytes.isEmpty else { break }
        let index = random.below(bytes.count)
        switch random.below(7) {
        case 0: bytes[index] = UInt8(random.below(256))
        case 1: bytes.remove(at: index)
        case 2: bytes.insert(bytes[index], at: index)
        case 3: bytes[index] = random.pick(Array("{}[]\",:\\u0-9eE.tfn \n".utf8))
        case 4: bytes.insert(contentsOf: random.pick(["99999999999999999999", "-1", "1e999", "null", "\\ud800", "[[[[", "{\"a\":"]).utf8, at: index)
        case 5: bytes.replaceSubrange(index..<min(bytes.count, index + 1 + random.below(20)), with: [])
        default: bytes.removeLast(random.below(bytes.count))
        }
    }
    return bytes
}

func randomBytes(_ count: Int, below bound: Int = 256, _ random: inout RandomStream) -> [UInt8] {
    (0..<count).map { _ in UInt8(random.below(bound)) }
}
