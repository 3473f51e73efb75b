import Foundation

/// How a report looks, and how drawings are put into it.
enum ReportStyle {
    static let sheet = """
        :root { color-scheme: light dark; --text: #1a1a1a; --page: #ffffff; --soft: #f3f4f6; --line: #c9ccd1; --link: #0b57a4; }
        @media (prefers-color-scheme: dark) { :root { --text: #e8e8e8; --page: #16181c; --soft: #22252b; --line: #484d56; --link: #8cc2ff; } }
        * { box-sizing: border-box; }
        body { font-family: system-ui, sans-serif; line-height: 1.5; color: var(--text); background: var(--page); overflow-wrap: anywhere; }
        body { margin: 0 auto; max-width: 76rem; padding: 1rem; }
        a { color: var(--link); }
        :focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
        main:focus { outline: none; }
        .skip { position: absolute; left: -100rem; }
        .skip:focus { left: 1rem; top: 1rem; background: var(--page); padding: 0.5rem 1rem; z-index: 1; }
        h1 { font-size: 1.7rem; margin: 0.5rem 0; }
        h2 { font-size: 1.3rem; margin: 2.5rem 0 0.5rem; border-bottom: 1px solid var(--line); }
        h3 { font-size: 1.05rem; }
        nav ul { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; list-style: none; padding: 0; margin: 0; }
        dl { margin: 1rem 0; }
        dl div { display: grid; grid-template-columns: minmax(8rem, 16rem) minmax(0, 1fr); gap: 0 1rem; padding: 0.2rem 0; }
        dt { font-weight: 600; }
        dd { margin: 0; }
        .notice { border-left: 4px solid #d55e00; background: var(--soft); padding: 0.5rem 1rem; }
        pre { overflow-x: auto; background: var(--soft); padding: 0.75rem; font-size: 0.85rem; line-height: 1.35; overflow-wrap: normal; }
        details { margin: 0.5rem 0; }
        figure { margin: 1.5rem 0; }
        .plot .scroll { overflow-x: auto; background: #ffffff; border: 1px solid var(--line); border-radius: 6px; padding: 0.5rem; }
        .plot svg { display: block; width: 100%; height: auto; margin: 0 auto; }
        .plot figcaption { font-size: 0.9rem; margin-top: 0.4rem; }
        \(HTMLFormat.style)
        .table caption { max-width: calc(100vw - 2rem); }
        @media (max-width: 30rem) { dl div { grid-template-columns: minmax(0, 1fr); } }
        @page wide { size: landscape; }
        @media print {
        :root { color-scheme: light; --text: #000000; --page: #ffffff; --soft: #f3f4f6; --line: #999999; }
        nav, .skip, figcaption details, .screen { display: none; }
        body { max-width: none; padding: 0; font-size: 10pt; }
        #tables { page: wide; }
        .plot svg { min-width: 0 !important; max-height: 10.5cm; }
        .table table { font-size: 6pt; width: 100%; }
        .table th, .table td { padding: 0.1rem 0.2rem; white-space: normal; overflow-wrap: normal; }
        .table thead th { overflow-wrap: anywhere; min-width: 4.5em; }
        .scroll, pre { overflow: visible !important; }
        pre { white-space: pre-wrap; }
        figure.plot, tr { break-inside: avoid; }
        h2, h3, caption { break-after: avoid; }
        }
        """

    /// A drawing of gnuplot as a part of a page: without its XML declaration and titles (names such as `gnuplot_plot_1`), with names of its own, so
    /// that several stand side by side, and as one picture with a label.
    /// - Parameter width: in pixels; narrow screens scroll rather than shrink the letters.
    static func inline(_ svg: String, name: String, label: String, width: Int) -> String {
        guard let start = svg.range(of: "<svg") else { return "" }
        var result = "<svg role=\"img\" aria-label=\"\(HTMLFormat.escaped(label))\" style=\"min-width: \(min(width, 620))px; max-width: \(width)px\""
        var rest = svg[start.upperBound...]
        for element in ["title", "desc"] {
            while let open = rest.range(of: "<\(element)>"), let close = rest.range(of: "</\(element)>", range: open.upperBound..<rest.endIndex) {
                rest = rest[..<open.lowerBound] + rest[close.upperBound...]
            }
        }
        // Names stand in tags alone; text has its `<` escaped.
        for (place, part) in rest.split(separator: "<", omittingEmptySubsequences: false).enumerated() {
            guard let end = part.firstIndex(of: ">"), place > 0 else {
                // The attributes of the first tag: HTML knows these names by itself.
                result += (place > 0 ? "<" : "") + namespaces.reduce(String(part)) { $0.replacing($1, with: "") }
                continue
            }
            let tag = part[..<end].replacing("id=\"", with: "id=\"\(name)-").replacing("id='", with: "id='\(name)-")
                .replacing("xlink:href='#", with: "href='#\(name)-").replacing("xlink:href=\"#", with: "href=\"#\(name)-")
                .replacing("url(#", with: "url(#\(name)-")
            result += "<" + tag + part[end...]
        }
        while result.last?.isWhitespace == true { result.removeLast() }
        return result
    }

    private static let namespaces = ["xmlns:xlink=\"http://www.w3.org/1999/xlink\"", "xmlns=\"http://www.w3.org/2000/svg\""]
}
