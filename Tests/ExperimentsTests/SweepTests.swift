import Experiments
import Settings
import Testing

@Suite struct SweepTests {
    private func points(_ text: String, _ words: [String] = []) throws -> [SweepPoint] {
        var document = try ExperimentDocument(text: text, file: "e")
        try document.apply(Override.parse(words).overrides)
        return try Sweep(document).points
    }

    private func message(_ text: String, _ words: [String] = []) -> String {
        do {
            return "\(try points(text, words).count) runs"
        } catch {
            return "\(error)"
        }
    }

    static let sweep = """
        name: block-count
        train: {steps: 10, batch_size: 2}
        strategy: {kind: sequential, note: x}
        sweep:
          arms:
            - {strategy: {kind: sequential}}
            - {strategy: {kind: lora, r: 8}}
            - strategy: {kind: block-expansion, position: top}
              train: {steps: 20}
              grid: {strategy.blocks: [2, 1]}
          grid: {zeta: [a, b], seed: [0, 1]}
        """

    @Test func armsThenTheirGridsThenTheGlobalGridInTheOrderOfTheFile() throws {
        let points = try points(Self.sweep)
        #expect(points.count == 16)
        #expect(
            points.map(\.label)[..<9] == [
                "arm=sequential, zeta=a, seed=0", "arm=sequential, zeta=a, seed=1", "arm=sequential, zeta=b, seed=0",
                "arm=sequential, zeta=b, seed=1",
                "arm=lora, zeta=a, seed=0", "arm=lora, zeta=a, seed=1", "arm=lora, zeta=b, seed=0", "arm=lora, zeta=b, seed=1",
                "arm=block-expansion, strategy.blocks=2, zeta=a, seed=0",
            ])
        #expect(
            points[15].axes == [
                .init(name: "arm", value: "block-expansion"), .init(name: "strategy.blocks", value: 1), .init(name: "zeta", value: "b"),
                .init(name: "seed", value: 1),
            ])
        #expect(
            points[0].root == [
                "name": "block-count", "train": ["steps": 10, "batch_size": 2], "strategy": ["kind": "sequential", "note": "x"],
                "zeta": "a", "seed": 0,
            ])
        #expect(points[4].root["strategy"] == ["kind": "lora", "r": 8])
        #expect(
            points[15].root == [
                "name": "block-count", "train": ["steps": 20, "batch_size": 2],
                "strategy": ["kind": "block-expansion", "position": "top", "blocks": 1], "zeta": "b", "seed": 1,
            ])
    }

    @Test func withoutASweepThereIsOneRun() throws {
        for text in ["name: x\n", "name: x\nsweep:\n", "name: x\nsweep: {}\n", "name: x\nsweep: {arms: null, grid: }\n"] {
            let points = try points(text)
            #expect(points.count == 1)
            #expect(points[0].axes.isEmpty)
            #expect(points[0].label == "")
            #expect(points[0].root == ["name": "x"])
        }
    }

    @Test func gridAloneAndArmsAlone() throws {
        #expect(
            try points("sweep: {grid: {seed: [3, 1], train.steps: [1]}}").map(\.label) == [
                "seed=3, train.steps=1", "seed=1, train.steps=1",
            ])
        #expect(try points("sweep: {arms: [{seed: 1}, {seed: 2}]}").map(\.label) == ["arm=seed=1", "arm=seed=2"])
    }

    private func labels(_ arms: String) throws -> [String] {
        try points("sweep: {arms: [\(arms)]}").map { $0.axes[0].value.asString ?? "" }
    }

    @Test func armsAreNamedByWhatTheyDifferIn() throws {
        #expect(try labels("{name: base}, {strategy: {kind: lora}}") == ["base", "lora"])
        #expect(
            try labels(
                "{strategy: {kind: lora, r: 8, lora_alpha: 16}}, {strategy: {kind: lora, r: 16, lora_alpha: 16}}, {strategy: {kind: frozen}}"
            )
                == ["lora r=8", "lora r=16", "frozen"])
        #expect(
            try labels("{train: {steps: 5}, seed: 1}, {train: {steps: 6}, seed: 1}, {}") == [
                "train.steps=5 seed=1", "train.steps=6 seed=1", "default",
            ])
        #expect(try labels("{strategy: {kind: lora}}, {strategy: {kind: lora}, train: {a: [1, x]}}") == ["lora", "lora train.a=[1,\"x\"]"])
        #expect(try labels("{name: lora, a: 1}, {strategy: {kind: lora}}") == ["lora", "lora #2"])
        #expect(
            try labels("{strategy: {kind: e}, grid: {b: [1]}}, {strategy: {kind: e}, grid: {c: [1]}}") == ["e", "e #2"])
    }

    @Test(arguments: [
        ("sweep: 5", "e:1:8: sweep: found 5, expected a mapping"),
        ("sweep: {grids: {}}", "e:1:9: sweep.grids: found an unknown key 'grids', expected one of arms, grid, sample; did you mean 'grid'?"),
        ("sweep: {arms: []}", "e:1:15: sweep.arms: found a list of 0, expected a list of 1 to 1000"),
        ("sweep: {arms: [5]}", "e:1:16: sweep.arms[0]: found 5, expected a mapping"),
        ("sweep: {arms: [{name: 5}]}", "e:1:23: sweep.arms[0].name: found 5, expected a name for the arm"),
        (
            "sweep: {arms: [{name: a}, {name: a, b: 1}]}",
            "e:1:34: sweep.arms[1].name: found the arm 'a' a second time, expected each name once"
        ),
        ("sweep: {arms: [{sweep: {}}]}", "e:1:17: sweep.arms[0].sweep: found a sweep inside an arm, expected 'grid' here"),
        ("sweep: {arms: [{grid: {arm: [1]}}]}", "e:1:24: sweep.arms[0].grid.arm: found an axis 'arm', expected another name"),
        ("sweep: {arms: [{grid: 7}]}", "e:1:23: sweep.arms[0].grid: found 7, expected a mapping of axes"),
        ("sweep: {grid: [1]}", "e:1:15: sweep.grid: found a list of 1, expected a mapping of axes"),
        ("sweep: {grid: {seed: 5}}", "e:1:22: sweep.grid.seed: found 5, expected a list of values; one value is written [5]"),
        ("sweep: {grid: {seed: }}", "e:1:22: sweep.grid.seed: found nothing, expected a list of values"),
        ("sweep: {grid: {seed: []}}", "e:1:22: sweep.grid.seed: found an axis without values, expected at least one; leave the axis out"),
        ("sweep: {grid: {seed: [1, 2, 1.0]}}", "e:1:29: sweep.grid.seed[2]: found 1.0 a second time, expected each value once"),
        ("sweep: {grid: {a: [[1], [1]]}}", "e:1:25: sweep.grid.a[1]: found [1] a second time"),
        (
            "sweep: {grid: {a..b: [1]}}",
            "e:1:22: sweep.grid.a..b: found the axis 'a..b', expected the dotted path of a setting, such as strategy.blocks"
        ),
        ("sweep: {grid: {\"\": [1]}}", "e:1:20: sweep.grid.: found the axis ''"),
        ("sweep: {grid: {sweep.grid: [1]}}", "e:1:28: sweep.grid.sweep.grid: found the axis 'sweep.grid'"),
        (
            "sweep: {arms: [{grid: {a: [1]}}], grid: {a: [2]}}",
            "e:1:42: sweep.grid.a: found the axis 'a' also in 'grid' of an arm, expected one axis for a setting"
        ),
        ("sweep: {grid: {a.b: [1], a: [2]}}", "e:1:26: sweep.grid.a: found the axis 'a' beside 'a.b', expected one axis for a setting"),
        (
            "a: [1]\nsweep: {grid: {a.b: [1]}}",
            "e:2:21: sweep.grid.a.b: found an axis into a list of 1 ('a'), expected a mapping with a key 'b'"
        ),
        (
            "sweep: {arms: [{name: a, s: 1}, {name: b, s: 1}]}",
            "e:1:33: sweep.arms[1]: found the run 'arm=b' that is the same as 'arm=a', expected runs that differ"
        ),
        ("sweep: {grid: {a: [1, 2, 3], b: [1, 2, 3]}}", "9 runs"),
    ])
    func refuses(text: String, message: String) {
        #expect(self.message(text).hasPrefix(message), "\(self.message(text))")
    }

    @Test func tooManyRunsAreRefusedWithoutMakingThem() {
        let axis = "[" + (0..<200).map(String.init).joined(separator: ", ") + "]"
        let axes = (0..<12).map { "a\($0): \(axis)" }.joined(separator: ", ")
        #expect(message("sweep: {grid: {\(axes)}}") == "e:1:8: sweep: found more than 100000 runs, expected fewer; shorten an axis, or draw some of them with sweep.sample")
    }

    @Test func overridesSweep() throws {
        #expect(try points("seed: 4\n", ["seed=1,2"]).map(\.label) == ["seed=1", "seed=2"])
        let grid = "sweep: {grid: {a: [1, 2], seed: [0, 1, 2], z: [5]}}"
        #expect(
            try points(grid, ["seed=7,8"]).map(\.label) == ["a=1, seed=7, z=5", "a=1, seed=8, z=5", "a=2, seed=7, z=5", "a=2, seed=8, z=5"])
        #expect(try points(grid, ["a=9", "x=range(2)"]).map(\.label).last == "a=9, seed=2, z=5, x=1")
        let blocks = try points(Self.sweep, ["strategy.blocks=4,8,16", "zeta=c", "seed=range(1)"])
        #expect(
            blocks.map(\.label) == [
                "arm=sequential, zeta=c, seed=0", "arm=lora, zeta=c, seed=0", "arm=block-expansion, strategy.blocks=4, zeta=c, seed=0",
                "arm=block-expansion, strategy.blocks=8, zeta=c, seed=0", "arm=block-expansion, strategy.blocks=16, zeta=c, seed=0",
            ])
        #expect(message("a: 1", ["a=1,1"]) == "command line, 'a=1,1': sweep.grid.a[1]: found 1 a second time, expected each value once")
    }

    @Test func overridesWinOverArms() throws {
        let points = try points(Self.sweep, ["train.steps=7", "zeta=c", "seed=0", "sweep.arms[1].strategy.r=4"])
        #expect(points.map { $0.root["train"]?["steps"] } == [7, 7, 7, 7])
        #expect(points[1].root["strategy"]?["r"] == 4)
        let axis = "sweep: {grid: {strategy: [{kind: a, r: 1}, {kind: b, r: 1}]}}"
        #expect(try self.points(axis, ["strategy.r=5"]).map { $0.root["strategy"]?["r"] } == [5, 5])
        #expect(
            message("sweep: {grid: {train.steps: [1, 2]}}", ["train={seed: 1}"])
                == "command line, 'train={seed: 1}': train: found a value for all of 'train', expected none: 'train.steps' in it is an axis of the sweep"
        )
        #expect(message("sweep: {arms: [{a: 1}, {a: 2}]}", ["a=3"]).contains("that is the same as"))
    }

    @Test func errorsInARunNameWhereTheSettingStands() throws {
        let text = """
            train: {steps: 10, x: 1}
            strategy: {kind: a, old: 1}
            sweep:
              arms:
                - train: {y: 2}
                  strategy: {kind: b, r: 3}
              grid: {strategy.blokcs: [1, 2], tran.steps: [1]}
            """
        var document = try ExperimentDocument(text: text, file: "e")
        try document.apply(Override.parse(["strategy.alpha=9"]).overrides)
        let point = try #require(try Sweep(document).points.last)
        func place(_ path: String, _ subject: SettingsError.Subject = .value) -> String {
            document.located(SettingsError(path: Path(parsing: path) ?? Path(), found: "", expected: "", subject: subject), in: point).place
                .description
        }
        #expect(place("train.steps") == "e:1:16")
        #expect(place("train.x", .key) == "e:1:20")
        #expect(place("train.y") == "e:5:18")
        #expect(place("train.y", .key) == "e:5:15")
        #expect(place("train") == "e:1:8")
        #expect(place("strategy") == "e:6:17")
        #expect(place("strategy.r") == "e:6:30")
        #expect(place("strategy.missing") == "e:6:17")
        #expect(place("strategy.blokcs") == "e:7:31")
        #expect(place("strategy.blokcs", .key) == "e:7:10")
        #expect(place("tran", .key) == "e:7:35")
        #expect(place("strategy.alpha") == "command line, 'strategy.alpha=9'")
        #expect(place("") == "e:1:1")
    }
}
