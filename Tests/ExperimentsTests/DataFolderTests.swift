import Experiments
import Settings
import Testing

@Suite struct DataFolderTests {
    static let text = """
        name: x
        data:
          law: {text: "${data}/law/*.txt", cost: 5$}
          both: ["${data}${data}"]
        sweep:
          arms:
            - {data: {law: {text: "${data}/other"}}, grid: {data.law.text: ["${data}/1", b]}}
          grid: {"data": ["${data}"]}
        """

    @Test func takesTheArgumentThenTheEnvironment() throws {
        var document = try ExperimentDocument(text: Self.text, file: "e")
        try document.substituteData(argument: "/d//", environment: "/e")
        let expected: Value = [
            "name": "x", "data": ["law": ["text": "/d/law/*.txt", "cost": "5$"], "both": ["/d/d"]],
            "sweep": [
                "arms": [["data": ["law": ["text": "/d/other"]], "grid": ["data.law.text": ["/d/1", "b"]]]], "grid": ["data": ["/d"]],
            ],
        ]
        #expect(document.value == expected)
        document = try ExperimentDocument(text: "data: {a: \"${data}/x\"}", file: "e")
        try document.substituteData(argument: nil, environment: "/")
        #expect(document.value == ["data": ["a": "//x"]])
    }

    private func message(_ text: String, _ argument: String? = nil, _ environment: String? = nil) throws -> String {
        var document = try ExperimentDocument(text: text, file: "e")
        do {
            try document.substituteData(argument: argument, environment: environment)
            return "accepted"
        } catch {
            return error.description
        }
    }

    @Test func saysWhatIsMissing() throws {
        #expect(
            try message("data:\n  a: ${data}/x\n")
                == "e:2:6: data.a: found ${data}, but no data folder is given, expected the folder that holds the data; add data=DIR to the command, or set STRATA_DATA=DIR in the environment"
        )
        #expect(try message("data: {a: \"${data}\"}", "", "").hasPrefix("e:1:11: data.a: found ${data}, but no data folder"))
        #expect(try message("data: {a: \"${home}/x\"}", "d") == "e:1:11: data.a: found \"${home}/x\", expected no variable but ${data}")
        #expect(
            try message("data: {a: x}\nname: \"${data}\"", "d") == "e:2:7: name: found ${data} here, expected it in the section 'data' only"
        )
        #expect(try message("sweep: {grid: {name: [\"${data}\"]}}", "d").hasPrefix("e:1:23: sweep.grid.name[0]: found ${data} here"))
        #expect(try message("sweep: {data: \"${data}\"}", "d").hasPrefix("e:1:15: sweep.data: found ${data} here"))
        #expect(
            try message("a: 1", "d")
                == "command line, 'data=d': found a data folder that e does not use, expected ${data} in its data section; leave the word out"
        )
        #expect(try message("a: 1", nil, "d") == "accepted")
    }
}
