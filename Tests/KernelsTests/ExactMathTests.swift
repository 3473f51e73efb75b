import Foundation
import Kernels
import Testing

/// The bounds are those of the doc comments.
@Suite struct ExactMathTests {
    /// Distance from the true value in units in the last place of the nearest Double.
    static func error(of value: Double, _ row: ExactMathReference.Row) -> Double {
        abs((value - row.nearest) - row.rest) / row.nearest.ulp
    }

    /// Largest distance in ULP from the C library, whose own error is below 1 ULP; infinite when one is not a number.
    static func largestDistance(_ arguments: some Sequence<Double>, _ ours: (Double) -> Double, _ theirs: (Double) -> Double) -> Double {
        arguments.reduce(0) { largest, x in
            let distance = abs(ours(x) - theirs(x)) / theirs(x).ulp
            return distance.isNaN ? .infinity : max(largest, distance)
        }
    }

    @Test func theComparatorsSeeWrongAnswers() {
        let row: ExactMathReference.Row = (1, 2.718281828459045, 1.4456468917292502e-16)
        #expect(Self.error(of: row.nearest, row) < 0.5)
        #expect(Self.error(of: row.nearest.nextUp, row) > 0.6)
        #expect(Self.error(of: row.nearest.nextDown, row) > 1)
        #expect(Self.error(of: 0, row) > 1e15)
        #expect(!(Self.error(of: .nan, row) <= 1e300))
        let sweep = [1.0, 2.0, 3.0]
        #expect(Self.largestDistance(sweep, { $0 }, { $0 }) == 0)
        #expect(Self.largestDistance(sweep, { $0 == 2 ? $0.nextUp : $0 }, { $0 }) == 1)
        #expect(Self.largestDistance(sweep, { $0 == 1 ? .nan : $0 }, { $0 }) == .infinity)
    }

    @Test func expIsWithinItsBound() {
        for row in ExactMathReference.exp {
            let value = ExactMath.exp(row.x)
            #expect(Self.error(of: value, row) <= 1.2, "exp(\(row.x)) = \(value)")
        }
        let sweep = stride(from: -708.0, through: 709.0, by: 0.0637)
        #expect(Self.largestDistance(sweep, ExactMath.exp, Foundation.exp) <= 2.2)
    }

    @Test func expBelowItsRangeIsZero() {
        #expect(ExactMath.exp((-708.0).nextDown) == 0)
        #expect(ExactMath.exp(-1e300) == 0)
        #expect(ExactMath.exp(-.infinity) == 0)
    }

    @Test func logIsWithinItsBound() {
        for row in ExactMathReference.log {
            let value = ExactMath.log(row.x)
            #expect(Self.error(of: value, row) <= 2.5, "log(\(row.x)) = \(value)")
        }
        #expect(Self.largestDistance(stride(from: 0.4, through: 3.0, by: 0.000137), ExactMath.log, Foundation.log) <= 3.5)
        let exponents = (-1022...1023).lazy.map { Double(sign: .plus, exponent: $0, significand: 1.37) }
        #expect(Self.largestDistance(exponents, ExactMath.log, Foundation.log) <= 3.5)
    }

    @Test func sineAndCosineAreWithinTheirBounds() {
        for (sine, cosine) in zip(ExactMathReference.sine, ExactMathReference.cosine) {
            let value = ExactMath.sineCosine(sine.x)
            #expect(Self.error(of: value.sine, sine) <= 2.5, "sine(\(sine.x)) = \(value.sine)")
            #expect(Self.error(of: value.cosine, cosine) <= 2.5, "cosine(\(cosine.x)) = \(value.cosine)")
            #expect(abs((value.sine - sine.nearest) - sine.rest) <= 2.3e-16)
            #expect(abs((value.cosine - cosine.nearest) - cosine.rest) <= 2.3e-16)
        }
        for sweep in [stride(from: -7.0, through: 7.0, by: 0.00173), stride(from: -1e6, through: 1e6, by: 137.77)] {
            #expect(Self.largestDistance(sweep, { ExactMath.sineCosine($0).sine }, Foundation.sin) <= 3.5)
            #expect(Self.largestDistance(sweep, { ExactMath.sineCosine($0).cosine }, Foundation.cos) <= 3.5)
        }
    }

    @Test func powIsWithinItsBound() {
        for row in ExactMathReference.pow {
            let value = ExactMath.pow(row.base, row.exponent)
            let relative = abs((value - row.nearest) - row.rest) / row.nearest
            let bound = (3 + 5 * abs(row.exponent * Foundation.log(row.base))) * 0x1p-53
            #expect(relative <= bound, "\(row.base)^\(row.exponent) = \(value)")
        }
    }

    /// Digests of thousands of results, from an independent implementation of the same operations in another language.
    @Test func resultsAreTheSameBitsEverywhere() {
        func digest(_ values: some Sequence<Double>) -> UInt64 {
            values.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ $1.bitPattern) &* 0x100_0000_01b3 }
        }
        let angles = (0..<4096).map { ExactMath.sineCosine(-1e6 + Double($0) * 488.28125) }
        #expect(digest((0..<4095).map { ExactMath.exp(-708 + Double($0) * 0.34609375) }) == 0xeee1_1029_8b1c_cb9f)
        #expect(digest((0..<4095).map { k in
            ExactMath.log(Double(k + 1) * 0.0625 * Double(sign: .plus, exponent: k % 2001 - 1000, significand: 1))
        }) == 0x28d6_7925_db5b_445f)
        #expect(digest(angles.map(\.sine)) == 0x7b10_e696_f98b_6a62)
        #expect(digest(angles.map(\.cosine)) == 0xf507_c276_62d6_3ec1)
    }

    @Test func argumentsOutsideTheRangesTrap() async {
        await #expect(processExitsWith: .failure) { _ = ExactMath.exp((709.0).nextUp) }
        await #expect(processExitsWith: .failure) { _ = ExactMath.exp(.nan) }
        await #expect(processExitsWith: .failure) { _ = ExactMath.log(0) }
        await #expect(processExitsWith: .failure) { _ = ExactMath.log(-1) }
        await #expect(processExitsWith: .failure) { _ = ExactMath.log(Double.leastNormalMagnitude.nextDown) }
        await #expect(processExitsWith: .failure) { _ = ExactMath.log(.infinity) }
        await #expect(processExitsWith: .failure) { _ = ExactMath.pow(10, 309) }
        await #expect(processExitsWith: .failure) { _ = ExactMath.sineCosine((1e6).nextUp) }
        await #expect(processExitsWith: .failure) { _ = ExactMath.sineCosine(.nan) }
    }
}
