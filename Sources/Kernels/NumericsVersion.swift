/// Raised whenever the bits of a result change: part of every stage's key, so that results of two versions never mix.
public let numericsVersion = 2

extension InstructionSet {
    /// Sets of one family give the same bits. On x86-64 without fused multiply-add they differ.
    public var numericsFamily: String {
        #if arch(x86_64)
            self == .portable ? "unfused" : "fused"
        #else
            "fused"
        #endif
    }
}
