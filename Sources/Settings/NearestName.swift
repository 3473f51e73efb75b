/// "did you mean 'x'?" for the known name nearest to a mistyped one, or nothing when none is near.
///
/// Near is a distance of at most 2 or half the known name, and something in common. Case does not count; among equally
/// near names the first of the alphabet is taken.
public func nearestAdvice(to name: String, among names: [String]) -> String {
    var best: (name: String, distance: Int)?
    for candidate in names.sorted() {
        let distance = editDistance(name.lowercased(), candidate.lowercased())
        let isNear = distance <= max(2, candidate.count / 2) && distance < max(name.count, candidate.count)
        if isNear, distance < best?.distance ?? Int.max { best = (candidate, distance) }
    }
    return best.map { "did you mean '\($0.name)'?" } ?? ""
}

/// Number of inserted, removed, replaced or swapped neighbouring letters between two words (optimal string alignment).
func editDistance(_ a: String, _ b: String) -> Int {
    let a = Array(a.unicodeScalars), b = Array(b.unicodeScalars)
    guard !a.isEmpty, !b.isEmpty else { return max(a.count, b.count) }
    var beforeLast = [Int](repeating: 0, count: b.count + 1)
    var last = Array(0...b.count)
    for i in 1...a.count {
        var row = [i]
        for j in 1...b.count {
            var cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1))
            if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] { cost = min(cost, beforeLast[j - 2] + 1) }
            row.append(cost)
        }
        (beforeLast, last) = (last, row)
    }
    return last[b.count]
}
