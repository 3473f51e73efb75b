import Settings
import Testing

@Suite struct PathTests {
    @Test func describesKeysAndIndices() {
        let path = Path(dotted: "sweep.arms").appending(2).appending("strategy").appending(Path(dotted: "blocks"))
        #expect(path.description == "sweep.arms[2].strategy.blocks")
        #expect(Path().description == "")
        #expect(path.parent?.description == "sweep.arms[2].strategy")
        #expect(Path().parent == nil)
    }

    @Test(arguments: ["a", "train.steps", "sweep.arms[2].strategy.blocks", "a[0][1].b", "eval-task.20minuten"])
    func parsingUndoesDescription(text: String) {
        #expect(Path(parsing: text)?.description == text)
    }

    @Test(arguments: [
        "", ".", "a.", ".a", "a..b", "a b", "a[", "a[]", "a[x]", "a[-1]", "a[1", "a]1[", "[0]", "a[1]b", "a[99999999999999999999]",
    ])
    func parsingRefuses(text: String) {
        #expect(Path(parsing: text) == nil)
    }

    @Test func leadsThrough() {
        let outer = Path(dotted: "a.b")
        #expect(outer.isAtOrUnder(outer))
        #expect(Path(dotted: "a.b.c").isAtOrUnder(outer))
        #expect(Path(dotted: "a.bc").isAtOrUnder(outer) == false)
        #expect(Path(dotted: "a").isAtOrUnder(outer) == false)
    }

    @Test func findsValues() {
        let value: Value = ["a": ["b": [1, ["c": 2]]]]
        #expect(value[Path(dotted: "a.b").appending(1).appending("c")] == 2)
        #expect(value[Path(dotted: "a.b").appending(2)] == nil)
        #expect(value[Path(dotted: "a.x")] == nil)
        #expect(value[Path(dotted: "a.b.c")] == nil)
        #expect(value[Path()] == value)
    }
}
