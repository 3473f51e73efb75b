import Foundation
import Kernels
import Settings

/// Times kernels one after another: each family is checked, then each case is timed, alternately with OpenBLAS or with a copy.
public struct KernelBenchmark {
    private static let families: [any KernelFamily.Type] = [
        ProductFamily.self, AttentionFamily.self, NormFamily.self, GateFamily.self, CrossEntropyFamily.self, AdamWFamily.self,
        ExponentialFamily.self,
    ]
    public static var names: [String] { families.map { $0.name } }
    /// What to do when OpenBLAS is missing.
    public static let advice = OpenBLAS.advice

    /// Makes OpenBLAS leave the processors soon after a call. To be called first, while the process has one thread.
    public static func preparePeer() {
        OpenBLAS.shortenWaits()
        OpenBLAS.chooseKernels()
    }

    private let families: [any KernelFamily.Type]
    private let repetitions: Int
    private let usesPeer: Bool

    /// - Parameters:
    ///   - names: the families to time; all when empty.
    ///   - repetitions: timed repetitions of each case, whose median counts.
    ///   - usesPeer: whether OpenBLAS is timed too.
    public init(only names: [String] = [], repetitions: Int = 15, usesPeer: Bool = true) throws(SettingsError) {
        for name in names where !Self.names.contains(name) {
            throw SettingsError(path: Path(dotted: "only"), found: "'\(name)'", expected: "some of \(Self.names.joined(separator: ","))")
        }
        guard 1...10_000 ~= repetitions else {
            throw SettingsError(path: Path(dotted: "repetitions"), found: "\(repetitions)", expected: "from 1 to 10000")
        }
        families = Self.families.filter { names.isEmpty || names.contains($0.name) }
        (self.repetitions, self.usesPeer) = (repetitions, usesPeer)
    }

    public struct Report: Sendable {
        public var measurements: [KernelMeasurement]
        /// The largest of the peaks before and after each family, in operations a second.
        public var peak: Double
        /// OpenBLAS in its own words; nil when it is missing or was not asked for.
        public var peer: String?

        public var value: Value {
            [
                "peak_gflops": .number(peak / 1e9), "openblas": peer.map { .string($0) } ?? .null,
                "cases": .list(measurements.map(\.value)),
            ]
        }
    }

    /// `progress` is told which family is next.
    public func measure(_ compute: Compute, progress: (String) -> Void = { _ in }) throws(BenchmarkError) -> Report {
        let peer = usesPeer ? OpenBLAS(threads: compute.threadCount) : nil
        var peak = compute.peak()
        var timed: [(KernelCase, Timing)] = []
        for family in families {
            progress(family.name)
            try family.check(compute, peer)
            for item in family.cases { timed.append((item, time(item, compute, peer))) }
            peak = max(peak, compute.peak())
        }
        return Report(
            measurements: timed.map { item, timing in
                switch item.work {
                case .operations(let count):
                    KernelMeasurement(
                        kernel: item.kernel, size: item.size, unit: .gigaflops, seconds: timing.own, speed: count / timing.own / 1e9, bound: peak / 1e9,
                        peerSpeed: timing.peer.map { count / $0 / 1e9 })
                case .bytes(let count, let workingSet):
                    KernelMeasurement(
                        kernel: item.kernel, size: item.size, unit: .gigabytes, seconds: timing.own, speed: count / timing.own / 1e9,
                        bound: Double(workingSet) / (timing.copy ?? .nan) / 1e9)
                }
            }, peak: peak, peer: peer?.description)
    }

    /// Seconds a call, medians.
    private struct Timing {
        var own: Double
        var peer: Double?
        var copy: Double?
    }

    private func time(_ item: KernelCase, _ compute: Compute, _ peer: OpenBLAS?) -> Timing {
        let calls = item.prepare(compute, peer)
        var copies: KernelCase.Calls?
        if case .bytes(_, let workingSet) = item.work {
            let count = workingSet / 8
            let x = FloatBuffer.random(count, "copy"), y = FloatBuffer(count)
            copies = KernelCase.Calls(vary: x.vary, run: { compute.copy(x.base, to: y.base, count: count) })
        }
        var rivals = [Rival(calls)]
        if let run = calls.peer { rivals.append(Rival(KernelCase.Calls(vary: calls.vary, run: run))) }
        if let copies { rivals.append(Rival(copies)) }
        for _ in 0..<repetitions {
            for index in rivals.indices { rivals[index].repeatOnce() }
        }
        let medians = rivals.map { Sample($0.seconds).median }
        return Timing(own: medians[0], peer: calls.peer == nil ? nil : medians[1], copy: copies == nil ? nil : medians[medians.count - 1])
    }

    /// One of those that take turns.
    private struct Rival {
        private let calls: KernelCase.Calls
        /// As many calls as take two milliseconds; one where every call needs its input restored.
        private let callsARepetition: Int
        private var callCount = 0
        /// A call, one entry a repetition.
        private(set) var seconds: [Double] = []

        init(_ calls: KernelCase.Calls) {
            self.calls = calls
            let clock = ContinuousClock()
            var fastest = Duration.seconds(1000)
            for _ in 0..<3 {
                calls.restore?()
                let start = clock.now
                calls.run()
                fastest = min(fastest, clock.now - start)
            }
            callsARepetition = calls.restore == nil ? max(1, Int(.milliseconds(2) / max(fastest, .nanoseconds(10)))) : 1
        }

        mutating func repeatOnce() {
            // The threads of who came before go to sleep, then those of this one wake up.
            Thread.sleep(forTimeInterval: 0.002)
            calls.run()
            calls.restore?()
            let clock = ContinuousClock()
            let start = clock.now
            for _ in 0..<callsARepetition {
                callCount += 1
                calls.vary(callCount)
                calls.run()
            }
            seconds.append((clock.now - start) / .seconds(1) / Double(callsARepetition))
        }
    }
}
