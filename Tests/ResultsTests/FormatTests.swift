import Settings
import Testing

@testable import Results

/// What each format makes of a table with everything in it.
@Suite struct FormatTests {
    static var table: Table {
        var comparison = PairedComparison([(1.5, 1), (2, 1), (1.25, 1)])
        comparison?.correctedP = 0.03
        var best = Table.Row(
            [.text("a_b & <c>"), .number(12_345), .estimate(Estimate([1, 2])!), comparison.map(Table.Cell.difference)!, .number(1.234e11), .text("yes")], count: 3)
        best.best = [2]
        return Table(
            name: "t", title: "50 % of $x^2$",
            columns: [
                .init("arm", .label), .init("parameters", .count), .init("loss.x", .estimate, style: .decimals(2), unit: "nats/token"),
                .init("loss.x.difference", .difference, title: "Δ loss.x"), .init("cost.flops", .count, style: .scientific, unit: "flop"), .init("front", .mark),
            ],
            rows: [best, .init([.text("[z]"), .missing, .estimate(Estimate([3, 4], .bootstrap(seed: 0))!), .missing, .number(0), .missing], count: 2)],
            footer: ["A note: * p < 0.05 & more."])
    }

    @Test func markdown() {
        let lines = MarkdownFormat().text(of: FormatTests.table).split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines[0] == "**50 % of $x^2$**")
        #expect(lines[4] == #"| a_b & <c> |      12345 | **1.50** ± 6.35 (n=2) | +0.5833 ± 0.9486, p=0.03\* |   1.23e+11 | yes   |   3 |"#)
        #expect(lines[5] == #"| [z]       |          — |     3.50 [3.04, 3.96] |                          — |          0 | —     |   2 |"#)
    }

    @Test func latex() {
        let text = LaTeXFormat().text(of: FormatTests.table)
        #expect(text.contains("\\caption{50 \\% of \\$x\\textasciicircum{}2\\$}\n\\begin{tabular}{@{}lrrrrlr@{}}\n\\toprule\n"))
        #expect(text.contains("arm & parameters & loss.x & $\\Delta$ loss.x & cost.flops & front & $n$ \\\\\n"))
        #expect(text.contains(#"a\_b \& $<$c$>$ & $12345$ & $\mathbf{1.50} \pm 6.35$ ($n=2$) & $+0.5833 \pm 0.9486$, $p=0.03^{*}$ & $1.23 \times 10^{11}$ & yes & 3 \\"#))
        #expect(text.contains(#"{[}z{]} & --- & $3.50$ [$3.04$, $3.96$] & --- & $0$ & --- & 2 \\"#))
        #expect(text.contains("A note: $*$ p $<$ 0.05 \\& more."))
    }

    @Test func html() {
        let text = HTMLFormat().text(of: FormatTests.table)
        #expect(text.contains("<caption>50 % of $x^2$</caption>"))
        #expect(text.contains("<th scope=\"row\">a_b &amp; &lt;c&gt;</th><td class=\"number\">12345</td><td class=\"number\"><strong>1.50</strong> ±\u{A0}6.35 (n=2)</td>"))
        #expect(text.contains("<th scope=\"col\" class=\"number\" title=\"nats/token\">loss.<wbr>x</th>"))
        #expect(text.contains("<p>A note: * p &lt; 0.05 &amp; more.</p>"))
    }

    @Test func json() throws {
        let value = try Value(json: JSONFormat().text(of: FormatTests.table))
        #expect(value["rows"]?.asList?[0]["best"] == ["loss.x"])
        let cells = value["rows"]?.asList?[0]["cells"]?.asList ?? []
        #expect(cells[2]["mean"] == 1.5 && cells[2]["n"] == 2 && cells[3]["p_holm"] == 0.03 && cells[3]["p"] == 0.25 && cells[3]["exact"] == true)
        #expect(value["rows"]?.asList?[1]["cells"]?.asList?[1] == .null)
        let infinite = Table(columns: [.init("x", .estimate)], rows: [.init([.init([.infinity])], count: 1)], footer: [])
        #expect(JSONFormat().text(of: infinite).contains(#""mean":"inf""#))
    }

    @Test func csv() {
        #expect(CSVFormat().text(of: FormatTests.table).hasPrefix(
            "arm,parameters,loss.x.mean,loss.x.low,loss.x.high,loss.x.n,loss.x.difference.mean,loss.x.difference.low,loss.x.difference.high,loss.x.difference.n,"
                + "loss.x.difference.p,loss.x.difference.p_holm,cost.flops,front\r\na_b & <c>,12345,1.5,"))
    }

    @Test func numbersForPeople() {
        func text(_ number: Double, _ style: Table.Column.Style) -> String? { CellText(.number(number), style, rowCount: 1)?.main }
        #expect(text(45_600_000, .megabytes) == "45.6 MB" && text(0, .megabytes) == "0")
        #expect(text(0, .scientific) == "0" && text(1234, .scientific) == "1.23e+03")
        #expect(text(-0.00001, .decimals(2)) == "0.00" && text(-0.5, .decimals(0)) == "0" && text(12.5, .whole) == "12.5000" && text(1e7, .decimals(2)) == "1e+07")
    }
}
