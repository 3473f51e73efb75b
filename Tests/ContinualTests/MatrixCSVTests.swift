import Continual
import Foundation
import Kernels
import Testing

@Suite struct MatrixCSVTests {
    private static func same(_ a: ScoreMatrix, _ b: ScoreMatrix) -> Bool {
        a.tasks == b.tasks && a.measure == b.measure
            && zip(a.rows, b.rows).allSatisfy { zip($0, $1).allSatisfy { $0 == $1 || ($0.isNaN && $1.isNaN) } }
    }

    static let expected = ScoreMatrix(tasks: ["law", "code"], rounds: [[0.61, .nan], [0.55, 0.47]])
    static let expectedWithBase = ScoreMatrix(tasks: ["law", "code"], base: [0.1, 0.2], rounds: [[0.61, .nan], [0.55, 0.47]])

    @Test(arguments: [
        "law,code\n0.61,\n0.55,0.47\n", "law,code\r\n0.61,\r\n0.55,0.47", "\u{feff}law,code\n0.61,\n\n  \n0.55,0.47\n\n",
        "\"law\" , code\n \"0.61\",nan\n.55,4.7e-1\n",
        ",law,code\n0,0.61,\n1,0.55,0.47\n", "round,law,code\nlaw,0.61,NA\ncode,0.55,0.47\n",
        "Trained,law,code\nafter first,0.61,\n\"after\nsecond\",0.55,0.47\n",
    ])
    func reads(text: String) throws {
        #expect(Self.same(try MatrixCSV.matrix(text, file: "m.csv"), Self.expected))
    }

    @Test(arguments: [
        "law,code\n0.1,0.2\n0.61,\n0.55,0.47\n", "round,law,code\nbase,0.1,0.2\n1,0.61,\n2,0.55,0.47\n",
        "model,law,code\nBase,0.1,0.2\nx,0.61,\ny,0.55,0.47\n",
        ",law,code\n0,0.1,0.2\n1,0.61,\n2,0.55,0.47\n",
    ])
    func readsTheBase(text: String) throws {
        #expect(Self.same(try MatrixCSV.matrix(text, file: "m.csv"), Self.expectedWithBase))
    }

    @Test func theComparatorSeesDifferences() {
        #expect(Self.same(Self.expected, Self.expected))
        #expect(!Self.same(Self.expected, Self.expectedWithBase))
        #expect(!Self.same(Self.expected, ScoreMatrix(tasks: ["law", "code"], rounds: [[0.61, 0], [0.55, 0.47]])))
        #expect(!Self.same(Self.expected, ScoreMatrix(tasks: ["law", "cod"], rounds: [[0.61, .nan], [0.55, 0.47]])))
    }

    @Test func namesMayHoldCommasAndQuotes() throws {
        let matrix = try MatrixCSV.matrix("\"law, \"\"old\"\"\",1\n1,2\n3,4\n", file: "m", measure: .loss)
        #expect(matrix.tasks == ["law, \"old\"", "1"])
        #expect(matrix.measure == .loss)
        #expect(matrix.rows[2] == [3, 4])
    }

    @Test func goldenMatrixThroughText() throws {
        let scores = GoldenMatrix.all[0].scores
        let lines =
            [scores.tasks.joined(separator: ",")]
            + scores.rows.dropFirst().map { $0.map { $0.isNaN ? "" : "\($0)" }.joined(separator: ",") }
        #expect(Self.same(try MatrixCSV.matrix(lines.joined(separator: "\n"), file: "m"), scores))
    }

    @Test(arguments: [
        ("", "m: found nothing in it, expected a header of task names and rows of scores"),
        ("\n\n", "m: found nothing in it"),
        ("a,b\n", "m:1:1: found a header and no rows, expected a row a round below it"),
        ("round\n1\n", "m:1:1: found a header without tasks, expected the names of the tasks"),
        ("a,,b\n1,2,3\n", "m:1:3: found an empty name, expected the name of a task"),
        ("a,b,a\n1,2,3\n", "m:1:5: found the task 'a' a second time, expected each once"),
        ("a;b\n1;2\n", "m:1:1: found ';' between cells, expected commas"),
        ("a\tb\n1\t2\n", "m:1:1: found 'tab' between cells, expected commas"),
        ("0.5,0.4\n0.3,0.2\n", "m:1:1: found numbers in the first line, expected a header of task names"),
        ("a,b\n1,x\n2,3\n", "m:2:3: found 'x', expected a number, or nothing where none was measured"),
        ("a,b\n1,2\n3,48%\n", "m:3:3: found '48%', expected a number"),
        ("a,b\n1,inf\n2,3\n", "m:2:3: found 'inf', expected a number"),
        ("a,b\n1,0x10\n2,3\n", "m:2:3: found '0x10', expected a number"),
        ("a,b\n1,1e999\n2,3\n", "m:2:3: found '1e999', expected a number"),
        (
            "model,a,b\nx,1,2\ny,3,4\n",
            "m:2:1: found 'x', expected a number, or nothing where none was measured; a first column of labels has the header 'round'"
        ),
        ("a,b\n0,5,0,4\n1,2\n", "m:2:5: found a row of 4 cells, expected 2, as in the header; numbers have a decimal point"),
        (
            "a,b\n1\n1,2\n",
            "m:2:1: found a row of 1 cell, expected 2, as in the header; cells that were not measured stay empty between their commas"
        ),
        ("a,b\n1,2\n", "m:2:1: found 1 round of 2 tasks, expected a row a round, 2, and before them the base's if it was measured"),
        ("a,b\n1,2\n1,2\n1,2\n1,2\n", "m:5:1: found 4 rounds of 2 tasks"),
        ("round,a,b\nbase,1,2\n1,1,2\n", "m:3:1: found 1 round of 2 tasks"),
        ("round,a,b\n1,1,2\nbase,1,2\n", "m:3:1: found the row of the base here, expected it first"),
        (
            "round,a,b\nb,1,2\na,1,2\n",
            "m:2:1: found the round of 'b', expected that of 'a'; columns stand in the order in which the tasks were trained"
        ),
        ("a,\"b\n1,2\n", "m:1:3: found a quote that is not closed, expected a closing one"),
        (
            "a,\"b\"c\n1,2\n",
            "m:1:6: found text after a closing quote, expected a comma or the end of the line; a quote inside of quotes is doubled"
        ),
        ("a,b\n1,2\"\n", "m:2:4: found a quote inside of a cell, expected quotes around the whole cell"),
        ("é,\"x\ny\",c\n1,2,z\n", "m:3:5: found 'z'"),
    ])
    func refuses(text: String, message: String) {
        let error = #expect(throws: CSVError.self) { try MatrixCSV.matrix(text, file: "m") }
        #expect(error?.description.hasPrefix(message) == true, "\(error?.description ?? "")")
    }

    @Test(arguments: ["a,b\n1,2\n", "b,a\n2,1\n", "1,2\n", "round,a,b\nrandom,1,2\n"])
    func readsRows(text: String) throws {
        #expect(try MatrixCSV.row(text, file: "r", tasks: ["a", "b"]) == [1, 2])
    }

    @Test func readsRowsOfNumberedTasksAndMissingCells() throws {
        #expect(try MatrixCSV.row("1,2\n3,4\n", file: "r", tasks: ["1", "2"]) == [3, 4])
        let row = try MatrixCSV.row(",2\n", file: "r", tasks: ["a", "b"])
        #expect(row[0].isNaN)
        #expect(row[1] == 2)
    }

    @Test(arguments: [
        ("", "r: found nothing in it"), ("1,2,3\n", "r:1:1: found 3 scores, expected 2, one a task of the matrix (law, code)"),
        ("law,cod\n1,2\n", "r:1:1: found no column 'code', expected a column for every task of the matrix"),
        ("law,code,cod\n1,2,3\n", "r:1:10: found a column 'cod', expected the tasks of the matrix (law, code); did you mean 'code'?"),
        ("law,code\n1,2\n3,4\n", "r:3:1: found 2 rows, expected one row below the header"),
        ("law,code\n", "r:1:1: found 0 rows, expected one row"),
        ("law,code\n1,x\n", "r:2:3: found 'x', expected a number"),
    ])
    func refusesRows(text: String, message: String) {
        let error = #expect(throws: CSVError.self) { try MatrixCSV.row(text, file: "r", tasks: ["law", "code"]) }
        #expect(error?.description.hasPrefix(message) == true, "\(error?.description ?? "")")
    }

    @Test func readsFiles() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("matrix-csv-\(UInt64.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appendingPathComponent("m.csv")
        func message(_ path: String) -> String? {
            #expect(throws: CSVError.self) { try MatrixCSV.matrix(contentsOf: path) }?.description
        }
        #expect(message(file.path) == "\(file.path): found no such file, expected a CSV file")
        #expect(message(folder.path) == "\(folder.path): found a folder, expected a CSV file")
        try Data([0x61, 0xff]).write(to: file)
        #expect(message(file.path) == "\(file.path): found bytes that are not UTF-8, expected text in UTF-8")
        try Data("law,code\n0.61,\n0.55,0.47\n".utf8).write(to: file)
        #expect(Self.same(try MatrixCSV.matrix(contentsOf: file.path), Self.expected))
        try Data("0.1,0.2\n".utf8).write(to: file)
        #expect(try MatrixCSV.row(contentsOf: file.path, tasks: ["law", "code"]) == [0.1, 0.2])
    }

    /// Changed at random, a file is read or refused; what was read has metrics or reasons, and JSON.
    @Test func mutatedTextIsReadOrRefused() {
        var random = RandomStream(seed: 1, "csv fuzz")
        let seed = Array("round,law,\"co,de\",med\nbase,0.1,0.2,0.3\n1,0.61,,\n2,0.55,0.47,nan\r\n3,.5,4e-1,\"0.7\"\n".unicodeScalars)
        var readCount = 0
        for _ in 0..<3_000 {
            var scalars = seed
            for _ in 0...random.below(3) {
                let place = random.below(scalars.count)
                switch random.below(4) {
                case 0: scalars[place] = random.pick(Array(",\"\n\r 0.e-+x\u{feff}\u{0}é".unicodeScalars))
                case 1: scalars.remove(at: place)
                case 2: scalars.insert(random.pick(Array(",\"\n\r1e9".unicodeScalars)), at: place)
                default:
                    scalars.insert(
                        contentsOf: scalars[place..<min(place + random.below(12), scalars.count)], at: random.below(scalars.count))
                }
            }
            let text = scalars.reduce(into: "") { $0.unicodeScalars.append($1) }
            if let matrix = try? MatrixCSV.matrix(text, file: "m") {
                readCount += 1
                #expect(MetricReport(matrix, random: matrix.rows[0], joint: matrix.rows[1]).json.canonicalJSON.hasPrefix("{\"AIA\":"))
            }
            _ = try? MatrixCSV.row(text, file: "r", tasks: ["law", "co,de", "med"])
        }
        #expect((200..<2_800).contains(readCount))
    }
}
