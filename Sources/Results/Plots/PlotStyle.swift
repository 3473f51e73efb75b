import Foundation

/// Colours that colour-blind readers tell apart, each with a dash and a point of its own, so that print in grey is enough.
/// Source: Okabe & Ito 2008, Color Universal Design; without yellow, which is too pale on white.
enum PlotStyle {
    private static let colours = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#56B4E9", "#E69F00"]
    private static let dashes = ["1", "(9,4)", "(2,3)", "(9,3,2,3)", "(14,4)", "(5,3)"]
    private static let points = [7, 5, 9, 11, 13, 4, 6, 8, 10, 12]

    /// How many arms one figure shows.
    static let limit = 12

    /// The styles of arms by their places, so that each looks the same in every figure; by their order here where two would have one colour
    /// without need.
    static func styles(_ places: [Int]) -> [Int] {
        Set(places.map { $0 % colours.count }).count < min(places.count, colours.count) ? Array(places.indices) : places
    }

    /// Pixels that a key below a figure needs beyond its first two lines.
    static func keyHeight(_ titles: [String], width: Int) -> Int {
        let columns = max(1, (width - 80) / (60 + 8 * (titles.map(\.count).max() ?? 0)))
        return 18 * max(0, (titles.count + columns - 1) / columns - 2)
    }

    static func colour(_ index: Int) -> String { "linecolor rgb \"\(colours[index % colours.count])\"" }
    /// Colour and dash of a line.
    static func line(_ index: Int) -> String { "\(colour(index)) dashtype \(dashes[index % dashes.count]) linewidth 1.6" }
    /// And its points.
    static func linePoint(_ index: Int) -> String { "\(line(index)) pointtype \(points[index % points.count]) pointsize 0.7" }
    static func point(_ index: Int) -> String { "\(colour(index)) linewidth 1.4 pointtype \(points[index % points.count]) pointsize 1" }
}

/// A line of a figure: estimates along an axis.
struct PlotSeries {
    var name: String
    var points: [(x: Double, estimate: Estimate)]

    /// Rows x, mean, low, high; without an interval the mean stands for its ends.
    var rows: [[Double]] {
        points.map { x, estimate in
            [x, estimate.mean, estimate.interval?.lowerBound ?? estimate.mean, estimate.interval?.upperBound ?? estimate.mean]
        }
    }
}

extension Estimate {
    /// `1.234 ± 0.056`, for descriptions.
    var text: String { PlotText.number(mean) + (halfWidth.map { " ± " + PlotText.number($0) } ?? "") }
}

enum PlotText {
    /// Four significant digits.
    static func number(_ value: Double) -> String { String(format: "%.4g", value) }

    /// A metric with its meaning and unit, for an axis.
    static func axis(_ column: Column) -> String {
        let text = meanings[column.name].map { "\(column.name): \($0)" } ?? column.name
        return text + ((column.unit ?? (column.name.contains("loss") ? "nats/token" : nil)).map { " (\($0))" } ?? "")
    }

    private static let meanings = [
        "LA_loss": "loss on each task just after it was learned", "OP_loss": "mean loss at the end", "forgetting_loss": "forgetting",
        "general_loss": "change on what the base knew", "forgetting": "of accuracies", "OP": "mean accuracy at the end",
    ]

    /// What a figure says that shows not all arms.
    static func cut(_ count: Int) -> String { count > PlotStyle.limit ? " The first \(PlotStyle.limit) of \(count) arms are shown." : "" }
}
