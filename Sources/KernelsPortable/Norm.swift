import KernelTypes

/// RMSNorm: y[t,d] = x[t,d] * r[t] * w[d],  r[t] = 1 / sqrt(mean_d x[t,d]^2 + eps)
/// Shapes: x, y (T, D) row-major; w (D); r (T), kept for backward.
/// Writes y, and r unless it is given. y may be x.
/// Error: relative error of y and r at most (D / 32 + 8) 2^-24 for 1e-12 <= |x| <= 1e15 (or x = 0).
/// A row with a NaN, an infinity or a sum of squares beyond Float becomes NaN: that ends training, where y = 0 would hide it.
/// Source: Zhang & Sennrich 2019, eq. 4.
func normForward(_ n: NormRows) {
    let width = n.width
    var t = 0
    while t < n.rows {
        let x = n.x + t * width
        let y = n.y + t * n.yRow
        if !n.isRepeated { n.r[t] = inverseRootMeanSquare(x, width, n.epsilon) }
        let r = n.r[t]
        var d = 0
        while d + 16 <= width {
            store(load(x + d) * r * load(n.weight + d), y + d)
            d += 16
        }
        while d < width {
            y[d] = x[d] * r * n.weight[d]
            d += 1
        }
        t += 1
    }
}

@inline(__always)
func inverseRootMeanSquare(_ x: Input, _ width: Int, _ epsilon: Float) -> Float {
    var squares = Lanes(repeating: 0)
    var d = 0
    while d + 16 <= width {
        let v = load(x + d)
        squares = fused(v, v, squares)
        d += 16
    }
    if d < width {
        let v = load(x + d, width - d)
        squares = fused(v, v, squares)
    }
    let total = sum(squares)
    return total <= Float.greatestFiniteMagnitude ? 1 / (total / Float(width) + epsilon).squareRoot() : Float.nan
}

/// Backward of RMSNorm, with g = dy * w:
///   dx[t,d] = past[t,d] + r (g[t,d] - x[t,d] r^2 mean_d(g x)),   dw[d] += sum_t dy[t,d] x[t,d] r[t]
/// Shapes: as forward; dy in `y`.
/// Writes dx; adds to dw where it is given. No past counts as 0. dx may be past, but not dy.
/// Error for the r that is given, in 2^-24: of dx (D / 16 + 12) times, of dw (rows + 4) times the same terms, all positive, and
/// past or what was there before.
func normBackward(_ n: NormRows) {
    let width = n.width
    guard let dx = n.dx else { return }
    var t = 0
    while t < n.rows {
        let x = n.x + t * width
        let dy = Input(n.y + t * n.yRow)
        let out = dx + t * width
        let r = n.r[t]
        var products = Lanes(repeating: 0)
        var d = 0
        while d + 16 <= width {
            products = fused(load(dy + d) * load(n.weight + d), load(x + d), products)
            d += 16
        }
        if d < width {
            products = fused(load(dy + d, width - d) * load(n.weight + d, width - d), load(x + d, width - d), products)
        }
        let pull = -(sum(products) / Float(width) * r * r * r)
        d = 0
        while d + 16 <= width {
            let g = load(dy + d) * load(n.weight + d)
            var past = Lanes(repeating: 0)
            if let gradient = n.past { past = load(gradient + t * width + d) }
            store(fused(g, Lanes(repeating: r), fused(load(x + d), Lanes(repeating: pull), past)), out + d)
            d += 16
        }
        if d < width {
            let left = width - d
            let g = load(dy + d, left) * load(n.weight + d, left)
            var past = Lanes(repeating: 0)
            if let gradient = n.past { past = load(gradient + t * width + d, left) }
            store(fused(g, Lanes(repeating: r), fused(load(x + d, left), Lanes(repeating: pull), past)), out + d, left)
        }
        if let dWeight = n.dWeight {
            d = 0
            while d + 16 <= width {
                store(fused(load(dy + d), load(x + d) * r, load(dWeight + d)), dWeight + d)
                d += 16
            }
            if d < width {
                let left = width - d
                store(fused(load(dy + d, left), load(x + d, left) * r, load(Input(dWeight + d), left)), dWeight + d, left)
            }
        }
        t += 1
    }
}
