import Foundation
@testable import Kernels
import TestSupport
import Testing

/// The instruction sets that this processor runs.
let instructionSets = InstructionSet.allCases.filter(\.isAvailable)

/// Every instruction set of this processor with 1, 2, 3 and 5 threads, made once. One test at a time uses them.
final class Machines: @unchecked Sendable {
    static let shared = Machines()
    private let lock = NSLock()
    private let computes = instructionSets.map { set in (set, [1, 2, 3, 5].map { Compute(instructionSet: set, threads: $0) }) }

    /// What `body` gives on each instruction set. Bits that differ between thread counts, or between sets of one family, are issues.
    func results(
        sourceLocation: SourceLocation = #_sourceLocation, _ body: (Compute) throws -> [Float]
    ) rethrows -> [(set: InstructionSet, values: [Float])] {
        lock.lock()
        defer { lock.unlock() }
        var families: [String: [Float]] = [:]
        return try computes.map { set, computes in
            var first: [Float]?
            for compute in computes {
                let values = try body(compute)
                let expected = first ?? families[set.numericsFamily] ?? values
                let difference = firstBitDifference(values, expected)
                #expect(difference == nil, "\(set.rawValue), \(compute.threadCount) threads", sourceLocation: sourceLocation)
                first = first ?? values
                families[set.numericsFamily] = families[set.numericsFamily] ?? values
            }
            return (set, first ?? [])
        }
    }
}
