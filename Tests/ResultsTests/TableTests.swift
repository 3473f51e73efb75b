import Settings
import Testing

@testable import Results

@Suite struct TableTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    func table(_ recipe: some TableRecipe, _ runs: [RunRecord] = Fabricated.runs) throws -> Table {
        let path = folder.file("a.h5")
        try Publisher.publish(experiment: Fabricated.experiment, runs: runs, to: path)
        return recipe.table(of: try PublishedFile(path))
    }

    static let footer = #"""


        Mean ± half the 95 % interval (Student t) over n runs; n=1 has no interval; in a base row n counts base models.
        Loss: nats a token on held-out text, lower is better. Accuracy: share of questions answered rightly.
        With T tasks, BWT, FWT and forgetting are divided by T-1. Negative BWT means forgetting, for losses (sign turned) as for scores; so does positive forgetting.
        Costs are those of the stream, the base's training not counted: FLOPs and memory by the sizes of model and batch, seconds as measured.
        Arms differ in trained parameters (250 to 1000): a difference between them is not one of the method alone.

        """#

    @Test func summaryAsMarkdown() throws {
        let expected = #"""
            | arm            | strategy.blocks | train.learning_rate | parameters.added | parameters.trained |        loss.general |            loss.law |   loss.bio medicine | loss.code |    accuracy.law |                  OP |              BWT | cost.flops | cost.seconds | cost.memory |   n |
            | -------------- | --------------- | ------------------- | ---------------: | -----------------: | ------------------: | ------------------: | ------------------: | --------: | --------------: | ------------------: | ---------------: | ---------: | -----------: | ----------: | --: |
            | base           | —               | 0.001               |                0 |                  0 |     3.1250 ± 1.5883 |     4.1250 ± 1.5883 |     4.5000 ± 0.0000 |         — | 0.2500 ± 0.0000 |                   — |                — |          0 |          0.0 |           0 |   2 |
            | base of frozen | —               | —                   |                0 |                  0 |              3.0000 |                   — |                   — |    5.0000 |               — |                   — |                — |          0 |          0.0 |           0 |   1 |
            | sequential     | —               | 0.001               |                0 |               1000 |     3.6250 ± 1.5883 | **2.1250** ± 1.5883 | **2.3750** ± 1.5883 |         — | 0.5000 ± 0.0000 | **0.5000** ± 0.0000 | -0.3750 ± 1.5883 |   3.00e+09 |          1.5 |      1.5 MB |   2 |
            | expansion \| 2 | 2               | 0.001               |              250 |                250 | **3.0000** ± 0.0000 |     2.6250 ± 1.5883 |        2.5000 (n=1) |         — | 0.5000 ± 0.0000 | **0.5000** ± 0.0000 | **0.1250** (n=1) |   3.00e+09 |          1.5 |      1.5 MB |   2 |
            | frozen         | —               | —                   |                0 |                  0 |          **3.0000** |                   — |                   — |    5.0000 |               — |              0.2500 |                — |          0 |          0.0 |           0 |   1 |
            """#
        #expect(MarkdownFormat().text(of: try table(SummaryTable())) == expected + TableTests.footer)
    }

    @Test func streamAsMarkdown() throws {
        let expected = #"""
            | arm            | strategy.blocks | train.learning_rate | step | task | parameters.added | parameters.trained |    loss.general |        loss.law | loss.bio medicine | loss.code | cost.flops | cost.seconds |   n |
            | -------------- | --------------- | ------------------- | ---: | ---- | ---------------: | -----------------: | --------------: | --------------: | ----------------: | --------: | ---------: | -----------: | --: |
            | base           | —               | 0.001               |    0 | —    |                0 |                  0 | 3.1250 ± 1.5883 | 4.1250 ± 1.5883 |   4.5000 ± 0.0000 |         — |          0 |          0.0 |   2 |
            | base of frozen | —               | —                   |    0 | —    |                0 |                  0 |          3.0000 |               — |                 — |    5.0000 |          0 |          0.0 |   1 |
            | sequential     | —               | 0.001               |    1 | law  |                0 |               1000 | 3.2500 ± 0.0000 | 2.1250 ± 0.0000 |   4.0000 ± 0.0000 |         — |   1.00e+09 |          1.0 |   2 |
            | sequential     | —               | 0.001               |    2 | bio  |                0 |               1000 | 3.6250 ± 1.5883 | 2.1250 ± 1.5883 |   2.3750 ± 1.5883 |         — |   3.00e+09 |          1.5 |   2 |
            | expansion \| 2 | 2               | 0.001               |    1 | law  |              250 |                250 | 3.2500 ± 0.0000 | 2.1250 ± 0.0000 |   4.0000 ± 0.0000 |         — |   1.00e+09 |          1.0 |   2 |
            | expansion \| 2 | 2               | 0.001               |    2 | bio  |              250 |                250 | 3.0000 ± 0.0000 | 2.6250 ± 1.5883 |      2.5000 (n=1) |         — |   3.00e+09 |          1.5 |   2 |
            | frozen         | —               | —                   |    1 | code |                0 |                  0 |          3.0000 |               — |                 — |    5.0000 |          0 |          0.0 |   1 |
            """#
        #expect(MarkdownFormat().text(of: try table(StreamTable())) == expected + TableTests.footer)
    }

    @Test func summaryAsCSV() throws {
        let expected = """
            arm,strategy.blocks,train.learning_rate,parameters.added,parameters.trained,loss.general.mean,loss.general.low,loss.general.high,loss.general.n,loss.law.mean,loss.law.low,loss.law.high,loss.law.n,loss.bio medicine.mean,loss.bio medicine.low,loss.bio medicine.high,loss.bio medicine.n,accuracy.law.mean,accuracy.law.low,accuracy.law.high,accuracy.law.n,OP.mean,OP.low,OP.high,OP.n,BWT.mean,BWT.low,BWT.high,BWT.n,cost.flops,cost.seconds,cost.memory
            base,,,0,0,3.125,1.5367244079781703,4.71327559202183,2,4.125,2.5367244079781703,5.71327559202183,2,4.5,4.5,4.5,2,0.25,0.25,0.25,2,,,,0,,,,0,0,0,0
            sequential,,0.001,0,1000,3.625,2.0367244079781703,5.21327559202183,2,2.125,0.5367244079781703,3.7132755920218297,2,2.375,0.7867244079781703,3.9632755920218297,2,0.5,0.5,0.5,2,0.5,0.5,0.5,2,-0.375,-1.9632755920218297,1.2132755920218297,2,3000000000,1.5,1500000
            expansion | 2,2,0.001,250,250,3,3,3,2,2.625,1.0367244079781703,4.21327559202183,2,2.5,,,1,0.5,0.5,0.5,2,0.5,0.5,0.5,2,0.125,,,1,3000000000,1.5,1500000

            """
        #expect(CSVFormat().text(of: try table(SummaryTable(), Array(Fabricated.runs[..<4]))) == TableTests.csv(expected))
    }

    @Test func notesStandInTheFooter() throws {
        let path = folder.file("noted.h5")
        var experiment = Fabricated.experiment
        experiment.notes = ["top: copies of the last block", "Größe"]
        try Publisher.publish(experiment: experiment, runs: Fabricated.runs, to: path)
        let file = try PublishedFile(path)
        #expect(file.experiment == experiment)
        #expect(SummaryTable().table(of: file).footer.suffix(2) == ["top: copies of the last block", "Größe"])
        #expect(StreamTable().table(of: file).footer.suffix(2) == ["top: copies of the last block", "Größe"])
    }

    @Test func metricsHaveEveryMetricAndNoLosses() throws {
        let names = try table(MetricsTable()).columns.map(\.name)
        let costs = ["cost.flops", "cost.seconds", "cost.memory"]
        #expect(names == ["arm", "strategy.blocks", "train.learning_rate", "parameters.added", "parameters.trained", "OP", "BWT", "forgetting"] + costs)
    }

    @Test func aMetricThatNoRunHasIsLeftOut() throws {
        let runs = Fabricated.runs.map { run in
            var run = run
            run.metrics = run.metrics.map { ($0.name, $0.name == "BWT" ? .nan : $0.value) }
            return run
        }
        let names = try table(SummaryTable(), runs).columns.map(\.name)
        #expect(names.contains("OP") && !names.contains("BWT"))
    }

    @Test func streamAsCSV() throws {
        let expected = """
            arm,strategy.blocks,train.learning_rate,step,task,parameters.added,parameters.trained,loss.general.mean,loss.general.low,loss.general.high,loss.general.n,loss.law.mean,loss.law.low,loss.law.high,loss.law.n,loss.bio medicine.mean,loss.bio medicine.low,loss.bio medicine.high,loss.bio medicine.n,cost.flops,cost.seconds
            base,,,0,,0,0,3.125,1.5367244079781703,4.71327559202183,2,4.125,2.5367244079781703,5.71327559202183,2,4.5,4.5,4.5,2,0,0
            sequential,,0.001,1,law,0,1000,3.25,3.25,3.25,2,2.125,2.125,2.125,2,4,4,4,2,1000000000,1
            sequential,,0.001,2,bio,0,1000,3.625,2.0367244079781703,5.21327559202183,2,2.125,0.5367244079781703,3.7132755920218297,2,2.375,0.7867244079781703,3.9632755920218297,2,3000000000,1.5

            """
        #expect(CSVFormat().text(of: try table(StreamTable(), Array(Fabricated.runs[..<2]))) == TableTests.csv(expected))
    }

    /// Lines as RFC 4180 ends them.
    static func csv(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\r\n")
    }

    @Test func oneSeedHasNoInterval() throws {
        let table = try table(SummaryTable(), [Fabricated.runs[0]])
        #expect(table.rows.map(\.count) == [1, 1])
        #expect(!MarkdownFormat().text(of: table).split(separator: "\n")[..<4].joined().contains("±"))
        #expect(table.rows[1].cells.contains(.estimate(try #require(Estimate([3.5])))))
    }

    @Test func aSharedBaseIsCountedOnce() throws {
        // Same base whatever the seed: three arms' worth of runs, one base model.
        let runs = Fabricated.runs[..<4].map { run in
            var run = run
            run.losses[0] = [3, 4, 4.5]
            run.stages[0] = "base"
            return run
        }
        let table = try table(SummaryTable(), runs)
        #expect(table.rows.map(\.count) == [1, 2, 2])
        #expect(table.rows[0].cells[0] == .text("base"))
    }

    @Test func sweptBasesHaveRowsOfTheirOwn() throws {
        // Two sizes of the base, two arms on each; then one arm on each.
        func run(_ id: String, _ size: Int, _ arm: String) -> RunRecord {
            var run = Fabricated.runs[0]
            run.id = id
            run.axes = [("base.model.hidden_size", .integer(size)), ("arm", .string(arm)), ("seed", 0)]
            run.losses[0] = [Double(size), 4, 4]
            run.stages = ["base \(size)", "\(id) 1", "\(id) 2"]
            return run
        }
        let runs = [run("a", 64, "lora"), run("b", 64, "full"), run("c", 128, "lora"), run("d", 128, "full")]
        let both = try table(SummaryTable(), runs)
        #expect(both.rows.map { Array($0.cells[..<2]) } == [
            [.text("64"), .text("base")], [.text("128"), .text("base")],
            [.text("64"), .text("lora")], [.text("64"), .text("full")], [.text("128"), .text("lora")], [.text("128"), .text("full")],
        ])
        let one = try table(SummaryTable(), [runs[0], runs[2]])
        #expect(one.rows.map { Array($0.cells[..<2]) } == [
            [.text("base of 64"), .text("lora")], [.text("base of 128"), .text("lora")],
            [.text("64"), .text("lora")], [.text("128"), .text("lora")],
        ])
    }

    @Test func armsThatMeetLateShareOneBase() throws {
        // The third arm has the bases of the first two.
        func run(_ id: String, _ arm: String, _ seed: Int, base: Double) -> RunRecord {
            var run = Fabricated.runs[0]
            run.id = id
            run.axes = [("arm", .string(arm)), ("seed", .integer(seed))]
            run.losses[0] = [base, 4, 4]
            run.stages = ["base \(base)", "\(id) 1", "\(id) 2"]
            return run
        }
        let table = try table(
            SummaryTable(), [run("a", "x", 0, base: 1), run("b", "y", 1, base: 2), run("c", "z", 0, base: 1), run("d", "z", 1, base: 2)])
        #expect(table.rows.map { $0.cells[0] } == [.text("base"), .text("x"), .text("y"), .text("z")])
        #expect(table.rows.map(\.count) == [2, 1, 1, 2])
    }

    @Test func withoutAxesTheStrategyNamesTheRow() throws {
        var run = Fabricated.runs[0]
        run.axes = [("seed", 0)]
        let table = try table(SummaryTable(), [run])
        #expect(table.columns[0].name == "strategy")
        #expect(table.rows.map { $0.cells[0] } == [.text("base"), .text("sequential")])
    }

    @Test func textThatFormatsMustQuote() {
        let table = Table(
            columns: [.init("a,b", .label), .init("x", .estimate), .init("count", .count)],
            rows: [
                .init([.text("say \"hi\""), .init([1e-9, 1e-9]), .number(12_345_678)], count: 2),
                .init([.text("two\nlines | \\"), .init([-0.00001]), .number(0.5)], count: 1),
                .init([.text("plain"), .init([.infinity]), .missing], count: 1),
            ], footer: [])
        let csv = [
            "\"a,b\",x.mean,x.low,x.high,x.n,count", "\"say \"\"hi\"\"\",1e-09,1e-09,1e-09,2,12345678",
            "\"two\nlines | \\\",-1e-05,,,1,0.5", "plain,inf,,,1,", "",
        ]
        #expect(CSVFormat().text(of: table) == csv.joined(separator: "\r\n"))
        let markdown = [
            #"| a,b             |               x |    count |   n |"#, #"| --------------- | --------------: | -------: | --: |"#,
            #"| say "hi"        | 0.0000 ± 0.0000 | 12345678 |   2 |"#, #"| two lines \| \\ |          0.0000 |   0.5000 |   1 |"#,
            #"| plain           |             inf |        — |   1 |"#, "",
        ]
        #expect(MarkdownFormat().text(of: table) == markdown.joined(separator: "\n"))
    }

    @Test func tablesAndFormatsByName() throws {
        let path = folder.file("a.h5")
        try Publisher.publish(experiment: Fabricated.experiment, runs: Fabricated.runs, to: path)
        let file = try PublishedFile(path)
        for recipe in Tables.recipes {
            #expect(try Tables.recipe(named: recipe.name, of: file).name == recipe.name)
            #expect(recipe.table(of: file).name == recipe.name)
        }
        #expect(try Tables.recipe(named: nil, of: file).name == "summary")
        for format in Tables.formats { #expect(try Tables.format(named: format.name).name == format.name) }
        let table = #expect(throws: SettingsError.self) { try Tables.recipe(named: "sumary", of: file) }
        #expect(table?.description == "table: found 'sumary', expected one of summary, stream, metrics, front; did you mean 'summary'?")
        let format = #expect(throws: SettingsError.self) { try Tables.format(named: "pdf") }
        #expect(format?.description.hasPrefix("format: found 'pdf', expected one of markdown, csv, latex, html, json") == true)
    }
}
