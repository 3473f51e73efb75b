import Foundation

/// 12.3456 -> "12.346".
public func decimal(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }

/// 123456.7 -> "123,457".
public func grouped(_ value: Double) -> String {
    guard value.isFinite, abs(value) < 1e15 else { return "\(value)" }
    var digits = String(Int(value.rounded()))
    var parts: [String] = []
    while digits.count > 3 {
        parts.insert(String(digits.suffix(3)), at: 0)
        digits = String(digits.dropLast(3))
    }
    return ([digits] + parts).joined(separator: ",")
}

/// 123456.7 -> "1.23e+05".
public func scientific(_ value: Double) -> String { String(format: "%.3g", value) }

/// "1 run", "2 runs".
public func counted(_ count: Int, _ noun: String, _ plural: String? = nil) -> String {
    "\(grouped(Double(count))) \(count == 1 ? noun : plural ?? noun + "s")"
}

/// Seconds as "0.8 s", "42 s", "3 min 20 s", "2 h 05 min".
public func duration(_ seconds: Double) -> String {
    guard seconds.isFinite else { return "?" }
    if seconds < 10 { return decimal(seconds, 1) + " s" }
    let whole = Int(seconds.rounded())
    if whole < 60 { return "\(whole) s" }
    if whole < 3600 { return "\(whole / 60) min \(whole % 60) s" }
    return "\(whole / 3600) h \(String(format: "%02d", whole % 3600 / 60)) min"
}
