import Corpus
import Foundation

/// Domains as tokens, read once a process.
final class DataLibrary {
    private let store: StageStore
    private var texts: [String: Domain] = [:]
    private var tokenizers: [String: any Tokenizer] = [:]
    private var tokenized: [String: TokenizedDomain] = [:]

    init(store: StageStore) { self.store = store }

    func text(_ reference: DataReference) throws(CorpusError) -> Domain {
        if let known = texts[reference.hash] { return known }
        let domain = try reference.source.load(name: reference.name)
        texts[reference.hash] = domain
        return domain
    }

    func tokenizer(_ key: String) throws -> any Tokenizer {
        if let known = tokenizers[key] { return known }
        if let damage = store.damage(key, files: ["tokenizer.json"]) { throw damage }
        let tokenizer = try readTokenizer(file: store.tokenizer(key))
        tokenizers[key] = tokenizer
        return tokenizer
    }

    func tokens(_ reference: DataReference, tokenizer key: String) throws -> TokenizedDomain {
        let name = reference.hash + key
        if let known = tokenized[name] { return known }
        let domain = TokenizedDomain(try text(reference), try tokenizer(key))
        guard domain.examples != nil || domain.heldOut.count >= 2 else {
            throw CorpusError(
                place: "data.\(reference.name)", found: "\(domain.heldOut.count) held-out tokens", expected: "at least 2", advice: "raise held_out or add text")
        }
        tokenized[name] = domain
        return domain
    }
}
