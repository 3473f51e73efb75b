import Experiments
import Testing

/// What is wrong with an experiment is said in one line: place, path, what was found, what was expected, what to do.
@Suite struct ExperimentErrorTests {
    private func message(_ text: String, words: [String] = []) -> String {
        do {
            return "\(try Experiment(ExperimentDocument(text: text, file: "e.yaml"), words: words).runs.count) runs"
        } catch {
            return "\(error)"
        }
    }

    /// - Parameter change: a part of the text and what stands in its place.
    private func message(_ text: String, _ change: (String, String)) throws -> String {
        message(try TinyExperiment.changed(text, [change]))
    }

    @Test func whatIsRightIsAccepted() {
        #expect(message(TinyExperiment.sequential) == "1 runs")
        #expect(message(TinyExperiment.allStrategies) == "5 runs")
    }

    static let rootCases: [(String, String, String)] = [
        (
            "stream:", "streem:",
            "e.yaml:11:1: streem: found an unknown key 'streem', expected one of base, data, evaluation, instruction, name, plots, replay, seed, slurm, strategy, stream, sweep, tables, train, tune; did you mean 'stream'?"
        ),
        (
            "{kind: byte}", "{kind: bpe, vocabulary: 300}",
            "e.yaml:4:26: base.tokenizer.vocabulary: found an unknown key 'vocabulary', expected one of kind, vocab_size; did you mean 'vocab_size'?"
        ),
        ("hidden_size: 16", "hidden_size: wide", "e.yaml:3:24: base.model.hidden_size: found \"wide\", expected a whole number from 1 to 1048576"),
        ("steps: 6", "steps: 6.5", "e.yaml:6:18: base.train.steps: found 6.5, expected a whole number from 0 up"),
        (
            "num_attention_heads: 2", "num_attention_heads: 3",
            "e.yaml:3:94: base.model.num_attention_heads: found 3, expected a divisor of hidden_size, which is 16; heads must divide the width"
        ),
        (
            "num_attention_heads: 2", "num_attention_heads: 16",
            "e.yaml:3:94: base.model.num_attention_heads: found 16, which makes heads of width 1, expected heads of even width; rotary embedding turns pairs"
        ),
        (
            "num_key_value_heads: 1", "num_key_value_heads: 3",
            "e.yaml:3:118: base.model.num_key_value_heads: found 3, expected a divisor of num_attention_heads, which is 2"
        ),
        (
            "{steps: 4,", "{sequence_length: 33, steps: 4,",
            "e.yaml:12:26: train.sequence_length: found 33, expected at most 32, the model's max_position_embeddings; shorten the sequences or raise base.model.max_position_embeddings"
        ),
        ("{steps: 6,", "{sequence_length: 33, steps: 6,", "e.yaml:6:28: base.train.sequence_length: found 33, expected at most 32"),
        ("{kind: sequential}", "{kind: block-expansion, blocks: 0}", "e.yaml:14:43: strategy.blocks: found 0, expected a whole number from 1 to 4096"),
        ("{kind: sequential}", "{kind: block-expansion, blocks: -1}", "e.yaml:14:43: strategy.blocks: found -1, expected a whole number from 1 to 4096"),
        (
            "{kind: sequential}", "{kind: block-expansion}",
            "e.yaml:14:11: strategy: found no key 'blocks', expected 'blocks': how many blocks to add, from 1 up"
        ),
        (
            "{kind: sequential}", "{kind: block-expansion, position: [1, 3]}",
            "e.yaml:14:49: strategy.position[1]: found 3, expected a layer from 0 (below the first) to 2, the base's last; a position is the original layer that the new block follows"
        ),
        ("{kind: sequential}", "{kind: block-expansion, position: [-1]}", "e.yaml:14:46: strategy.position[0]: found -1, expected a whole number from 0 up"),
        (
            "{kind: sequential}", "{kind: block-expansion, blocks: 3, position: [1, 2]}",
            "e.yaml:14:43: strategy.blocks: found 3, expected 2, as many as positions are listed; leave 'blocks' out when 'position' is a list"
        ),
        (
            "{kind: sequential}", "{kind: sequental}",
            "e.yaml:14:18: strategy.kind: found \"sequental\", expected one of frozen, sequential, joint, lora, block-expansion, moe-expansion, width, control, partial, o-lora, interpolate, ewc, lwf, agem, osft; did you mean 'sequential'?"
        ),
        ("{kind: sequential}", "sequential", "e.yaml:14:11: strategy: found \"sequential\", expected a mapping; write {kind: sequential}"),
        (
            "{kind: sequential}", "{kind: lora, r: 33}",
            "e.yaml:14:27: strategy.r: found 33, expected at most 32, the widest layer; a higher rank adds nothing"
        ),
        (
            "[sums, terms]", "[sums, term]",
            "e.yaml:11:16: stream[1]: found \"term\", expected a domain of 'data': lives, sums, terms; did you mean 'terms'?"
        ),
        ("[sums, terms]", "[sums, terms, sums]", "e.yaml:11:23: stream[2]: found 'sums' a second time, expected each domain once"),
        ("[sums, terms]", "[]", "e.yaml:11:9: stream: found a list of 0, expected a list of 1 to 1000, each text"),
        ("data: lives", "data: live", "e.yaml:5:9: base.data: found \"live\", expected a domain of 'data': lives, sums, terms; did you mean 'lives'?"),
        ("data: lives", "data: [lives, lives]", "e.yaml:5:17: base.data[1]: found 'lives' a second time, expected each domain once"),
        (
            "name: tiny\n", "",
            "e.yaml:1:1: found no key 'name', expected 'name': text (name of the experiment and of its results file: letters, digits, '-', '_' and '.')"
        ),
        ("strategy: {kind: sequential}\n", "", "e.yaml:1:1: found no key 'strategy', expected 'strategy': a mapping (how the stream is learned)"),
        ("{steps: 4, ", "{", "e.yaml:12:8: train: found no key 'steps', expected 'steps': a whole number from 0 up (optimizer steps)"),
        (
            "name: tiny", "name: ../tiny",
            "e.yaml:1:7: name: found \"../tiny\", expected letters, digits, '-', '_' and '.', not '.' first; it names the results file"
        ),
        ("  sums:", "  \"su ms\":", "e.yaml:9:3: data.su ms: found the name 'su ms', expected letters, digits, '-', '_' and '.', not '.' first"),
        (
            "{generated: arithmetic,", "{generated: arithmetic, text: a.txt,",
            "e.yaml:9:9: data.sums: found text and generated, expected one of text, jsonl, generated"
        ),
        (
            "{generated: arithmetic, documents: 20, questions: 4}", "{text: a.txt, seed: 1}",
            "e.yaml:9:29: data.sums.seed: found 'seed' beside 'text', expected only held_out there; remove it: it would be ignored"
        ),
        ("data: lives\n", "data: lives\n  seed: runs\n", "e.yaml:6:9: base.seed: found \"runs\", expected a whole number from 0 up, or one of run"),
    ]

    @Test(arguments: rootCases.indices) func inTheRoot(_ index: Int) throws {
        let (part, replacement, expected) = Self.rootCases[index]
        let message = try message(TinyExperiment.sequential, (part, replacement))
        #expect(message.hasPrefix(expected), "\(message)")
        #expect(!message.contains("\n"))
    }

    static let sweepCases: [(String, String, String)] = [
        (
            "{strategy: {kind: joint}}", "{strategy: {kind: joint}, trian: {steps: 5}}",
            "e.yaml:18:33: trian: found an unknown key 'trian', expected one of base, data, evaluation, instruction, name, replay, seed, strategy, stream, train; did you mean 'train'?"
        ),
        ("{strategy: {kind: joint}}", "{strategy: {kind: joint}, train: {sequence_length: 33}}", "e.yaml:18:58: train.sequence_length: found 33"),
        ("kind: joint", "kind: join", "e.yaml:18:25: strategy.kind: found \"join\""),
        (
            "{kind: block-expansion, blocks: 2}", "{kind: block-expansion}, grid: {strategy.blocks: [1, 0]}",
            "e.yaml:20:71: strategy.blocks: found 0, expected a whole number from 1 to 4096"
        ),
        (
            "{kind: block-expansion, blocks: 2}", "{kind: block-expansion}, grid: {strategy.blokcs: [1, 2]}",
            "e.yaml:20:50: strategy.blokcs: found an unknown key 'blokcs', expected one of added, blocks, init, kind, position, train; did you mean 'blocks'?"
        ),
        (
            "{kind: block-expansion, blocks: 2}", "{kind: block-expansion, blocks: 2}, grid: {strategy.position: [top, [1, 5]]}",
            "e.yaml:20:90: strategy.position[1]: found 5, expected a layer from 0 (below the first) to 2"
        ),
        ("blocks: 2}}", "blocks: 2}}\n  grid: {base.model.num_attention_heads: [2, 3]}", "e.yaml:21:46: base.model.num_attention_heads: found 3"),
        ("blocks: 2}}", "blocks: 2}}\n  grid: {stream: [[sums], [terms, sum]]}", "e.yaml:21:35: stream[1]: found \"sum\", expected a domain of 'data'"),
        ("blocks: 2}}", "blocks: 2}}\n  grid: {name: [a, b]}", "e.yaml:21:20: name: found \"b\" after \"a\", expected one name for all runs"),
        (
            "blocks: 2}}", "blocks: 2}, grid: {seed: [0]}}\n  grid: {seed: [1]}",
            "e.yaml:21:10: sweep.grid.seed: found the axis 'seed' also in 'grid' of an arm, expected one axis for a setting"
        ),
    ]

    @Test(arguments: sweepCases.indices) func inTheSweep(_ index: Int) throws {
        let (part, replacement, expected) = Self.sweepCases[index]
        let message = try message(TinyExperiment.allStrategies, (part, replacement))
        #expect(message.hasPrefix(expected), "\(message)")
        #expect(!message.contains("\n"))
    }

    @Test(arguments: [
        ("train.stepps=3", "command line, 'train.stepps=3': train.stepps: found an unknown key 'stepps', expected one of "),
        ("strategy.blocks=2", "command line, 'strategy.blocks=2': strategy.blocks: found an unknown key 'blocks', expected one of kind"),
        ("seed=0,x", "command line, 'seed=0,x': seed: found \"x\", expected a whole number from 0 up"),
        ("base.model.num_attention_heads=3", "command line, 'base.model.num_attention_heads=3': base.model.num_attention_heads: found 3, expected a divisor"),
        ("trian=3", "command line, 'trian=3': trian: found an unknown key 'trian'"),
        ("data=/d", "command line, 'data=/d': found a data folder that e.yaml does not use"),
    ])
    func onTheCommandLine(word: String, expected: String) {
        let message = message(TinyExperiment.sequential, words: [word])
        #expect(message.hasPrefix(expected), "\(message)")
    }
}
