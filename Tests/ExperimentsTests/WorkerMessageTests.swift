import Settings
import Testing
import Training

@testable import Experiments

@Suite struct WorkerMessageTests {
    private let point = CurvePoint(step: 3, loss: 0.1 + 0.2, learningRate: 1e-3, gradientNorm: 12.5, tokens: 4096, seconds: 0.25)

    @Test func messagesComeAsTheyWere() throws {
        let messages: [WorkerMessage] = [
            .began, .trained(point, steps: 7), .finished(seconds: 1.0 / 3), .failed("a: found \"b\"\nand a line\u{2028}more, 40 °C"),
            .unwritable(StoreError("some/file", "cannot be written: No space left on device", errorNumber: nil)), .note("goes on"), .held, .interrupted,
        ]
        for message in messages {
            #expect(!message.line.contains("\n"))
            #expect(try WorkerMessage(line: message.line) == message)
        }
        #expect(messages.map(\.isLast) == [false, false, true, true, true, false, true, true])
    }

    @Test func ordersComeAsTheyWere() throws {
        let source = ExperimentSource(file: "e.yaml", text: "name: x # é\n", words: ["seed=0,1", "data=a b"], dataFolder: nil)
        var other = source
        other.dataFolder = "some/where"
        for order in [WorkOrder.experiment(source), .experiment(other), .stage(key: "abc", threads: 3), .stage(key: "abc", threads: 1, dead: "t"), .stop] {
            #expect(!order.line.contains("\n"))
            #expect(try WorkOrder(line: order.line) == order)
        }
    }

    @Test(arguments: ["", "hello", "{}", "[]", "{\"event\":\"nothing\"}", "{\"event\":\"trained\",\"step\":1}", "{\"event\":\"failed\"}", "{\"event\":\"began\""])
    func otherLinesAreRefused(line: String) {
        #expect(throws: WorkerError.self) { try WorkerMessage(line: line) }
        #expect(throws: WorkerError.self) { try WorkOrder(line: line) }
    }

    @Test(arguments: ["{\"stage\":\"a\"}", "{\"stage\":\"a\",\"threads\":0}", "{\"experiment\":{\"file\":\"e.yaml\"}}"])
    func incompleteOrdersAreRefused(line: String) {
        #expect(throws: WorkerError.unreadable(line)) { try WorkOrder(line: line) }
    }

    /// The experiment that another process makes has the same stages.
    @Test func anExperimentComesOfItsSource() throws {
        let text = try TinyExperiment.changed(TinyExperiment.sequential, [("{generated: arithmetic,", "{generated: arithmetic, seed: 3,")])
        let experiment = try Experiment(ExperimentDocument(text: text, file: "e.yaml"), words: ["seed=0,1", "train.steps=3"], dataFolder: "ignored")
        let again = try experiment.source.experiment()
        func keys(_ experiment: Experiment) throws -> [String] { try StageGraph(experiment, family: TinyExperiment.family).stages.map(\.key) }
        #expect(try keys(again) == keys(experiment))
        #expect(again.source == experiment.source && experiment.source.words == ["seed=0,1", "train.steps=3"])
    }

    @Test func endsAreDescribed() {
        #expect(WorkerEnd(.status(3)).description == "ended with exit status 3")
        #expect(WorkerEnd(.signal(15), lastWords: ["a", "b"]).description == "was ended by SIGTERM; its last words: a / b")
        #expect(WorkerEnd(.signal(9)).description == "was ended by SIGKILL (the system sends it when memory runs out)")
        #expect(WorkerEnd(.signal(60)).description == "was ended by signal 60")
    }
}
