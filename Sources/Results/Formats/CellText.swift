import Foundation

/// A cell of a table as people read it, in parts, so that each format can set them in its own way.
struct CellText {
    /// The number or the text, empty for what is missing.
    var main: String
    /// Half the width of a symmetric interval.
    var spread: String?
    /// Ends of one that is not.
    var ends: (low: String, high: String)?
    /// Observations, when they are not those of the row.
    var count: Int?
    /// Corrected p of a comparison: `p=0.25`, with a star below 0.05.
    var p: String?
    var isNumber = true

    /// nil for a cell that is missing.
    init?(_ cell: Table.Cell, _ style: Table.Column.Style, rowCount: Int) {
        switch cell {
        case .missing: return nil
        case .text(let text): (main, isNumber) = (text, false)
        case .number(let number): main = CellText.text(number, style)
        case .estimate(let estimate):
            main = CellText.text(estimate.mean, style)
            set(estimate, style)
            count = estimate.count == rowCount ? nil : estimate.count
        case .difference(let comparison):
            main = CellText.text(comparison.difference.mean, style)
            if !main.hasPrefix("-") { main = "+" + main }
            set(comparison.difference, style)
            let value = comparison.correctedP < 0.0001 ? "p<0.0001" : "p=" + CellText.trimmed(String(format: "%.4f", comparison.correctedP))
            p = value + (comparison.correctedP < 0.05 ? "*" : "")
        }
    }

    private mutating func set(_ estimate: Estimate, _ style: Table.Column.Style) {
        if estimate.isSymmetric {
            spread = estimate.halfWidth.map { CellText.text($0, style) }
        } else {
            ends = estimate.interval.map { (CellText.text($0.lowerBound, style), CellText.text($0.upperBound, style)) }
        }
    }

    /// Decimals, or six digits of a large number.
    private static func text(_ number: Double, _ style: Table.Column.Style) -> String {
        var digits = 4
        switch style {
        case .scientific where number != 0 && number.isFinite: return String(format: "%.2e", number)
        case .scientific: return rounded(number, 0)
        case .megabytes: return number == 0 ? "0" : rounded(number / 1e6, 1) + " MB"
        case .whole: if let whole = Int(exactly: number) { return String(whole) }
        case .decimals(let count): digits = count
        }
        return rounded(number, digits)
    }

    private static func rounded(_ number: Double, _ digits: Int) -> String {
        guard number.isFinite, abs(number) < 1e5 else { return String(format: "%.6g", number) }
        let text = String(format: "%.\(digits)f", number)
        return text.hasPrefix("-") && !text.contains(where: { ("1"..."9").contains($0) }) ? String(text.dropFirst()) : text
    }

    /// 0.25 for 0.2500, 1 for 1.0000.
    private static func trimmed(_ text: String) -> String {
        var text = text[...]
        while text.hasSuffix("0") { text.removeLast() }
        return String(text.hasSuffix(".") ? text.dropLast() : text)
    }
}
