import KernelTypes

/// SwiGLU: out = silu(gate) * up,  silu(g) = g / (1 + e^-g)
/// Shapes: all (count).
/// Writes out. out may be gate or up.
/// Error: relative error at most 5e-7 for |gate| <= 80.
/// Source: Shazeer 2020, arXiv 2002.05202, eq. 6.
func gateForward(_ gate: Input, _ up: Input, _ out: Output, _ count: Int) {
    var i = 0
    while i + 16 <= count {
        let g = load(gate + i)
        store(g * sigmoid(g) * load(up + i), out + i)
        i += 16
    }
    if i < count {
        let g = load(gate + i, count - i)
        store(g * sigmoid(g) * load(up + i, count - i), out + i, count - i)
    }
}

/// Backward of SwiGLU, in place: with s = sigmoid(gate),
///   up becomes dup = dOut * gate * s,   gate becomes dgate = dOut * up * s * (1 + gate (1 - s)),
///   dOut becomes what forward gave, gate * s * up, which the gradient of the next weight needs
/// Shapes: all (count).
/// Overwrites all three, which may not overlap.
/// Error for |gate| <= 80: of dgate at most 2e-6 |dOut up|, of dup relative at most 5e-7; the third has forward's bits.
func gateBackward(_ gate: Output, _ up: Output, _ dOut: Output, _ count: Int) {
    var i = 0
    while i + 16 <= count {
        let (dGate, dUp, out) = gateGradient(load(gate + i), load(up + i), load(dOut + i))
        store(dGate, gate + i)
        store(dUp, up + i)
        store(out, dOut + i)
        i += 16
    }
    if i < count {
        let left = count - i
        let (dGate, dUp, out) = gateGradient(load(Input(gate + i), left), load(Input(up + i), left), load(Input(dOut + i), left))
        store(dGate, gate + i, left)
        store(dUp, up + i, left)
        store(out, dOut + i, left)
    }
}

@inline(__always)
func gateGradient(_ g: Lanes, _ u: Lanes, _ d: Lanes) -> (Lanes, Lanes, Lanes) {
    let s = sigmoid(g)
    let silu = g * s
    return (d * u * s * (1 + g * (1 - s)), d * g * s, silu * u)
}
