import Kernels
import Settings

/// Token windows of a batch and, for each token, the one that follows it, or -1 where its loss does not count. Row-major, (batchSize x
/// sequenceLength).
public struct Batch: Sendable, Hashable {
    public var inputs: [Int32]
    public var targets: [Int32]

    public init(inputs: [Int32] = [], targets: [Int32] = []) {
        self.inputs = inputs
        self.targets = targets
    }

    /// Targets whose loss counts.
    public var scoredCount: Int { targets.reduce(0) { $0 + ($1 >= 0 ? 1 : 0) } }
}

/// Seeded batches from the tokens of one or several domains.
///
/// Each sequence first draws a domain by weight, then takes that domain's next window. The windows of an epoch are those of
/// `sequenceLength` tokens side by side from an offset that is drawn anew for each epoch, in an order drawn anew too: an epoch
/// shows every window once, and the tokens at most once as inputs. What is left at the two ends, less than one window together, waits
/// for another epoch's offset.
///
/// Examples stay whole: an epoch draws an order, and in that order each sequence takes as many as it has room for (or one, without packing); the rest of
/// it does not count. One that is longer than a sequence is cut (`TokenizedExample.fitted`).
public struct Batches: Sendable {
    /// A domain's place: which epoch, and how many of its windows have been taken.
    private struct Place: Sendable, Hashable {
        var epoch: Int
        var taken: Int
    }

    public let sequenceLength: Int
    private let domains: [TrainingTokens]
    private let weights: [Double]
    private let seed: Int
    private let label: String
    private var choices: RandomStream
    private var places: [Place]
    /// The current epoch's windows in order: ranges of tokens, or of places in `orders`. They follow from seed, label, domain and epoch.
    private var windows: [[Range<Int>]]
    /// The current epoch's examples in order; empty for text.
    private var orders: [[Int]]

    /// - Parameters:
    ///   - domains: tokens of each domain.
    ///   - weights: relative frequency of each domain, at least 0, not all 0.
    ///   - sequenceLength: tokens a sequence.
    ///   - label: parts the streams of one seed, as in `RandomStream`.
    /// Throws when a domain that has a weight is shorter than one window and the token after it.
    public init(domains: [TrainingTokens], weights: [Double], sequenceLength: Int, seed: Int, label: String) throws(CorpusError) {
        precondition(sequenceLength > 0 && domains.count == weights.count, "a weight for each domain and a length of at least 1")
        guard weights.allSatisfy({ $0 >= 0 && $0.isFinite }), let total = Optional(weights.reduce(0, +)), total > 0, total.isFinite else {
            throw CorpusError(place: label, found: "the weights \(weights)", expected: "weights of at least 0, not all 0")
        }
        for (index, tokens) in domains.enumerated() where weights[index] > 0 {
            guard let (found, expected) = tokens.shortage(sequenceLength: sequenceLength) else { continue }
            throw CorpusError(
                place: domains.count == 1 ? label : "\(label), text \(index + 1) of \(domains.count)", found: found, expected: expected,
                advice: "add text or shorten the sequences")
        }
        self.domains = domains.map { $0.fitted(sequenceLength: sequenceLength) }
        self.weights = weights
        self.sequenceLength = sequenceLength
        self.seed = seed
        self.label = label
        choices = RandomStream(seed: seed, "\(label)/domains")
        places = domains.map { _ in Place(epoch: 0, taken: 0) }
        (windows, orders) = (domains.map { _ in [] }, domains.map { _ in [] })
        for index in domains.indices { (windows[index], orders[index]) = epoch(0, of: index) }
    }

    /// Of running text alone.
    public init(domains: [[Int32]], weights: [Double], sequenceLength: Int, seed: Int, label: String) throws(CorpusError) {
        try self.init(domains: domains.map { TrainingTokens($0) }, weights: weights, sequenceLength: sequenceLength, seed: seed, label: label)
    }

    public mutating func next(batchSize: Int) -> Batch {
        var batch = Batch(inputs: [], targets: [])
        next(batchSize, into: &batch)
        return batch
    }

    /// The next batch in the memory of an earlier one.
    public mutating func next(_ batchSize: Int, into batch: inout Batch) {
        batch.inputs.removeAll(keepingCapacity: true)
        batch.targets.removeAll(keepingCapacity: true)
        batch.inputs.reserveCapacity(batchSize * sequenceLength)
        batch.targets.reserveCapacity(batchSize * sequenceLength)
        for _ in 0..<batchSize {
            let domain = drawDomain()
            if places[domain].taken == windows[domain].count {
                places[domain] = Place(epoch: places[domain].epoch + 1, taken: 0)
                (windows[domain], orders[domain]) = epoch(places[domain].epoch, of: domain)
            }
            let window = windows[domain][places[domain].taken]
            places[domain].taken += 1
            switch domains[domain].form {
            case .text(let tokens):
                batch.inputs += tokens[window.lowerBound..<window.upperBound - 1]
                batch.targets += tokens[window.lowerBound + 1..<window.upperBound]
            case .examples(let examples, let layout): add(orders[domain][window], of: examples, layout, to: &batch)
            }
        }
    }

    /// One sequence of whole examples.
    private func add(_ places: ArraySlice<Int>, of examples: [TokenizedExample], _ layout: TrainingTokens.Layout, to batch: inout Batch) {
        var position = 0
        func put(_ token: Int32, isScored: Bool) {
            if position < sequenceLength { batch.inputs.append(token) }
            if position > 0 { batch.targets.append(isScored ? token : -1) }
            position += 1
        }
        for (index, place) in places.enumerated() {
            for token in index == 0 ? layout.beginning : layout.between { put(token, isScored: false) }
            for (token, isScored) in zip(examples[place].tokens, examples[place].isScored) { put(token, isScored: isScored) }
        }
        while position <= sequenceLength { put(layout.padding, isScored: false) }
    }

    private mutating func drawDomain() -> Int {
        var left = choices.uniform() * weights.reduce(0, +)
        var drawn = 0
        for (index, weight) in weights.enumerated() where weight > 0 {
            drawn = index
            if left < weight { break }
            left -= weight
        }
        return drawn
    }

    /// Of text the windows that start at offset, offset + sequenceLength ... and have a token after them, shuffled; of examples an order, and
    /// what of it shares a sequence.
    private func epoch(_ epoch: Int, of domain: Int) -> (windows: [Range<Int>], order: [Int]) {
        var random = RandomStream(seed: seed, "\(label)/domain \(domain)/epoch \(epoch)")
        switch domains[domain].form {
        case .text(let tokens):
            let lastStart = tokens.count - sequenceLength - 1
            guard lastStart >= 0 else { return ([], []) }
            let offset = random.below(min(sequenceLength, lastStart + 1))
            let starts = random.shuffled(Array(stride(from: offset, through: lastStart, by: sequenceLength)))
            return (starts.map { $0..<$0 + sequenceLength + 1 }, [])
        case .examples(let examples, let layout):
            let order = random.shuffled(Array(examples.indices))
            var windows: [Range<Int>] = []
            var (first, used) = (0, layout.beginning.count)
            for (index, example) in order.enumerated() {
                let more = (index == first ? 0 : layout.between.count) + examples[example].tokens.count
                if index > first, !layout.isPacked || used + more > sequenceLength + 1 {
                    windows.append(first..<index)
                    (first, used) = (index, layout.beginning.count + examples[example].tokens.count)
                } else {
                    used += more
                }
            }
            if first < order.count { windows.append(first..<order.count) }
            return (windows, order)
        }
    }

    /// The place in the stream of batches, for an exact resume.
    public var cursor: Value {
        let state = choices.state
        return [
            "choices": .list([state.0, state.1, state.2, state.3].map { .integer(Int(bitPattern: UInt($0))) }),
            "places": .list(places.map { ["epoch": .integer($0.epoch), "taken": .integer($0.taken)] }),
        ]
    }

    /// Goes to a place that `cursor` gave for the same tokens, weights, length, seed and label. Throws when it cannot be one of theirs.
    public mutating func restore(_ cursor: Value) throws(CorpusError) {
        func wrong(_ found: String, _ expected: String) -> CorpusError {
            CorpusError(place: "\(label), cursor", found: found, expected: expected, advice: "the saved state belongs to another run or is damaged")
        }
        let state = (cursor["choices"]?.asList ?? []).compactMap { $0.asInteger.map { UInt64(UInt(bitPattern: $0)) } }
        guard state.count == 4, state != [0, 0, 0, 0] else { throw wrong(cursor["choices"]?.summary ?? "no 'choices'", "four whole numbers, not all 0") }
        let saved = cursor["places"]?.asList ?? []
        guard saved.count == domains.count else { throw wrong("\(saved.count) places", "\(domains.count), one for each text") }
        var places: [Place] = []
        var (windows, orders): ([[Range<Int>]], [[Int]]) = ([], [])
        for (index, value) in saved.enumerated() {
            guard let epoch = value["epoch"]?.asInteger, let taken = value["taken"]?.asInteger, 0...Int(Int32.max) ~= epoch else {
                throw wrong(value.summary, "'epoch' and 'taken', both at least 0")
            }
            let (own, order) = self.epoch(epoch, of: index)
            windows.append(own)
            orders.append(order)
            guard 0...windows[index].count ~= taken else { throw wrong("\(taken) windows taken", "0 to \(windows[index].count)") }
            places.append(Place(epoch: epoch, taken: taken))
        }
        choices = RandomStream(state: (state[0], state[1], state[2], state[3]))
        self.places = places
        (self.windows, self.orders) = (windows, orders)
    }
}
