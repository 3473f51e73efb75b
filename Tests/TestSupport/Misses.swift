/// The first place where what was found is further from what was expected than that place's bound, in words; nil when
/// there is none. Other lengths, nothing at all and values that are not finite are misses.
public func firstMiss(_ found: [Float], _ expected: [Double], within bound: (_ index: Int) -> Double) -> String? {
    guard found.count == expected.count, !found.isEmpty else { return "\(found.count) values, expected \(expected.count)" }
    for index in found.indices {
        let difference = abs(Double(found[index]) - expected[index])
        let bound = bound(index)
        // Written so that NaN on any side is a miss.
        guard difference <= bound, bound.isFinite else {
            return "[\(index)] is \(found[index]), expected \(expected[index]), off by \(difference) where \(bound) is allowed"
        }
    }
    return nil
}

/// The first place where two sequences differ in a bit, in words; nil when there is none. Other lengths and nothing at all
/// count as different; NaNs of the same bits do not.
public func firstBitDifference(_ found: [Float], _ expected: [Float]) -> String? {
    guard found.count == expected.count, !found.isEmpty else { return "\(found.count) values, expected \(expected.count)" }
    for index in found.indices where found[index].bitPattern != expected[index].bitPattern {
        return "[\(index)] is \(found[index]), expected \(expected[index]), with other bits"
    }
    return nil
}
