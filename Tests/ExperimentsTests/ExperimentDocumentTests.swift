import Experiments
import Foundation
import Settings
import Testing

@Suite struct ExperimentDocumentTests {
    @Test func readsValuesPlacesAndTheOrderOfKeys() throws {
        let document = try ExperimentDocument(
            text: """
                # a comment
                name: block-count
                base:
                  model: {hidden_size: 64, rope_theta: 1.0e4}
                  train:
                    steps: 3000   # of 32
                zeta: "1"
                alpha:
                  - a
                  - {b: [1, 2]}
                text: |
                  two
                  lines

                """, file: "e.yaml")
        #expect(
            document.value == [
                "name": "block-count", "base": ["model": ["hidden_size": 64, "rope_theta": 10000.0], "train": ["steps": 3000]], "zeta": "1",
                "alpha": ["a", ["b": [1, 2]]], "text": "two\nlines\n",
            ])
        #expect(document.sources.keys(at: Path()) == ["name", "base", "zeta", "alpha", "text"])
        #expect(document.sources.keys(at: Path(dotted: "base.model")) == ["hidden_size", "rope_theta"])
        func place(_ path: String, _ subject: SettingsError.Subject = .value) -> String? {
            document.sources.place(of: Path(parsing: path) ?? Path(), subject)?.description
        }
        #expect(place("base.train.steps") == "e.yaml:6:12")
        #expect(place("base.train.steps", .key) == "e.yaml:6:5")
        #expect(place("base.model.rope_theta") == "e.yaml:4:40")
        #expect(place("alpha[1].b[1]") == "e.yaml:10:13")
        #expect(place("base.train.missing") == "e.yaml:6:5")
        #expect(place("base.model.missing.inner", .key) == "e.yaml:4:10")
        #expect(place("missing") == "e.yaml:2:1")
    }

    @Test func locatesErrors() throws {
        let document = try ExperimentDocument(text: "train:\n  stepz: 5\n  seed: x\n", file: "e.yaml")
        let fields: [Field] = [
            .required("train", .object([.optional("steps", .positive, default: 1, ""), .optional("seed", .natural, default: 0, "")]), "")
        ]
        let unknown = #expect(throws: SettingsError.self) { try Settings(document.value, fields: fields) }
        #expect(
            unknown.map { document.located($0).description }
                == "e.yaml:2:3: train.stepz: found an unknown key 'stepz', expected one of seed, steps; did you mean 'steps'?")
        let wrong = SettingsError(path: Path(dotted: "train.seed"), found: "\"x\"", expected: "a whole number")
        #expect(document.located(wrong).description == "e.yaml:3:9: train.seed: found \"x\", expected a whole number")
    }

    @Test func aliasesStandForTheirAnchors() throws {
        let document = try ExperimentDocument(
            text: """
                a: &x {steps: [1, &y 2], glob: "*.txt"}
                b: *x
                c: [*y, *x, plain*star, "${data}/*.txt"]
                d: &x 7
                e: [*x , *x]
                f: ${data}/*.txt
                """, file: "e.yaml")
        let first: Value = ["steps": [1, 2], "glob": "*.txt"]
        #expect(
            document.value == [
                "a": first, "b": first, "c": [2, first, "plain*star", "${data}/*.txt"], "d": 7, "e": [7, 7], "f": "${data}/*.txt",
            ])
        #expect(document.sources.place(of: Path(dotted: "b.steps"))?.description == "e.yaml:1:15")
        #expect(document.sources.place(of: Path(dotted: "b"), .key)?.description == "e.yaml:2:1")
    }

    @Test func textStaysText() throws {
        let document = try ExperimentDocument(
            text: "a: '010'\nb: \"true\"\nc: !!str 5\nd: yes\ne: >-\n  1\n  2\n\"1\": x\n'null': y\n", file: "e")
        #expect(document.value == ["a": "010", "b": "true", "c": "5", "d": "yes", "e": "1 2", "1": "x", "null": "y"])
    }

    @Test func otherLineEndsAndByteOrderMark() throws {
        #expect(try ExperimentDocument(text: "\u{feff}a: 1\r\nb: 2\r\n", file: "e").value == ["a": 1, "b": 2])
        let error = #expect(throws: ExperimentError.self) { try ExperimentDocument(text: "a: 1\r\nb: .nan\r\n", file: "e") }
        #expect(error?.description.hasPrefix("e:2:4: b: found .nan") == true)
    }

    @Test(arguments: ["a: 1", "{}", "a: {}", "a:", "a: [b]", "{a: 1, b: c}"])
    func shortTextsAreReadWhole(text: String) throws {
        #expect(try ExperimentDocument(text: text, file: "e").value.asObject != nil)
        #expect(
            try ExperimentDocument(text: text + "\n# " + String(repeating: "x", count: 40), file: "e").value
                == ExperimentDocument(text: text, file: "e").value)
    }

    @Test(arguments: [
        ("", "e: found nothing in it, expected a YAML mapping"),
        ("# only a comment\n", "e: found nothing in it, expected a YAML mapping"),
        ("---\n", "e: found nothing in it, expected a YAML mapping"),
        ("- a\n- b\n", "e:1:1: found a list of 2, expected a mapping of settings"),
        ("\n text\n", "e:2:2: found \"text\", expected a mapping of settings"),
        ("a: 1\n--- \nb: 2\n", "e:2:1: found a second document, expected one document a file; remove the line '---'"),
        ("a:\n\tb: 1\n", "e:2:1: found a tab, expected spaces; YAML is indented with spaces"),
        ("a: 1\nb: 2\na: 3\n", "e:1:1: found the key 'a' more than once in a mapping, expected each key once; this is the first of them"),
        ("sweep: {grid: {seed: [1], \"seed\": [2]}}", "e:1:16: found the key 'seed' more than once in a mapping"),
        (
            "a: [1, 2\nb: 3\n",
            "e:2:2: found text that is not YAML (did not find expected ',' or ']'), expected valid YAML; while parsing a flow sequence that began in line 1"
        ),
        (
            "a: b: c\n",
            "e:1:5: found text that is not YAML (mapping values are not allowed in this context), expected valid YAML; is the line indented"
        ),
        (
            "a: @b\n",
            "e:1:4: found text that is not YAML (found character that cannot start any token), expected valid YAML; text that begins with a special"
        ),
        ("a: \"b\n", "e:1:4: found a quote that is not closed, expected a closing one"),
        ("1: a\n", "e:1:1: found the key 1, expected text as a key; write it in quotes if it is a name: '1'"),
        ("true: a\n", "e:1:1: found the key true, expected text as a key"),
        ("a: {b: {2.5: c}}\n", "e:1:9: a.b: found the key 2.5, expected text as a key"),
        ("? \n: a\n", "e:1:2: found an empty key, expected text as a key"),
        ("? [a]\n: b\n", "e:1:3: found a list as a key, expected text as a key"),
        ("? {a: 1}\n: b\n", "e:1:3: found a mapping as a key, expected text as a key"),
        ("a: &x 1\n*x : 2\n", "e:2:1: found an alias '*x' as a key, expected text as a key"),
        ("a: &x {b: 1}\nc: {<<: *x}\n", "e:2:5: c: found a merge key '<<', expected text as a key"),
        (
            "a: *x\n",
            "e:1:4: a: found the alias *x, expected the name of an anchor that stands before it; text that begins with * stands in quotes"
        ),
        (
            "a: &abc 1\nb: *abd\n",
            "e:2:4: b: found the alias *abd, expected the name of an anchor that stands before it; did you mean 'abc'?"
        ),
        ("a: &x [*x]\n", "e:1:8: a[0]: found the alias *x"),
        ("a: *.txt\n", "e:1:4: a: found \"*.txt\", expected an alias such as *name; text that begins with * stands in quotes"),
        ("a: !!int 5\n", "e:1:4: a: found the tag \"tag:yaml.org,2002:int\", expected no tag"),
        ("a: !x {b: 1}\n", "e:1:4: a: found the tag \"!x\", expected no tag"),
        ("a: !!omap [b]\n", "e:1:4: a: found the tag"),
        ("train:\n  lr: .inf\n", "e:2:7: train.lr: found .inf, expected a finite number"),
        ("a: [1, 1e400]\n", "e:1:8: a[1]: found the number 1e400"),
        ("a: 010\n", "e:1:4: a: found the number 010 with leading zeros"),
        ("a: \u{1}\n", "e:1:4: found the character U+0001, expected YAML text"),
        ("a: b\nc: \u{e000}\n", "e:2:4: found the character U+E000, expected YAML text"),
        ("a: \0", "e:1:4: found the character U+0000"),
        ("%TAG ! x\n", "e:"), ("a: \"\\ud800\"\n", "e:1:"), ("a: \"\\q\"\n", "e:1:"), ("{", "e:"), ("a: &", "e:"), ("!", "e"),
        ("a: !<", "e:"),
    ])
    func refuses(text: String, message: String) {
        let error = #expect(throws: ExperimentError.self) { try ExperimentDocument(text: text, file: "e") }
        #expect(error?.description.hasPrefix(message) == true, "\(error?.description ?? "")")
        #expect(error?.description.contains("\n") == false)
    }

    @Test func multiplyingAliasesAreLimited() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        for level in 1...30 { text += "a\(level): &a\(level) [" + String(repeating: "*a\(level - 1), ", count: 9) + "]\n" }
        let error = #expect(throws: ExperimentError.self) { try ExperimentDocument(text: text, file: "e") }
        #expect(error?.problem.found == "more than 20000 values through aliases")
        // The same bomb where the keys of a mapping would be hashed.
        let keyed = #expect(throws: ExperimentError.self) { try ExperimentDocument(text: text + "? *a30\n: x\n? [*a30]\n: x\n", file: "e") }
        #expect(keyed != nil)
    }

    @Test(arguments: ["[", "{a: ", "- ", "? "])
    func depthIsLimited(opening: String) {
        for depth in [70, 900, 1_100, 5_000] {
            let text = "a:\n " + String(repeating: opening, count: depth)
            let closing = opening == "[" ? "]" : opening == "{a: " ? "}" : ""
            let error = #expect(throws: ExperimentError.self) {
                try ExperimentDocument(text: text + "1" + String(repeating: closing, count: depth), file: "e")
            }
            #expect(error?.description.hasPrefix("e:2:") == true)
        }
    }

    @Test func unreadableFiles() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("experiment-document-\(UInt64.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        func message(_ path: String) -> String? {
            #expect(throws: ExperimentError.self) { try ExperimentDocument(contentsOf: path) }?.description
        }
        let missing = folder.appendingPathComponent("none.yaml").path
        #expect(message(missing) == "\(missing): found no such file, expected an experiment file in YAML")
        #expect(message(folder.path) == "\(folder.path): found a folder, expected an experiment file in YAML")
        let file = folder.appendingPathComponent("e.yaml")
        try Data([0x61, 0x3a, 0x20, 0x31, 0x0a, 0xc3, 0xa9, 0x62, 0xff, 0x0a]).write(to: file)
        #expect(message(file.path) == "\(file.path):2:3: found bytes that are not UTF-8, expected text in UTF-8")
        try Data(repeating: 0x20, count: ExperimentDocument.maximumSize + 1).write(to: file)
        #expect(message(file.path) == "\(file.path): found a file of more than 1 MB, expected an experiment file in YAML")
        #expect(message("/dev/zero") == "/dev/zero: found a file of more than 1 MB, expected an experiment file in YAML")
        try Data("a: é\n".utf8).write(to: file)
        let document = try ExperimentDocument(contentsOf: file.path)
        #expect(document.value == ["a": "é"])
        #expect(document.text == "a: é\n")
        #expect(document.file == file.path)
    }
}
