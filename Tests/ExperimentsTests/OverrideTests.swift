import Experiments
import Settings
import Testing

@Suite struct OverrideTests {
    private func parse(_ word: String) throws -> Override {
        try #require(try Override.parse([word]).overrides.first)
    }

    @Test(
        arguments: [
            ("a=100", [100]), ("a=1e-3", [1e-3]), ("a=true", [true]), ("a=null", [nil]), ("a=text", ["text"]), ("a=\"x,y\"", ["x,y"]),
            ("a='1'", ["1"]),
            ("a=\"\"", [""]), ("a=b=c", ["b=c"]), ("a=[1, 2]", [[1, 2]]), ("a={kind: lora, r: 8}", [["kind": "lora", "r": 8]]),
            ("a=it's", ["it's"]),
            ("a=${data}/x y/*.txt", ["${data}/x y/*.txt"]), ("a=C: # @x", ["C: # @x"]), ("a=*", ["*"]), ("a= 5 ", [5]),
            ("a=f(x,y)", ["f(x,y)"]),
            ("a=[]", [[]]), ("a={}", [[:]]),
        ] as [(String, [Value])])
    func oneValueSets(word: String, values: [Value]) throws {
        let override = try parse(word)
        #expect(override.values == values)
        #expect(override.isSweep == false)
        #expect(override.path == Path(dotted: "a"))
        #expect(override.word == word)
    }

    @Test(
        arguments: [
            ("a=1,2,4", [1, 2, 4]), ("a=range(1,4)", [1, 2, 3]), ("a=range(3)", [0, 1, 2]), ("a=range(9, 0, -4)", [9, 5, 1]),
            ("a=range(3,4)", [3]),
            ("a=range(9223372036854775806,9223372036854775807,5)", [9_223_372_036_854_775_806]),
            ("a=x, y", ["x", "y"]), ("a=[1,2],[3]", [[1, 2], [3]]), ("a=\"1,2\",3", ["1,2", 3]),
            ("a={b: [1,2]},null", [["b": [1, 2]], nil]),
            ("a=0,range(5,7)", [0, 5, 6]),
        ] as [(String, [Value])])
    func severalSweep(word: String, values: [Value]) throws {
        let override = try parse(word)
        #expect(override.values == values)
        #expect(override.isSweep)
    }

    @Test func pathsHaveKeysAndIndices() throws {
        #expect(
            try parse("sweep.arms[1].train.steps=3").path == Path(dotted: "sweep.arms").appending(1).appending(Path(dotted: "train.steps")))
    }

    @Test func reservedWordsComeBackApart() throws {
        let (overrides, apart) = try Override.parse(["data=/x=y", "seed=1"], reserved: ["data"])
        #expect(overrides.map(\.word) == ["seed=1"])
        #expect(apart == ["data": "/x=y"])
        #expect(try Override.parse([]).overrides.isEmpty)
    }

    @Test(arguments: [
        (["steps"], "command line, 'steps': found no '=', expected key=value, such as train.steps=100"),
        (["=5"], "command line, '=5': found '' before '=', expected a key such as train.steps"),
        (["a..b=5"], "command line, 'a..b=5': found 'a..b' before '='"),
        (
            ["+a=5"],
            "command line, '+a=5': found '+a' before '=', expected a key such as train.steps or sweep.arms[0].train.steps; a new key needs no '+'"
        ),
        (["~a=5"], "command line, '~a=5': found '~a' before '='"),
        (["a="], "command line, 'a=': a: found no value, expected a value; KEY=null is the default"),
        (["a=1,,2"], "command line, 'a=1,,2': a: found no value"),
        (["a=[1,2"], "command line, 'a=[1,2': a: found [1,2, expected as many closing quotes and brackets as opening ones"),
        (["a=1]"], "command line, 'a=1]': a: found 1], expected as many closing"),
        (["a=\"x"], "command line, 'a=\"x': a: found \"x, expected as many closing"),
        (["a=[1}"], "command line, 'a=[1}': a: found [1}, expected as many closing"),
        (["a=\"x\" y"], "command line, 'a=\"x\" y': a: found text that is not YAML"),
        (["a=010"], "command line, 'a=010': a: found the number 010 with leading zeros"),
        (["a=.nan"], "command line, 'a=.nan': a: found .nan, expected a finite number"),
        (["a=[1e999]"], "command line, 'a=[1e999]': a: found the number 1e999"),
        (["a={b: 1, b: 2}"], "command line, 'a={b: 1, b: 2}': a: found the key 'b' more than once"),
        (
            ["a=range(x)"],
            "command line, 'a=range(x)': a: found range(x), expected range(END), range(START,END) or range(START,END,STEP) of whole numbers"
        ),
        (["a=range()"], "command line, 'a=range()': a: found range(), expected range(END)"),
        (["a=range(1,2,0)"], "command line, 'a=range(1,2,0)': a: found range(1,2,0), expected range(END)"),
        (
            ["a=range(3,3)"],
            "command line, 'a=range(3,3)': a: found range(3,3), which is empty, expected at least one number; the end is not included"
        ),
        (["a=range(99999999)"], "command line, 'a=range(99999999)': a: found range(99999999), expected at most 10000 numbers"),
        (["a=range(9999),range(9999)"], "command line, 'a=range(9999),range(9999)': a: found 19998 values, expected at most 10000"),
        (["a=1", "a=2"], "command line, 'a=2': a: found a second value, after 'a=1', expected one value a setting"),
        (["a.b=1", "a={}"], "command line, 'a={}': a: found a second value, after 'a.b=1', expected one value a setting"),
        (["data="], "command line, 'data=': found nothing after '=', expected data=VALUE"),
        (["data=a", "data=b"], "command line, 'data=b': found 'data' a second time, expected it once"),
    ])
    func refuses(words: [String], message: String) {
        let error = #expect(throws: ExperimentError.self) { try Override.parse(words, reserved: ["data"]) }
        #expect(error?.description.hasPrefix(message) == true, "\(error?.description ?? "")")
    }

    @Test func settingChangesTheDocumentAndIsNamedByErrors() throws {
        var document = try ExperimentDocument(text: "train: {steps: 5}\nstream: [law, code]\n", file: "e")
        try document.apply(Override.parse(["train.steps=x", "stream[1]=med", "base.trian.steps=1", "train.seed={a: 1}"]).overrides)
        #expect(
            document.value == ["train": ["steps": "x", "seed": ["a": 1]], "stream": ["law", "med"], "base": ["trian": ["steps": 1]]])
        func place(_ path: String) -> String {
            document.located(SettingsError(path: Path(parsing: path) ?? Path(), found: "", expected: "")).place.description
        }
        #expect(place("train.steps") == "command line, 'train.steps=x'")
        #expect(place("stream[1]") == "command line, 'stream[1]=med'")
        #expect(place("base.trian") == "command line, 'base.trian.steps=1'")
        #expect(place("train.seed.a") == "command line, 'train.seed={a: 1}'")
        #expect(place("train") == "e:1:8")
        #expect(place("stream[0]") == "e:2:10")
        #expect(document.sources.keys(at: Path()) == ["train", "stream", "base"])
        #expect(document.sources.keys(at: Path(dotted: "train")) == ["steps", "seed"])
        let error = SettingsError(
            path: Path(dotted: "base.trian"), found: "an unknown key 'trian'", expected: "one of train", subject: .key)
        #expect(
            document.located(error).description
                == "command line, 'base.trian.steps=1': base.trian: found an unknown key 'trian', expected one of train")
    }

    @Test(arguments: [
        ("stream.x=1", "command line, 'stream.x=1': stream: found a list of 1, expected a mapping with a key 'x'"),
        ("stream[4]=1", "command line, 'stream[4]=1': stream: found index 4 of a list of 1, expected an index from 0 to 0"),
        (
            "sweep.arms[0].train.steps=1,2",
            "command line, 'sweep.arms[0].train.steps=1,2': sweep.arms[0].train.steps: found several values inside 'sweep'"
        ),
    ])
    func refusesToSet(word: String, message: String) throws {
        var document = try ExperimentDocument(text: "stream: [law]\nsweep: {arms: [{}]}\n", file: "e")
        let overrides = try Override.parse([word]).overrides
        let error = #expect(throws: ExperimentError.self) { try document.apply(overrides) }
        #expect(error?.description.hasPrefix(message) == true, "\(error?.description ?? "")")
    }
}
