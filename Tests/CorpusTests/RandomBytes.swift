import Kernels

func randomBytes(_ count: Int, below bound: Int = 256, _ random: inout RandomStream) -> [UInt8] {
    (0..<count).map { _ in UInt8(random.below(bound)) }
}
