import Experiments
import Foundation
import HDF5
import Testing
import Training

@testable import Results

extension Fabricated {
    /// The runs with drift: of the two sequential ones on a base of two layers; of the second nothing was measured behind the first task. They have evaluations inside tasks, with scores.
    static var drifted: [RunRecord] {
        var runs = self.runs
        func row(_ divergence: Double, _ layers: [(Double, Double, Double)]) -> DriftRow {
            DriftRow(crossEntropy: 2 + divergence, divergence: divergence, layers: layers.map { .init(weights: $0.0, alignment: $0.1, rank: $0.2) })
        }
        runs[0].drift = [.base(layerCount: 2), row(0.25, [(0.5, 0.75, 2), (0.25, 1, 1)]), row(0.5, [(1, 0.5, 4), (0.5, 0.25, 3)])]
        runs[1].drift = [.base(layerCount: 2), nil, row(0.75, [(2, 0.25, 4), (1, 0.75, 6)])]
        for run in 0..<2 {
            runs[run].evaluations = Evaluations(
                steps: [5, 15, 5], stages: ["law", "law", "bio"], losses: [[3.5, 3, 4.25], [4, 2.5, 4], [3.75, 3.125, 3]],
                scores: [[.nan, 0.25, .nan], [.nan, 0.5, .nan], [.nan, 0.125, .nan]])
            runs[run].metrics.append(("stability_gap_loss", 0.5))
        }
        return runs
    }
}

/// Drift and evaluations inside tasks in results files, tables, exports and plots.
@Suite struct PublishedDriftTests {
    let folder: TemporaryFolder
    let file: PublishedFile

    init() throws {
        folder = try TemporaryFolder()
        try Publisher.publish(experiment: Fabricated.experiment, runs: Fabricated.drifted, stages: Fabricated.stages, to: folder.file("a.h5"))
        file = try PublishedFile(folder.file("a.h5"))
    }

    @Test func thereAndBack() throws {
        let drift = try #require(file.drift)
        #expect(drift.layerCount == 2 && drift.divergence[0] == [0, 0.25, 0.5] && drift.divergence[2].allSatisfy(\.isNaN))
        #expect(drift.weights[run: 0, row: 1, domain: 1] == 0.25 && drift.alignment[run: 1, row: 2, domain: 1] == 0.75 && drift.rank[run: 1, row: 2, domain: 0] == 4)
        #expect(drift.alignment[run: 1, row: 1, domain: 0].isNaN && drift.alignment[run: 1, row: 0, domain: 0] == 1)
        #expect(drift.value(.weights, run: 0, row: 2) == 0.75 && drift.value(.rank, run: 1, row: 2) == 5 && drift.value(.rank, run: 4, row: 1).isNaN)
        _ = try file.verify()
        #expect(file.column("drift.alignment")?.numbers.prefix(2) == [0.375, 0.5] && file.column("drift.divergence")?.unit == "nats/token")
        #expect(file.column("drift.rank")?.numbers.dropFirst(2).allSatisfy(\.isNaN) == true)
        let evaluations = try file.evaluations(run: "a0").evaluations
        #expect(evaluations.scores.map { $0[1] } == [0.25, 0.5, 0.125] && evaluations.scores[0][0].isNaN)
        #expect(try file.evaluations(run: "b0").evaluations.scores.isEmpty)
        let group = try File(folder.file("a.h5")).root.group("drift")
        #expect(try group.dataset("weights").scaleNames() == ["run", "trained", "layer"] && group.dataset("cross_entropy").read(as: Double.self)[1] == 2.25)
    }

    @Test func withoutItThereIsNothing() throws {
        try Publisher.publish(experiment: Fabricated.experiment, runs: Fabricated.runs, stages: Fabricated.stages, to: folder.file("b.h5"))
        let plain = try PublishedFile(folder.file("b.h5"))
        #expect(try plain.drift == nil && File(folder.file("b.h5")).root.groupNames().sorted() == ["runs", "scores", "stages", "summary"])
        for recipe in Tables.recipes(of: plain) {
            let table = recipe.table(of: plain)
            #expect(!table.columns.contains { $0.name.hasPrefix("drift") || $0.name.hasPrefix("stability") } && !table.footer.joined().contains("drift"))
        }
        let names = try Plots.plots(of: plain).plots.map(\.name)
        #expect(!names.contains("drift") && !names.contains("gap"))
    }

    /// A file whose group has another shape is damaged.
    @Test func anotherShape() throws {
        var runs = Fabricated.drifted
        runs[0].drift[1]?.layers.removeLast()
        let error = #expect(throws: PublishError.self) { try Publisher.publish(experiment: Fabricated.experiment, runs: runs, to: folder.file("c.h5")) }
        #expect(error?.description == "run 'a0': found 1 in a row of drift, expected 2 layers, those of the base")
        runs = Fabricated.drifted
        runs[0].evaluations.scores.removeLast()
        #expect(throws: PublishError.self) { try Publisher.publish(experiment: Fabricated.experiment, runs: runs, to: folder.file("c.h5")) }
    }

    @Test func tables() throws {
        let summary = SummaryTable().table(of: file)
        func cell(_ table: Table, _ row: Int, _ name: String) -> Table.Cell? { table.columns.firstIndex { $0.name == name }.map { table.rows[row].cells[$0] } }
        // The base, that of the frozen arm, and the sequential arm.
        #expect(cell(summary, 0, "drift.alignment") == Table.Cell([1, 1]) && cell(summary, 0, "drift.weights") == Table.Cell([0, 0]))
        #expect(cell(summary, 1, "drift.rank") == .missing && cell(summary, 2, "drift.alignment") == Table.Cell([0.375, 0.5]))
        #expect(cell(summary, 2, "stability_gap_loss") == Table.Cell([0.5, 0.5]) && cell(summary, 3, "drift.divergence") == .missing)
        // What goes far is neither good nor bad; predictions that stay are better kept.
        #expect(TableColumns.drift.map { TableColumns.isLowerBetter($0) } == [true, nil, nil, nil])
        #expect(summary.footer.contains { $0.hasPrefix("drift: divergence") } && summary.footer.contains { $0.hasPrefix("stability_gap: the worst") })
        let stream = StreamTable().table(of: file)
        #expect(stream.columns.map(\.name).suffix(6) == ["drift.divergence", "drift.weights", "drift.alignment", "drift.rank", "cost.flops", "cost.seconds"])
        #expect(cell(stream, 2, "drift.weights") == Table.Cell([0.375, .nan]) && cell(stream, 3, "drift.rank") == Table.Cell([3.5, 5]))
        var definition = TableDefinition(name: "d")
        definition.columns = ["drift.*", "loss.law"]
        let defined = DefinedTable(definition).table(of: file)
        #expect(defined.columns.map(\.name).contains("drift.rank") && defined.footer.contains { $0.hasPrefix("drift:") } && !defined.footer.contains { $0.hasPrefix("stability") })
    }

    @Test func exported() throws {
        let paths = try Export.write(file, to: folder.file("out"))
        #expect(paths.map { $0.split(separator: "/").last } == ["runs.csv", "scores.csv", "curves.csv", "evaluations.csv", "drift.csv", "README.md"])
        func lines(_ place: Int) throws -> [String] { try String(contentsOfFile: paths[place], encoding: .utf8).components(separatedBy: "\r\n") }
        let drift = try lines(4)
        // Three rows of two layers, and two.
        #expect(drift.count == 6 + 4 + 2 && drift[0] == "run,trained,layer,divergence,weights,alignment,rank")
        #expect(drift[1] == "a0,0,0,0,0,1,0" && drift[3] == "a0,1,0,0.25,0.5,0.75,2" && drift[10] == "a1,2,1,0.75,1,0.75,6")
        #expect(try lines(3)[2] == "a0,law,5,law,3,0.25" && lines(3)[1] == "a0,law,5,general,3.5,")
        #expect(try lines(5).joined().contains("## drift.csv"))
    }

    @Test func driftByLayer() throws {
        let plot = try Plots.plot(named: "drift", of: file)
        // Means of two seeds at the end of the stream; half the interval is t(1) = 12.706 times half their difference.
        let rows = plot.body.components(separatedBy: "$weights0 << END_OF_DATA\n")[1].components(separatedBy: "\n").prefix(2)
            .map { $0.split(separator: " ").compactMap { Double($0) } }
        #expect(rows.map { $0[0] } == [0, 1] && rows.map { $0[1] } == [1.5, 0.75])
        #expect(abs(rows[0][3] - 1.5 - 12.706204736432095 * 0.5) < 1e-9 && abs(rows[1][2] - 0.75 + 12.706204736432095 * 0.25) < 1e-9)
        #expect(plot.description.contains("alignment with the base (linear CKA) of sequential, learning_rate=0.001: 0: 0.375 ± 1.588, 1: 0.5 ± 3.177"))
        #expect(!plot.body.contains("$weights1"))
        #expect(try Plots.plots(of: file).plots.map(\.name).prefix(5) == ["curves", "stream", "forgetting", "gap", "drift"])
    }

    /// What was known before law: general and, no task of that name, bio medicine. Before bio: law too.
    @Test func knownLossAlongTheStream() throws {
        let plot = try Plots.plot(named: "gap", of: file)
        let block = plot.body.components(separatedBy: "$known0 << END_OF_DATA\n")[1].components(separatedBy: "END_OF_DATA")[0]
        let rows = block.components(separatedBy: "\n").map { $0.split(separator: " ").compactMap { Double($0) } }
        // Seeds 0 and 1: bases 3 and 3.25 on general. Law has 20 steps, bio 10.
        let starts = (3 + 3.25 + 4.5 + 4.5) / 4, ends = [(3.5 + 2.25 + 2) / 3, (3.75 + 2.5 + 2.25) / 3]
        let expected: [[Double]] = [[0, starts], [5, (3.5 + 4.25) / 2], [15, 4], [20, (3.25 + 4) / 2], [], [20, (3.25 + 4 + 2.125) / 3], [25, (3.75 + 3 + 3.125) / 3], [30, (ends[0] + ends[1]) / 2], []]
        #expect(rows.count == expected.count)
        for (row, values) in zip(rows, expected) { #expect(row.count == (values.isEmpty ? 0 : 4) && zip(row, values).allSatisfy { abs($0 - $1) < 1e-12 }, "\(row)") }
        #expect(plot.body.contains("set arrow 1 from 20.0, graph 0") || plot.body.contains("$known1"))
        var definition = PlotDefinition(name: "g", .gap)
        definition.filter = ["arm": ["sequential"]]
        let own = try Plots.plot(definition, of: file)
        #expect(own?.body.contains("set arrow 1 from 20.0, graph 0") == true)
    }

    @Test(.enabled(if: PlotTests.hasGnuplot, "gnuplot is not installed")) func bothCanBeDrawn() async throws {
        for name in ["gap", "drift"] {
            #expect(String(decoding: try await Gnuplot.draw(Plots.plot(named: name, of: file), as: .svg), as: UTF8.self).contains("</svg>"))
        }
    }
}
