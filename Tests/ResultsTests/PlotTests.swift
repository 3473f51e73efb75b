import Experiments
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
        #expect(GnuplotScript.quoted("`a`'\"\\$@{_^&<%\n\t#;") == #""\140a\140\0047\0042\134\0044\100\173\137\136\0046\0074\0045  \0043\0073""#)
        #expect(GnuplotScript.quoted("ü…") == #""\303\274\342\200\246""#)
        #expect(GnuplotScript.quoted("50%", doublesPercent: true) == #""50\0045\0045""#)
        #expect(GnuplotScript.wrapped("a bc, def=1 #", limit: 6) == #""a bc,\ndef=1\n\0043""# && GnuplotScript.wrapped("", limit: 3) == "\"\"")
        #expect(GnuplotScript.quoted("abcdef", limit: 4) == #""abc\342\200\246""#)
    }

    @Test func plotsThatThereIsDataFor() throws {
        #expect(try Plots.plots(of: file).plots.map(\.name) == ["curves", "stream", "forgetting", "scores-loss", "scores-accuracy", "runs-1", "runs-2"])
        #expect(throws: SettingsError.self) { try Plots.plot(named: "curve", of: file) }
        #expect(throws: SettingsError.self) { try Plots.plot(named: "blocks", of: file) }
        #expect(try Plots.plot(named: "runs-2", of: file).title == "expansion | 2, blocks=2, learning_rate=0.001: training loss of each run.")
        try Publisher.publish(experiment: Fabricated.experiment, runs: [], to: folder.file("none.h5"))
        #expect(try Plots.plots(of: PublishedFile(folder.file("none.h5"))).plots.isEmpty)
    }

    @Test func curvesRunThroughTheStream() throws {
        let arm = try #require(Arms(file).arms.first)
        let curve = try ArmCurve(arm, in: file)
        // Steps 10 and 20 of law, then 10 of bio; equal in both seeds. The frozen arm has logged nothing.
        #expect(curve.series.rows == [[10, 4, 4, 4], [20, 3.5, 3.5, 3.5], [30, 3, 3, 3]])
        #expect(curve.stages == [.init(name: "law", start: 0), .init(name: "bio", start: 20)])
        let body = try Plots.plot(named: "curves", of: file).body
        #expect(body.contains("$curve0 << END_OF_DATA\n10.0 4.0 4.0 4.0\n20.0 3.5 3.5 3.5\n\n30.0 3.0 3.0 3.0\nEND_OF_DATA\n"))
        #expect(body.contains("set arrow 1 from 20.0, graph 0") && !body.contains("frozen"))
    }

    @Test func forgettingIsTheRiseSinceLearning() throws {
        // a0: general 3, 3.25, 3.5; law 4, 2.125 (learned), 2; bio medicine, no task of that name: 4.5, 4, 2.25.
        #expect(ForgettingPlot.rise(0, 0, in: file).isNaN)
        #expect(ForgettingPlot.rise(0, 1, in: file) == (0.25 - 0.5) / 2)
        #expect(ForgettingPlot.rise(0, 2, in: file) == (0.5 - 0.125 - 2.25) / 3)
        // b1 has no loss on bio medicine at its end.
        #expect(ForgettingPlot.rise(3, 2, in: file).isNaN)
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
        let plots = try Plots.plots(of: file).plots
        #expect(plots.map(\.name) == ["curves", "blocks", "stream", "forgetting", "front", "axis-strategy-blocks", "scores-loss", "scores-accuracy", "runs-1", "runs-2", "runs-3"])
        // Last logged loss: 3 and 3 + 1/blocks; half the interval is t(1) = 12.706 times half their difference.
        let blocks = plots[1].body.components(separatedBy: "\n").dropFirst().prefix(3).map { $0.split(separator: " ").compactMap { Double($0) } }
        #expect(blocks.map { $0[0] } == [1, 2, 4] && blocks.map { $0[1] } == [3.5, 3.25, 3.125])
        #expect(zip(blocks, [0.5, 0.25, 0.125]).allSatisfy { abs($0[3] - $0[1] - 12.706204736432095 * $1) < 1e-9 })
        #expect(plots[5].description.contains("LA_loss of expansion: 1: 1.25 ± 3.177, 2: 2.25 ± 3.177, 4: 4.25 ± 3.177"))
        // With one block most is forgotten and learned best; with four the other way round: nobody is beaten.
        #expect(plots[4].body.contains("$front << END_OF_DATA\n1.25 1.0\n2.25 0.5\n4.25 0.25\nEND_OF_DATA"))
    }

    @Test func thoseOfTheExperimentAreDrawnInstead() throws {
        var definitions = [
            PlotDefinition(name: "a", .curves), PlotDefinition(name: "b", .scores), PlotDefinition(name: "late", .front), PlotDefinition(name: "c", .axis),
            PlotDefinition(name: "d", .stream), PlotDefinition(name: "stream", .forgetting),
        ]
        definitions[0].filter = ["arm": ["sequential"]]
        definitions[0].title = "50% of `it`"
        (definitions[1].measure, definitions[1].domains, definitions[1].arms) = (.bitsPerByte, ["law"], ["strategy"])
        // No run has two such metrics.
        definitions[2].metrics = ["LA_loss", "general_loss"]
        (definitions[3].axis, definitions[3].metrics, definitions[3].arms) = ("parameters.trained", ["loss.*", "BWT"], ["seed"])
        (definitions[4].domains, definitions[4].interval, definitions[4].filter) = (["law"], .bootstrap, ["arm": ["expansion | 2", "sequential"]])
        definitions[5].filter = ["strategy.blocks": [2]]
        var experiment = Fabricated.experiment
        experiment.plots = definitions
        try Publisher.publish(experiment: experiment, runs: Fabricated.runs, stages: Fabricated.stages, to: folder.file("p.h5"))
        let file = try PublishedFile(folder.file("p.h5"))
        #expect(file.experiment.plots == definitions)
        _ = try file.verify()

        let (plots, missing) = try Plots.plots(of: file)
        #expect(plots.map(\.name) == ["a", "b", "c", "d", "stream"] && missing == ["late"])
        #expect(plots[0].body.contains("set title \"50\\0045 of \\140it\\140\"") && !plots[0].body.contains("$curve1"))
        // Bits a byte on law, halves of the losses, of three strategies: base 2 and 2.125, then 1.0625, then means 1.0625 and 1.3125; the short run has no law.
        #expect(plots[1].body.contains("$matrix0 << END_OF_DATA\n0.0 0.0 2.0625 1.0\n0.0 1.0 1.0625 0.0\n0.0 2.0 1.0625 0.0\nEND_OF_DATA"))
        #expect(plots[1].body.contains("0.0 2.0 1.3125 0.0") && plots[1].title.hasPrefix("Held-out loss (bits/byte) of every domain"))
        // A line a seed over the numbers of trained parameters: 0 (no BWT), 250, 1000.
        #expect(plots[2].body.contains("$panel4_0 << END_OF_DATA\n250.0 0.125 0.125 0.125\n1000.0 -0.5 -0.5 -0.5\nEND_OF_DATA"))
        #expect(plots[2].description.contains("loss.code of seed=0: 0: 5;"))
        // Four resamples of two values: 2 and 2.25; the quantiles of 2, 2.125, 2.125, 2.25.
        #expect(plots[3].description.contains("law: sequential 2.125") && plots[3].body.contains("\n2.0 2.125 2.009375 2.240625\n"))
        #expect(plots[4].description.contains("expansion | 2") && !plots[4].description.contains("sequential"))
        // An arm looks the same in every figure: the second one does although it is alone here.
        #expect(plots[4].body.contains(PlotStyle.linePoint(1)) && !plots[4].body.contains(PlotStyle.linePoint(0)))
        #expect(PlotStyle.styles([0, 2]) == [0, 2] && PlotStyle.styles([0, 7]) == [0, 1] && PlotStyle.styles(Array(0..<12)) == Array(0..<12))
        // By name: one of the experiment's before one of every file.
        #expect(try Plots.plot(named: "stream", of: file) == plots[4] && Plots.plot(named: "curves", of: file).body.contains("$curve1"))
        #expect(throws: SettingsError.self) { try Plots.plot(named: "late", of: file) }
        // The report shows them, and the curves of every arm.
        let html = try Report(file, plots: plots.map { Report.Figure(plot: $0, drawing: "<svg></svg>") }, curves: []).html()
        #expect(html.contains("<figcaption>Held-out loss (bits/byte) of every domain"))
    }

    @Test func titlesTellArmsApart() {
        func titles(_ labels: [[String?]], _ names: [String]) -> [String] { ArmTitles.make(labels, names: names) }
        #expect(titles([["a", "1", nil], ["a", nil, "1"], ["a", nil, nil]], ["arm", "strategy.blocks", "strategy.r"]) == ["a, blocks=1", "a, r=1", "a"])
        // What all have in common is left out, but for words; names with the same end are shown whole.
        #expect(titles([["a", "1", "5"], ["b", "2", "5"]], ["arm", "train.steps", "base.train.steps"]) == ["a, train.steps=1", "b, train.steps=2"])
        #expect(titles([["1", "2"]], ["x", "y"]) == ["x=1, y=2"] && titles([[nil], ["8"]], ["strategy.r"]) == ["r=none", "r=8"])
        #expect(titles([["a", "b, r=2", nil], ["a", "b", "2"]], ["arm", "strategy", "strategy.r"]) == ["a, b, r=2", "a, b, r=2 #2"])
        #expect(ArmTitles.shortened(["lora, r=1", "lora, r=2"], limit: 9) == ["lora, r=1", "lora, r=2"])
        #expect(ArmTitles.shortened(["lora r=8, blocks=1", "lora r=8, blocks=2"], limit: 12) == ["lora r=8, 1", "lora r=8, 2"])
        #expect(ArmTitles.shortened(["abcdefgh", "abcxxfgh"], limit: 6) == ["abc…gh", "abc…gh #2"])
    }

    @Test(.enabled(if: hasGnuplot, "gnuplot is not installed")) func textIsShownAsItIs() async throws {
        let text = "#2 <1> &3 'b' \"7\" 50%4 $x"
        var script = GnuplotScript()
        script.title(text)
        script.add("set xtics (\(GnuplotScript.tics(["5%6"])))\nplot [0:1] x title \(GnuplotScript.quoted(text))")
        let svg = String(decoding: try await Gnuplot.draw(Plot("x", title: "", description: "", script), as: .svg), as: UTF8.self)
        let shown = svg.components(separatedBy: "#2 &lt;1> &amp;3 'b' &quot;7&quot; 50%4 $x").count + svg.components(separatedBy: "#2 &lt;1> &amp;3 'b' \"7\" 50%4 $x").count
        #expect(shown == 2 + 2 && svg.contains(">5%6<"))
    }

    static let hasGnuplot = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains { FileManager.default.isExecutableFile(atPath: "\($0)/gnuplot") }

    @Test(.enabled(if: hasGnuplot, "gnuplot is not installed")) func sameBytesInEveryFormat() async throws {
        let plots = try Plots.plots(of: file).plots
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
            if place == 3 { #expect(html.contains(">x_{y}^2 &amp; &lt;b> 50% \\n $a @b</text>")) }
        }
        #expect(!FileManager.default.fileExists(atPath: victim))
    }

    @Test func aFailureNamesThePlot() async throws {
        guard Self.hasGnuplot else { return }
        var script = GnuplotScript()
        script.add("no such command")
        // More than a pipe holds: gnuplot has ended before it is all written.
        for _ in 0..<40 { script.data("more", (0..<500).map { [Double($0), 0.5] }) }
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
        let html = try Report(file, plots: Plots.plots(of: file).plots.map { Report.Figure(plot: $0) }, curves: []).html()
        #expect(html.contains("apt-get install gnuplot-nox") && !html.contains("<svg"))
        for text in ["<h1>Größe</h1>", "<dd>node-7</dd>", "expansion | 2", "<dt>Data of law, SHA-256</dt><dd>bb</dd>", "stream: [law, bio]"] { #expect(html.contains(text)) }
    }
}
