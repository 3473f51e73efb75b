/// The elementary functions behind initialisation, schedules, rotary tables and metrics, from IEEE operations alone.
///
/// libm's results change with its version and with the processor; these are the same bits everywhere. Each states its
/// range, outside of which it traps, and its largest error there.
public enum ExactMath {
    private static let ln2High = 6.93147180369123816490e-01
    private static let ln2Low = 1.90821492927058770002e-10
    /// Adding and taking away 1.5 x 2^52 rounds to the nearest whole number.
    private static let roundingShift = 6755399441055744.0

    /// e^x for x <= 709, at most 1.2 ULP off; below -708, where e^x nears the smallest normal number, the result is 0.
    public static func exp(_ x: Double) -> Double {
        precondition(x <= 709, "exp of \(x) is not representable")
        guard x >= -708 else { return 0 }
        let n = (x * 1.4426950408889634 + roundingShift) - roundingShift
        let r = (x - n * ln2High) - n * ln2Low
        // Taylor to degree 13 on |r| <= ln(2)/2, Horner form: e^r = 1 + r (1 + r/2 (1 + r/3 (...))).
        var sum = 1.0
        var k = 13.0
        while k >= 1 {
            sum = 1 + sum * r / k
            k -= 1
        }
        return sum * Double(bitPattern: UInt64(Int64(n) + 1023) << 52)
    }

    /// Natural logarithm of a positive normal number, at most 2.5 ULP off.
    public static func log(_ x: Double) -> Double {
        precondition(x.isNormal && x > 0, "log of \(x)")
        var exponent = Double(x.exponent)
        var m = x.significand
        if m > 1.4142135623730951 {
            m /= 2
            exponent += 1
        }
        // log m = 2 atanh(s) with s = (m - 1)/(m + 1), |s| <= 0.1716.
        let s = (m - 1) / (m + 1)
        let s2 = s * s
        var sum = 0.0
        var k = 23.0
        while k >= 3 {
            sum = (sum + 1 / k) * s2
            k -= 2
        }
        return exponent * ln2High + (2 * s + (2 * s * sum + exponent * ln2Low))
    }

    /// x^y for a positive normal x and y ln x <= 709. The error of the logarithm is multiplied by its size: at most
    /// (3 + 5 |y ln x|) 2^-53 of the value, so that even 10^2 need not be exactly 100. 0 where y ln x < -708.
    public static func pow(_ x: Double, _ y: Double) -> Double { exp(y * log(x)) }

    /// Sine and cosine for |x| <= 1e6, each at most 2.5 ULP and 2.3e-16 off.
    public static func sineCosine(_ x: Double) -> (sine: Double, cosine: Double) {
        precondition(abs(x) <= 1e6, "sine of \(x): the argument is too large")
        let n = (x * 0.6366197723675814 + roundingShift) - roundingShift
        // pi/2 in three parts of 33 bits: n times each of the first two is exact for |n| < 2^20.
        let r = ((x - n * 1.57079632673412561417) - n * 6.07710050630396597660e-11) - n * 2.02226624879595063154e-21
        let r2 = r * r
        var sine = 0.0
        var cosine = 0.0
        var k = 20.0
        while k >= 2 {
            cosine = -(1 + cosine) * r2 / (k * (k - 1))
            sine = -(1 + sine) * r2 / (k * (k + 1))
            k -= 2
        }
        sine = r + r * sine
        cosine = 1 + cosine
        return switch Int(n) & 3 {
        case 0: (sine, cosine)
        case 1: (cosine, -sine)
        case 2: (-sine, -cosine)
        default: (-cosine, sine)
        }
    }
}
