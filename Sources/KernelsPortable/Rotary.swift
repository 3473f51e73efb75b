import KernelTypes

/// Rotary position embedding, halves of a head paired: with c, s the cosine and sine of position * theta^(-2i/headWidth)
///   x'[i] = x[i] c - x[i + h] s,   x'[i + h] = x[i + h] c + x[i] s,   h = headWidth / 2
/// Shapes: x (rows, heads * headWidth), rows `xRow` apart; cosine, sine (positions, h).
/// Turns x in place; backward turns the other way, which is its transpose.
/// Error: at most 3 * 2^-24 of the two terms' magnitudes together.
/// Source: Su et al. 2021, arXiv 2104.09864, eq. 34, in the pairing of GPT-NeoX and transformers.
func rotate(_ r: RotaryRows) {
    let half = r.headWidth / 2
    var t = 0
    while t < r.rows {
        let cosine = r.cosine + (r.firstPosition + t) * half
        let sine = r.sine + (r.firstPosition + t) * half
        var head = 0
        while head < r.heads {
            let low = r.x + t * r.xRow + head * r.headWidth
            let high = low + half
            var i = 0
            if r.isBackward {
                while i < half {
                    let (a, b, c, s) = (low[i], high[i], cosine[i], sine[i])
                    low[i] = a * c + b * s
                    high[i] = b * c - a * s
                    i += 1
                }
            } else {
                while i < half {
                    let (a, b, c, s) = (low[i], high[i], cosine[i], sine[i])
                    low[i] = a * c - b * s
                    high[i] = b * c + a * s
                    i += 1
                }
            }
            head += 1
        }
        t += 1
    }
}
