import Foundation
import Settings
import Testing

@testable import Results

@Suite struct PlotTests {
    let folder: TemporaryFolder
    let file: PublishedFile

    init() throws {
        folder = try TemporaryFolder()
        try Publisher.publish(experiment: Fabricated.experiment, runs: Fabricated.runs, stages: Fabricated.stages, to: folder.file("a.h5"))
        file = try PublishedFile(folder.file("a.h5"))
    }

    @Test func textIsQuoted() {
        #expect(GnuplotScript.quoted("block 1, (a/b): x=-2.5") == "\"block 1, (a/b): x=-2.5\"")
        #expect(GnuplotScript.quoted("`a`'\"\\$@{_^&<%\n\t#;") == #""\140a\140\047\042\134\044\100\173\137\136\046\074\045  \043\073""#)
        #expect(GnuplotScript.quoted("ü…") == #""\303\274\342\200\246""#)
        #expect(GnuplotScript.quoted("50%", doublesPercent: true) == #""50\045\045""#)
        #expect(GnuplotScript.quoted("abcdef", limit: 4) == #""abc\342\200\246""#)
    }

    @Test func plotsThatThereIsDataFor() throws {
        #expect(try Plots.plots(of: file).map(\.name) == ["curves", "stream", "forgetting", "scores-loss", "scores-accuracy", "runs-1", "runs-2"])
        #expect(throws: SettingsError.self) { try Plots.plots(of: file, named: "curve") }
        #expect(throws: SettingsError.self) { try Plots.plots(of: file, named: "blocks") }
        try Publisher.publish(experiment: Fabricated.experiment, runs: [], to: folder.file("none.h5"))
        #expect(try Plots.plots(of: PublishedFile(folder.file("none.h5"))).isEmpty)
    }

    @Test func curvesRunThroughTheStream() throws {
        let arm = try #require(Arms(file).arms.first)
        let curve = try ArmCurve(arm, in: file)
        // Steps 10 and 20 of law, then 10 of bio; equal in both seeds. The frozen arm has logged nothing.
        #expect(curve.series.rows == [[10, 4, 4, 4], [20, 3.5, 3.5, 3.5], [30, 3, 3, 3]])
        #expect(curve.stages == [.init(name: "law", start: 0), .init(name: "bio", start: 20)])
        let body = try #require(try Plots.plots(of: file, named: "curves").first).body
        #expect(body.contains("$curve0 << END_OF_DATA\n10.0 4.0 4.0 4.0\n20.0 3.5 3.5 3.5\n\n30.0 3.0 3.0 3.0\nEND_OF_DATA\n"))
        #expect(body.contains("set arrow 1 from 20.0, graph 0") && !body.contains("frozen"))
    }

    @Test func forgettingIsTheRiseSinceLearning() throws {
        // a0: general 3, 3.25, 3.5; law 4, 2.125 (learned), 2; bio medicine, no task of that name: 4.5, 4, 2.25.
        #expect(StreamPlot.rise(0, 0, in: file).isNaN)
        #expect(StreamPlot.rise(0, 1, in: file) == (0.25 - 0.5) / 2)
        #expect(StreamPlot.rise(0, 2, in: file) == (0.5 - 0.125 - 2.25) / 3)
        // b1 has no loss on bio medicine at its end.
        #expect(StreamPlot.rise(3, 2, in: file).isNaN)
    }

    @Test func metricsAgainstBlocks() throws {
        var runs: [RunRecord] = []
        for blocks in [1, 2, 4] {
            for seed in [0, 1] {
                var run = Fabricated.run("r\(blocks)\(seed)", arm: "expansion", blocks: blocks, seed: seed, end: [3, 2, Double(blocks)], added: 1, trained: 1, bwt: 0)
                run.curve.losses = run.curve.losses.map { $0 + Double(seed) / Double(blocks) }
                run.metrics = [("LA_loss", Double(blocks) + 0.5 * Double(seed)), ("forgetting_loss", 1 / Double(blocks))]
                runs.append(run)
            }
        }
        try Publisher.publish(experiment: Fabricated.experiment, runs: runs, to: folder.file("b.h5"))
        let file = try PublishedFile(folder.file("b.h5"))
        let plots = try Plots.plots(of: file)
        #expect(plots.map(\.name) == ["curves", "blocks", "stream", "forgetting", "front", "axis-strategy-blocks", "scores-loss", "scores-accuracy", "runs-1", "runs-2", "runs-3"])
        // Last logged loss: 3 and 3 + 1/blocks; half the interval is t(1) = 12.706 times half their difference.
        let blocks = plots[1].body.components(separatedBy: "\n").dropFirst().prefix(3).map { $0.split(separator: " ").compactMap { Double($0) } }
        #expect(blocks.map { $0[0] } == [1, 2, 4] && blocks.map { $0[1] } == [3.5, 3.25, 3.125])
        #expect(zip(blocks, [0.5, 0.25, 0.125]).allSatisfy { abs($0[3] - $0[1] - 12.706204736432095 * $1) < 1e-9 })
        #expect(plots[5].description.contains("LA_loss of expansion: 1: 1.25 ± 3.177, 2: 2.25 ± 3.177, 4: 4.25 ± 3.177"))
        // With one block most is forgotten and learned best; with four the other way round: nobody is beaten.
        #expect(plots[4].body.contains("$front << END_OF_DATA\n1.25 1.0\n2.25 0.5\n4.25 0.25\nEND_OF_DATA"))
    }

    static let hasGnuplot = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains { FileManager.default.isExecutableFile(atPath: "\($0)/gnuplot") }

    @Test(.enabled(if: hasGnuplot, "gnuplot is not installed")) func sameBytesInEveryFormat() async throws {
        let plots = try Plots.plots(of: file)
        for plot in plots { #expect(String(decoding: try await Gnuplot.draw(plot, as: .svg), as: UTF8.self).contains("</svg>")) }
        let begins: [PlotFormat: String] = [.svg: "<?xml", .pdf: "%PDF-", .png: "\u{89}PNG"]
        for format in PlotFormat.allCases {
            let first = try await Gnuplot.draw(plots[0], as: format)
            // PDF has a second in it.
            if format == .pdf { try await Task.sleep(for: .milliseconds(1100)) }
            #expect(try await Gnuplot.draw(plots[0], as: format) == first)
            #expect(first.starts(with: (begins[format] ?? "").unicodeScalars.map { UInt8($0.value) }))
        }
    }

    @Test(.enabled(if: hasGnuplot, "gnuplot is not installed")) func namesAreNotRun() async throws {
        let victim = folder.file("victim")
        let name = "`touch \(victim)`"
        let hostile = ["'; system(\"touch \(victim)\") #", "a\"\n!touch \(victim)\n", "x_{y}^2 & <b> 50% \\n $a @b"]
        for (place, text) in ([name] + hostile).enumerated() {
            var run = Fabricated.run("r", arm: text, blocks: nil, seed: 0, end: [3, 2, 2], added: 0, trained: 1, bwt: 0)
            // Names of tasks and domains have no slash.
            let task = text.replacingOccurrences(of: "/", with: "-")
            run.tasks[0] = task
            run.domains[1] = task
            run.curve.stages = [task, task, "bio"]
            let path = folder.file("h\(place).h5")
            try Publisher.publish(experiment: Fabricated.experiment, runs: [run], to: path)
            let report = try await Report(PublishedFile(path))
            let html = try report.html()
            #expect(html.contains(HTMLFormat.escaped(text)))
            if place == 3 { #expect(html.contains(">x_{y}^2 &amp; &lt;b> 50% \\n $a @b, 0.001</text>")) }
        }
        #expect(!FileManager.default.fileExists(atPath: victim))
    }

    @Test func aFailureNamesThePlot() async throws {
        guard Self.hasGnuplot else { return }
        var script = GnuplotScript()
        script.add("no such command")
        await #expect(throws: GnuplotError.self) { try await Gnuplot.draw(Plot("x", title: "", description: "", script), as: .svg) }
    }

    @Test func drawingsAreMadePartsOfAPage() {
        let svg = "<?xml version=\"1.0\"?>\n<svg \n viewBox=\"0 0 9 9\"\n xmlns=\"http://www.w3.org/2000/svg\"\n>\n<title>Gnuplot</title>\n<desc>Produced</desc>\n<g id=\"a\"><use xlink:href='#b' id='c'/><text>id='t &lt; #b</text><title>gnuplot_plot_1</title></g>\n</svg>\n\n"
        let inline = ReportStyle.inline(svg, name: "p", label: "a \"b\"", width: 500)
        #expect(inline.hasPrefix("<svg role=\"img\" aria-label=\"a &quot;b&quot;\" style=\"min-width: 500px; max-width: 500px\" \n viewBox=\"0 0 9 9\""))
        #expect(inline.contains("<g id=\"p-a\"><use href='#p-b' id='p-c'/><text>id='t &lt; #b</text></g>") && inline.hasSuffix("</svg>"))
        #expect(!inline.contains("xmlns") && !inline.contains("<title>") && !inline.contains("<desc>"))
    }

    @Test func aReportWithoutDrawingsSaysSo() throws {
        let html = try Report(file, plots: Plots.plots(of: file), drawings: nil).html()
        #expect(html.contains("apt-get install gnuplot-nox") && !html.contains("<svg"))
        for text in ["<h1>Größe</h1>", "<dd>node-7</dd>", "expansion | 2", "<dt>Data of law, SHA-256</dt><dd>bb</dd>", "stream: [law, bio]"] { #expect(html.contains(text)) }
    }
}
