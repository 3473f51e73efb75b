/// An HTML table that screen readers can walk through: a caption, headers with their scope, notes below.
public struct HTMLFormat: TableFormat {
    public let name = "html"

    public init() {}

    /// `<figure>` with the table and its notes, to be put into a page.
    public func text(of table: Table) -> String {
        let caption = HTMLFormat.escaped(caption(of: table))
        // Wide tables scroll in a region of their own, which the keyboard reaches.
        var lines = ["<figure class=\"table\">", "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"\(caption)\">", "<table>"]
        lines.append("<caption>\(caption)</caption>")
        lines.append("<thead>")
        let headers = table.columns.map { column in
            let unit = column.unit.map { " title=\"\(HTMLFormat.escaped($0))\"" } ?? ""
            return "<th scope=\"col\"\(HTMLFormat.isText(column) ? "" : " class=\"number\"")\(unit)>\(HTMLFormat.breakable(column.title))</th>"
        }
        lines.append("<tr>" + headers.joined() + "<th scope=\"col\" class=\"number\"><abbr title=\"number of observations\">n</abbr></th></tr>")
        lines += ["</thead>", "<tbody>"]
        for row in table.rows {
            let cells = zip(table.columns, row.cells).enumerated().map { place, pair in
                let content = html(CellText(pair.1, pair.0.style, rowCount: row.count), isBest: row.best.contains(place))
                if place == 0, pair.0.kind == .label { return "<th scope=\"row\">\(content)</th>" }
                return HTMLFormat.isText(pair.0) ? "<td>\(content)</td>" : "<td class=\"number\">\(content)</td>"
            }
            lines.append("<tr>" + cells.joined() + "<td class=\"number\">\(row.count)</td></tr>")
        }
        lines += ["</tbody>", "</table>", "</div>"]
        if !table.footer.isEmpty {
            lines.append("<figcaption>")
            lines += table.footer.map { "<p>\(HTMLFormat.escaped($0))</p>" }
            lines.append("</figcaption>")
        }
        return (lines + ["</figure>"]).joined(separator: "\n") + "\n"
    }

    /// What pages with tables put into their style sheet.
    public static let style = """
        .table { margin: 1.5rem 0; }
        .table .scroll { overflow-x: auto; }
        .table table { border-collapse: collapse; border-top: 2px solid; border-bottom: 2px solid; font-variant-numeric: tabular-nums; }
        .table caption { text-align: left; font-weight: 600; padding-bottom: 0.5rem; }
        .table th, .table td { padding: 0.25rem 0.75rem; text-align: left; white-space: nowrap; font-weight: normal; }
        .table thead th { border-bottom: 1px solid; vertical-align: bottom; font-weight: 600; }
        .table .number { text-align: right; }
        .table figcaption { font-size: 0.85rem; max-width: 60rem; }
        .table figcaption p { margin: 0.25rem 0; }
        """

    public func document(with table: Table) -> String? {
        """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>\(HTMLFormat.escaped(caption(of: table)))</title>
        <style>
        :root { color-scheme: light dark; }
        body { font-family: system-ui, sans-serif; line-height: 1.4; margin: 1rem; }
        \(HTMLFormat.style)
        </style>
        </head>
        <body>
        <main>
        \(text(of: table))</main>
        </body>
        </html>

        """
    }

    private func caption(of table: Table) -> String { table.title.isEmpty ? "Table \(table.name)" : table.title }

    private func html(_ cell: CellText?, isBest: Bool) -> String {
        guard let cell else { return "<span aria-label=\"not measured or does not apply\">—</span>" }
        let main = HTMLFormat.escaped(cell.main)
        guard cell.isNumber else { return main }
        var text = isBest ? "<strong>\(main)</strong>" : main
        if let spread = cell.spread { text += " ±\u{A0}" + spread }
        if let ends = cell.ends { text += " [\(ends.low), \(ends.high)]" }
        if let count = cell.count { text += " (n=\(count))" }
        if let p = cell.p { text += ", " + HTMLFormat.escaped(p) }
        return text
    }

    private static func isText(_ column: Table.Column) -> Bool { column.kind == .label || column.kind == .mark }

    /// A name that breaks behind its dots and underscores where a column is narrow.
    private static func breakable(_ name: String) -> String {
        escaped(name).replacing(".", with: ".<wbr>").replacing("_", with: "_<wbr>")
    }

    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
