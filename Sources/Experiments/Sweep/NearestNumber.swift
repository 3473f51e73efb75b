/// The whole number of a range whose count comes nearest to a target, where counts only rise or only fall with it.
///
/// Steps of doubling length find a number behind the target, bisection the two numbers beside it: about 2 log2 of the answer counts. Of numbers that are as near the smallest is taken.
struct NearestNumber {
    enum Answer: Hashable {
        case nearest(Int, count: Double)
        /// All numbers have this count.
        case unchanging(Double)
        /// Counts rise and fall.
        case unsteady
    }

    private let range: ClosedRange<Int>
    private let count: (Int) -> Double?
    private var counts: [Int: Double] = [:]

    /// - Parameters:
    ///   - range: of the numbers. The lowest has a count.
    ///   - count: nil behind the largest number that is possible.
    static func find(_ target: Double, in range: ClosedRange<Int>, count: (Int) -> Double?) -> Answer {
        withoutActuallyEscaping(count) { count in
            var search = NearestNumber(range: range, count: count)
            return search.find(target)
        }
    }

    private init(range: ClosedRange<Int>, count: @escaping (Int) -> Double?) { (self.range, self.count) = (range, count) }

    private mutating func at(_ number: Int) -> Double? {
        if let known = counts[number] { return known }
        let count = count(number)
        counts[number] = count
        return count
    }

    private mutating func find(_ target: Double) -> Answer {
        let low = range.lowerBound
        guard let first = at(low) else { preconditionFailure("the lowest number has no count") }
        // 1 where counts rise, -1 where they fall, 0 as long as they are the same.
        var direction = 0.0
        var (last, step) = (low, 1)
        while last < range.upperBound {
            var next = range.upperBound - last > step ? last + step : range.upperBound
            var count = at(next)
            let isEnd = count == nil
            if isEnd {
                next = largest(from: last, below: next)
                count = at(next)
            }
            if direction == 0, let count, count != first { direction = count > first ? 1 : -1 }
            last = next
            if isEnd || (direction != 0 && hasReached(target, count, direction)) { break }
            step = step > range.upperBound / 2 ? range.upperBound : 2 * step
        }
        guard direction != 0 else { return .unchanging(first) }
        let (upper, end) = (last, at(last) ?? first)
        var best = upper
        if hasReached(target, end, direction) {
            best = smallest(low...upper, reaching: target, direction)
            if best > low, let under = at(best - 1), let over = at(best), abs(under - target) <= abs(over - target) { best -= 1 }
        }
        // The first of those with its count.
        if best > low, let count = at(best), at(best - 1) == count { best = smallest(low...best, reaching: count, direction) }
        guard isSteady(direction), let count = at(best) else { return .unsteady }
        return .nearest(best, count: count)
    }

    private func hasReached(_ target: Double, _ count: Double?, _ direction: Double) -> Bool { count.map { ($0 - target) * direction >= 0 } ?? false }

    /// The largest number with a count, from one that has one to below one that has none.
    private mutating func largest(from known: Int, below none: Int) -> Int {
        var (known, none) = (known, none)
        while none - known > 1 {
            let middle = known + (none - known) / 2
            if at(middle) == nil { none = middle } else { known = middle }
        }
        return known
    }

    /// The smallest number whose count has reached a target, in a range whose last one's has.
    private mutating func smallest(_ range: ClosedRange<Int>, reaching target: Double, _ direction: Double) -> Int {
        var (low, high) = (range.lowerBound, range.upperBound)
        while low < high {
            let middle = low + (high - low) / 2
            if hasReached(target, at(middle), direction) { high = middle } else { low = middle + 1 }
        }
        return high
    }

    private func isSteady(_ direction: Double) -> Bool {
        let ordered = counts.sorted { $0.key < $1.key }.map(\.value)
        return zip(ordered, ordered.dropFirst()).allSatisfy { ($1 - $0) * direction >= 0 }
    }
}
