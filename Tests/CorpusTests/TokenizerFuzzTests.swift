import Foundation
import Settings
import TestSupport
import Testing

@testable import Corpus

/// Damaged tokenizer files, configurations and JSON texts are read or refused with an error that names the file; nothing ends the process.
/// `STRATA_FUZZ_CASES` sets how many there are.
@Suite struct TokenizerFuzzTests {
    static let cases = ProcessInfo.processInfo.environment["STRATA_FUZZ_CASES"].flatMap { Int($0) } ?? 50_000
    static let names = [
        "\"type\"", "\"merges\"", "\"vocab\"", "\"ByteLevel\"", "\"Metaspace\"", "\"Split\"", "\"Sequence\"", "\"Replace\"", "\"id\"", "\"<s>\"", "\"a\"",
        "\"a t\"", "\"normalizer\"", "false",
    ]
    static let text = Array("a cat  <s>[t] caf\u{e9} <|endoftext|> at\u{2581}1".utf8) + [0xFF, 0xC3]

    @Test(arguments: 0..<2)
    func tokenizerFiles(kind: Int) {
        let original = Array((kind == 0 ? SmallTokenizers.marked : SmallTokenizers.byteLevel).utf8)
        let configuration = kind == 0 ? TokenizerConfiguration(endOfText: "</s>") : nil
        var mutator = Mutator(seed: kind, "tokenizer files", morsels: Self.names)
        var (refused, read) = (0, 0)
        for round in 0..<Self.cases * 2 / 5 {
            let bytes = round % 2 == 0 ? mutator.mutated(original) : mutator.mutated(json: original)
            do throws(CorpusError) {
                let tokenizer = try TokenizerFile.tokenizer(json: bytes, file: "damaged", configuration)
                read += 1
                check(tokenizer, configuration)
            } catch {
                refused += 1
                if !error.description.contains("damaged") || error.description.contains("\n") { Issue.record("\(error)") }
            }
        }
        #expect(refused > Self.cases / 10 && read > Self.cases / 100, "\(refused) refused, \(read) read")
    }

    /// Works, and comes back from what it writes.
    private func check(_ tokenizer: any Tokenizer, _ configuration: TokenizerConfiguration?) {
        let ids = tokenizer.encode(marked: Self.text)
        let plain = tokenizer.encode(Self.text)
        if !ids.allSatisfy({ 0..<tokenizer.vocabularySize ~= Int($0) }) { Issue.record("an id outside the vocabulary") }
        _ = tokenizer.decode(tokenizer.framed(ids), skippingSpecials: false)
        var previous = tokenizer.endOfText
        for id in plain {
            if tokenizer.byteCount(of: id, after: previous) < 0 { Issue.record("fewer bytes than none") }
            previous = id
        }
        do {
            let again = try TokenizerFile.tokenizer(json: Array(tokenizer.json.utf8), file: "again", configuration)
            if again.encode(marked: Self.text) != ids || again.encode(Self.text) != plain { Issue.record("other ids when read again") }
        } catch { Issue.record("\(error)") }
    }

    @Test func configurations() {
        let original = Array(SmallTokenizers.configuration.utf8)
        var mutator = Mutator(seed: 2, "tokenizer configurations", morsels: ["\"eos_token\"", "\"content\"", "1e30"])
        var refused = 0
        for round in 0..<Self.cases / 10 {
            do throws(CorpusError) {
                let bytes = round % 2 == 0 ? mutator.mutated(original) : mutator.mutated(json: original)
                let found = try TokenizerConfiguration(json: bytes, file: "damaged")
                if (try? Value(json: found.json)) == nil { Issue.record("writes what is not JSON") }
            } catch {
                refused += 1
                if !error.place.hasPrefix("damaged") { Issue.record("\(error)") }
            }
        }
        #expect(refused > Self.cases / 40)
    }

    @Test func json() {
        let original = Array(
            #"{"a": [1, -2.5e-3, true, null, {"b": "text\u00e9\n\\"}], "long": "\ud83d\ude42 caf", "c": {}, "d": [[[]]], "n": 9223372036854775807}"#.utf8)
        var mutator = Mutator(seed: 3, "json")
        var (refused, read) = (0, 0)
        for round in 0..<Self.cases / 10 {
            do {
                let value = try Value(json: round % 2 == 0 ? mutator.mutated(original) : mutator.mutated(json: original))
                read += 1
                if try Value(json: value.canonicalJSON) != value { Issue.record("another value when read again") }
            } catch { refused += 1 }
        }
        #expect(refused > Self.cases / 50 && read > Self.cases / 50, "\(refused) refused, \(read) read")
    }
}
