import Settings

/// What the timing of one kernel at one size showed. Speeds are from medians.
public struct KernelMeasurement: Sendable, Hashable {
    public enum Unit: String, Sendable, Hashable {
        case gigaflops = "GFLOP/s"
        case gigabytes = "GB/s"
    }

    public var kernel: String
    public var size: String
    public var unit: Unit
    /// Seconds a call.
    public var seconds: Double
    /// In the unit.
    public var speed: Double
    /// What it is held against, in the unit: the peak of the multiply-add units, or a copy.
    public var bound: Double
    /// OpenBLAS, where it has the kernel and is there.
    public var peerSpeed: Double?

    public var share: Double { speed / bound }
    public var ratio: Double? { peerSpeed.map { speed / $0 } }

    var value: Value {
        [
            "kernel": .string(kernel), "size": .string(size), "unit": .string(unit.rawValue), "microseconds": .number(seconds * 1e6),
            "speed": .number(speed), "bound": .number(bound), "percent": .number(share * 100), "openblas": peerSpeed.map { .number($0) } ?? .null,
            "openblas_percent": peerSpeed.map { .number($0 / bound * 100) } ?? .null, "ratio": ratio.map { .number($0) } ?? .null,
        ]
    }
}
