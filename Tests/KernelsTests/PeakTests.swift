@testable import Kernels
import TestSupport
import Testing

@Suite struct PeakTests {
    /// One round by hand: chain i goes from 2 + i to (2 + i) / 2 + 1 / 2, for i = 0 ... 13.
    @Test func oneRound() {
        for set in instructionSets {
            var start: Float = 2
            let operations = set.kernels.peak(1, &start)
            #expect(firstMiss([start], [8.5 / 2 + 0.5], within: { _ in 1e-6 }) == nil, "\(set.rawValue)")
            // Fourteen vectors of 4, 8 or 16 lanes.
            #expect([112, 224, 448].contains(operations), "\(set.rawValue)")
        }
    }

    @Test(arguments: [-1e6, 0, 1, 1e6] as [Float]) func everyChainTendsToOne(_ first: Float) {
        for set in instructionSets {
            var start = first
            let operations = set.kernels.peak(64, &start)
            #expect(firstMiss([start], [1], within: { _ in 1e-6 }) == nil, "\(set.rawValue)")
            #expect(operations == 64 * set.kernels.peak(1, &start))
        }
    }

    @Test func allThreads() {
        for set in instructionSets {
            for threads in [1, 3] {
                let peak = Compute(instructionSet: set, threads: threads).peak()
                #expect(peak.isFinite && peak > 0)
            }
        }
    }
}
