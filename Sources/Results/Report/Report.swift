import Foundation
import Settings

/// One HTML file with all that a results file says: summary, tables, plots, curves of every arm, configuration, provenance, limits. It asks the
/// network for nothing and runs no script.
public struct Report {
    /// A figure and its drawing as SVG, nil when there is no gnuplot.
    struct Figure {
        var plot: Plot
        var drawing: String?
    }

    private let plots: [Figure]
    private let curves: [Figure]
    private let file: PublishedFile

    /// Draws the figures. Without gnuplot the report has tables alone and says so.
    /// - Throws: `GnuplotError.failed`, `PublishedFileError`.
    public init(_ file: PublishedFile) async throws {
        let curves = try RunPlots.plots(of: file)
        // Without `plots:` these are among the plots.
        let plots = try Plots.plots(of: file).plots.filter { !curves.contains($0) }
        self.init(file, plots: try await Self.drawn(plots), curves: try await Self.drawn(curves))
    }

    init(_ file: PublishedFile, plots: [Figure], curves: [Figure]) { (self.file, self.plots, self.curves) = (file, plots, curves) }

    private static func drawn(_ plots: [Plot]) async throws(GnuplotError) -> [Figure] {
        var figures: [Figure] = []
        for plot in plots {
            do throws(GnuplotError) {
                figures.append(Figure(plot: plot, drawing: String(decoding: try await Gnuplot.draw(plot, as: .svg), as: UTF8.self)))
            } catch .missing {
                return plots.map { Figure(plot: $0) }
            }
        }
        return figures
    }

    public var hasPlots: Bool { (plots + curves).allSatisfy { $0.drawing != nil } }

    /// Writes the page.
    /// - Throws: `ExportError` when it cannot be written, `PublishedFileError`.
    public func write(to path: String) throws {
        let text = try html()
        do { try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic) } catch {
            throw ExportError(path: path, reason: "cannot be written")
        }
    }

    /// The whole page.
    public func html() throws -> String {
        let tables = Tables.recipes(of: file).map { recipe in
            var table = recipe.table(of: file)
            if table.title.isEmpty { table.title = "\(recipe.name): \(recipe.help)" }
            return table
        }
        let limits = SummaryColumns.firstSeen(tables.flatMap(\.footer))
        let sections: [(id: String, title: String, content: String)] = [
            ("summary", "Summary", summary()),
            ("tables", "Tables", tables.map { table in
                // What holds for several tables stands once, under the limits.
                var table = table
                table.footer.removeAll { line in tables.count { $0.footer.contains(line) } > 1 }
                return HTMLFormat().text(of: table)
            }.joined()),
            ("plots", "Plots", figures(plots, "plot")),
            ("curves", "Curves of every arm", figures(curves, "curve")),
            ("limits", "How to read it, and limits", "<ul>\n" + limits.map { "<li>\(HTMLFormat.escaped($0))</li>\n" }.joined() + "</ul>\n"),
            ("configuration", "Configuration", try configuration()),
            ("provenance", "Provenance", try provenance()),
        ]
        let title = HTMLFormat.escaped(name)
        return """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <link rel="icon" href="data:,">
            <title>\(title): results</title>
            <style>
            \(ReportStyle.sheet)
            </style>
            </head>
            <body>
            <a class="skip" href="#main">Skip to the results</a>
            <header>
            <h1>\(title)</h1>
            <nav aria-label="Sections">
            <ul>
            \(sections.map { "<li><a href=\"#\($0.id)\">\($0.title)</a></li>" }.joined(separator: "\n"))
            </ul>
            </nav>
            </header>
            <main id="main" tabindex="-1">
            \(sections.map { Report.section(id: $0.id, title: $0.title, content: $0.content) }.joined())</main>
            </body>
            </html>

            """
    }

    private static func section(id: String, title: String, content: String) -> String {
        "<section id=\"\(id)\" aria-labelledby=\"\(id)-title\">\n<h2 id=\"\(id)-title\">\(title)</h2>\n\(content)</section>\n"
    }

    /// The experiment's name, else that of the file.
    private var name: String {
        if let first = file.runs.first, let text = try? file.configuration(run: first),
            let name = (try? Value(json: Array(text.utf8)))?["name"]?.asString
        {
            return name
        }
        return URL(fileURLWithPath: file.path).deletingPathExtension().lastPathComponent
    }

    private func summary() -> String {
        let arms = Arms(file)
        let streams = SummaryColumns.firstSeen(file.tasks.map { $0.joined(separator: ", then ") })
        var facts = [
            ("Arms", "\(arms.arms.count): \(arms.arms.prefix(20).map(\.title).joined(separator: "; "))\(arms.arms.count > 20 ? " ..." : "")"),
            ("Runs", "\(file.runs.count)"),
            ("Base models", "\(arms.bases.reduce(0) { $0 + $1.runs.count })"),
            ("Stream", streams.prefix(4).joined(separator: "; or ") + (streams.count > 4 ? "; and \(streams.count - 4) more" : "")),
            ("Evaluated on", file.domains.joined(separator: ", ")),
        ]
        for (name, words) in [
            ("OP_loss", "Lowest loss at the end of the stream"), ("LA_loss", "Lowest loss on tasks just after they were learned"),
            ("forgetting_loss", "Least forgetting"),
        ] {
            guard let column = file.column(name) else { continue }
            let means = arms.arms.compactMap { arm in Estimate(file.observations(arm.runs).map { column.numbers[$0] }).map { (arm.title, $0) } }
            guard means.count > 1, let best = means.min(by: { $0.1.mean < $1.1.mean }) else { continue }
            facts.append((words, "\(best.0), \(best.1.text) nats a token (\(name), n=\(best.1.count))"))
        }
        let warnings = file.experiment.notes.filter { $0.contains("not complete") }.map { "<p class=\"notice\">\(HTMLFormat.escaped($0))</p>\n" }
        return warnings.joined() + Report.list(facts)
    }

    /// - Parameter prefix: of the names within the drawings.
    private func figures(_ figures: [Figure], _ prefix: String) -> String {
        guard hasPlots else { return "<p class=\"notice\">\(HTMLFormat.escaped("There are no drawings: \(GnuplotError.missing)")).</p>\n" }
        guard !figures.isEmpty else { return "<p>No run has data for it yet.</p>\n" }
        return figures.enumerated().map { index, figure in
            let (plot, title) = (figure.plot, HTMLFormat.escaped(figure.plot.title))
            return """
                <figure class="plot">
                <div class="scroll" role="region" tabindex="0" aria-label="\(title)">
                \(ReportStyle.inline(figure.drawing ?? "", name: "\(prefix)\(index)", label: plot.description, width: plot.width))
                </div>
                <figcaption>\(title)
                <details><summary>In words</summary><p>\(HTMLFormat.escaped(plot.description))</p></details></figcaption>
                </figure>

                """
        }.joined()
    }

    private func configuration() throws -> String {
        var text = "<h3>The experiment file</h3>\n" + Report.code(file.experiment.experiment, label: "The experiment file")
        if !file.experiment.changes.isEmpty {
            text += "<p>Changed on the command line: <code>\(HTMLFormat.escaped(file.experiment.changes))</code></p>\n"
        }
        // Closed in print, where nothing opens them.
        text += "<div class=\"screen\">\n<h3>With all defaults</h3>\n"
        let arms = Arms(file).arms
        for arm in arms.prefix(RunPlots.limit) {
            let json = try file.configuration(run: file.runs[arm.runs[0]])
            let title = "\(arm.title), run \(file.runs[arm.runs[0]])"
            text += "<details><summary>\(HTMLFormat.escaped(title))</summary>\n"
            text += Report.code(Report.indented(json), label: "Configuration of \(title)") + "</details>\n"
        }
        if arms.count > RunPlots.limit {
            text += "<p>The first \(RunPlots.limit) of \(arms.count) arms; the results file has the others.</p>\n"
        }
        text += "</div>\n"
        return text
    }

    private func provenance() throws -> String {
        let record = file.experiment
        var facts = [
            ("Results file", URL(fileURLWithPath: file.path).lastPathComponent), ("Built", record.created), ("Host", record.host),
            ("Strata", record.strataVersion), ("Numerics", record.numericsVersion), ("Instruction set", record.instructionSet),
            ("Schema of the results file", "\(Publisher.schemaVersion)"),
        ]
        for name in ["seed", "base.seed"] {
            guard let column = file.column(name) else { continue }
            facts.append((name, SummaryColumns.firstSeen(file.runs.indices.compactMap { column.text(run: $0) }).joined(separator: ", ")))
        }
        let stages = try file.file.root.group("stages")
        let states: [String] = try stages.dataset("state").read(), seconds: [Double] = try stages.dataset("seconds").read()
        if !states.isEmpty {
            let time = String(format: "%.0f", seconds.filter { !$0.isNaN }.reduce(0, +))
            facts.append(("Stages", "\(states.count), \(states.count { $0 == "done" }) done, \(time) s in all"))
        }
        var hashes: [String: [String]] = [:]
        for run in file.runs {
            let text: String = try file.file.root.group("runs").group(run).attributes.value("data")
            for (domain, hash) in (try? Value(json: Array(text.utf8)))?.asObject ?? [:] where !(hashes[domain] ?? []).contains(hash.asString ?? "") {
                hashes[domain, default: []].append(hash.asString ?? "")
            }
        }
        let rows = hashes.keys.sorted().map { ("Data of \($0), SHA-256", (hashes[$0] ?? []).joined(separator: ", ")) }
        return Report.list(facts + rows)
    }

    private static func list(_ facts: [(String, String)]) -> String {
        "<dl>\n" + facts.map { "<div><dt>\(HTMLFormat.escaped($0))</dt><dd>\(HTMLFormat.escaped($1))</dd></div>\n" }.joined() + "</dl>\n"
    }

    private static func code(_ text: String, label: String) -> String {
        "<pre role=\"region\" tabindex=\"0\" aria-label=\"\(HTMLFormat.escaped(label))\"><code>\(HTMLFormat.escaped(text))</code></pre>\n"
    }

    /// JSON with its keys sorted, a line a value.
    private static func indented(_ json: String) -> String {
        guard let object = try? JSONSerialization.jsonObject(with: Data(json.utf8)),
            let data = try? JSONSerialization.data(withJSONObject: object, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
        else { return json }
        return String(decoding: data, as: UTF8.self)
    }
}
