import Foundation
import Testing

@testable import Results

@Suite struct ExportTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func rowsOfEachFile() throws {
        try Publisher.publish(experiment: Fabricated.experiment, runs: Fabricated.runs, to: folder.file("a.h5"))
        let paths = try Export.write(try PublishedFile(folder.file("a.h5")), to: folder.file("out"))
        #expect(paths == ["runs.csv", "scores.csv", "curves.csv", "evaluations.csv", "README.md"].map { folder.file("out") + "/" + $0 })
        let lines = try paths.map { try String(contentsOfFile: $0, encoding: .utf8).components(separatedBy: "\r\n") }
        #expect(lines[0].count == 5 + 2 && lines[0][0].hasPrefix("run,arm,strategy.blocks,seed,train.learning_rate,strategy,parameters.base,"))
        #expect(lines[0][3].hasPrefix("b0,expansion | 2,2,0,0.001,expansion | 2,1000,250,250,3000000000,1.5,1500000,3,2.5,2.5,,1.5,1.25,1.25,,0.5,0.5,0.125,-0.125"))
        // Three rows of three domains in four runs but for one that is missing, two rows of two domains in one.
        #expect(lines[1].count == 4 * 9 - 1 + 4 + 2)
        #expect(lines[1][2] == "a0,0,,law,base 0,4,2,0.25,7,0.25,9000000000,9" && lines[1][4] == "a0,1,law,general,a0 law,3.25,1.625,,7,,1000000000,1")
        #expect(lines[2].count == 4 * 3 + 2 && lines[2][3] == "a0,bio,10,3,0.001,,300,1.5")
        #expect(lines[3].count == 4 * 6 + 2 && lines[3][1] == "a0,law,20,general,3.25")
        #expect(lines[4].joined().contains("| OP | number |  | mean over tasks i of R[T][i]; divisor T |"))
        #expect(lines[4].joined().contains("| loss.bio medicine | number | nats/token | held-out loss on bio medicine at the end of the stream |"))
    }
}
