import Kernels

/// A kernel that computes something wrong: its speed would mean nothing.
public struct BenchmarkError: Error, Sendable, Hashable, CustomStringConvertible {
    public var description: String
}

/// Throws unless every value is as near as a chain of roundings explains: within 2e-5 of the largest magnitude that is expected.
func expect(_ kernel: String, _ found: FloatBuffer, _ expected: [Double]) throws(BenchmarkError) {
    precondition(found.count == expected.count && !expected.isEmpty, "\(kernel): \(found.count) values against \(expected.count)")
    let bound = 2e-5 * expected.reduce(0) { max($0, abs($1)) }
    for (index, value) in expected.enumerated() {
        // Written so that NaN fails.
        guard abs(Double(found.base[index]) - value) <= bound else {
            throw BenchmarkError(
                description: "\(kernel): value \(index) is \(found.base[index]), expected \(value) within \(bound); the kernel is wrong, so that its "
                    + "speed is not measured; scripts/test tells more")
        }
    }
}
