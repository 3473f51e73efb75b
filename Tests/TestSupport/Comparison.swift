/// Largest difference between two sequences, relative to the largest expected magnitude. Anything that cannot be compared
/// (other lengths, nothing at all, a value that is not finite) is infinitely far.
public func relativeError<F: BinaryFloatingPoint>(_ found: some Collection<F>, _ expected: some Collection<F>) -> Double {
    guard found.count == expected.count, !found.isEmpty else { return .infinity }
    var largest = 0.0
    var difference = 0.0
    for (a, b) in zip(found, expected) {
        guard a.isFinite, b.isFinite else { return .infinity }
        largest = max(largest, Double(abs(b)))
        difference = max(difference, abs(Double(a) - Double(b)))
    }
    return difference == 0 ? 0 : largest == 0 ? .infinity : difference / largest
}

/// Euclidean norm of the difference over that of what was expected; infinite as above.
public func euclideanError<F: BinaryFloatingPoint>(_ found: some Collection<F>, _ expected: some Collection<F>) -> Double {
    guard found.count == expected.count, !found.isEmpty else { return .infinity }
    var total = 0.0
    var difference = 0.0
    for (a, b) in zip(found, expected) {
        guard a.isFinite, b.isFinite else { return .infinity }
        total += Double(b) * Double(b)
        difference += (Double(a) - Double(b)) * (Double(a) - Double(b))
    }
    return difference == 0 ? 0 : total == 0 ? .infinity : (difference / total).squareRoot()
}
