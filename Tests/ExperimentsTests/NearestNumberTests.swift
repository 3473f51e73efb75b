import Testing

@testable import Experiments

@Suite struct NearestNumberTests {
    private func find(_ target: Double, _ range: ClosedRange<Int> = 1...Int(Int32.max), _ count: (Int) -> Double?) -> NearestNumber.Answer {
        NearestNumber.find(target, in: range, count: count)
    }

    @Test func theNearestOfALine() {
        // 512, 1024, 1536 ...
        #expect(find(4672) { Double(512 * $0) } == .nearest(9, count: 4608))
        #expect(find(4863) { Double(512 * $0) } == .nearest(9, count: 4608))
        #expect(find(4865) { Double(512 * $0) } == .nearest(10, count: 5120))
        #expect(find(5120) { Double(512 * $0) } == .nearest(10, count: 5120))
        #expect(find(3) { Double(512 * $0) } == .nearest(1, count: 512))
        #expect(find(2e9) { Double($0) } == .nearest(2_000_000_000, count: 2e9))
        #expect(find(1e12) { Double($0) } == .nearest(Int(Int32.max), count: Double(Int32.max)))
    }

    @Test func ofTwoAsNearTheSmaller() {
        #expect(find(15) { Double(10 * $0) } == .nearest(1, count: 10))
        #expect(find(-15) { Double(-10 * $0) } == .nearest(1, count: -10))
        // The first of those with one count, on either side.
        #expect(find(29) { Double($0 / 10 * 10) } == .nearest(30, count: 30))
        #expect(find(22) { Double($0 / 10 * 10) } == .nearest(20, count: 20))
        #expect(find(25) { Double($0 / 10 * 10) } == .nearest(20, count: 20))
    }

    @Test func countsThatFall() {
        #expect(find(70) { Double(100 - $0) } == .nearest(30, count: 70))
        #expect(find(99.5) { Double(100 - $0) } == .nearest(1, count: 99))
        #expect(find(1000) { Double(100 - $0) } == .nearest(1, count: 99))
        #expect(find(0.4) { 1000 / Double($0) } == .nearest(2500, count: 0.4))
    }

    /// Every target between and beside all counts, against looking at all numbers.
    @Test func asLookingAtAll() {
        let counts = [2.0, 2, 3, 7, 7, 7, 8, 20, 21, 21, 40]
        for end in 2...counts.count {
            let counts = counts[..<end]
            for target in stride(from: 0.0, through: 45, by: 0.5) {
                guard let best = counts.indices.min(by: { (abs(counts[$0] - target), $0) < (abs(counts[$1] - target), $1) }) else { continue }
                let answer = find(target, 1...1000) { counts.indices.contains($0 - 1) ? counts[$0 - 1] : nil }
                #expect(answer == (end == 2 ? .unchanging(2) : .nearest(best + 1, count: counts[best])), "\(target) of \(counts)")
                let falling = find(-target, 1...1000) { counts.indices.contains($0 - 1) ? -counts[$0 - 1] : nil }
                #expect(falling == (end == 2 ? .unchanging(-2) : .nearest(best + 1, count: -counts[best])))
            }
        }
    }

    @Test func whereThereIsNoMore() {
        #expect(find(1e6) { $0 <= 37 ? Double($0) : nil } == .nearest(37, count: 37))
        #expect(find(36) { $0 <= 37 ? Double($0) : nil } == .nearest(36, count: 36))
        #expect(find(5) { $0 == 1 ? 3 : nil } == .unchanging(3))
        #expect(find(5, 4...4) { Double($0) } == .unchanging(4))
    }

    @Test func whatDoesNotChangeAndWhatIsNotSteady() {
        #expect(find(5) { _ in 3 } == .unchanging(3))
        #expect(find(50) { $0 == 2 ? 40 : Double($0) } == .unsteady)
    }

    /// Steps double, then the range is halved.
    @Test func itAsksSeldom() {
        var asked: [Int] = []
        _ = find(1e6) { number in
            asked.append(number)
            return Double(number)
        }
        #expect(asked.count <= 45 && Set(asked).count == asked.count)
    }
}
