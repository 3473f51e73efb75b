import Kernels
import Settings

/// Token windows of a batch and, for each token, the one that follows it. Row-major, (batchSize x sequenceLength).
public struct Batch: Sendable, Hashable {
    public var inputs: [Int32]
    public var targets: [Int32]

    public init(inputs: [Int32] = [], targets: [Int32] = []) {
        self.inputs = inputs
        self.targets = targets
    }
}

/// Seeded batches from the tokens of one or several domains.
///
/// Each sequence first draws a domain by weight, then takes that domain's next window. The windows of an epoch are those of
/// `sequenceLength` tokens side by side from an offset that is drawn anew for each epoch, in an order drawn anew too: an epoch
/// shows every window once, and the tokens at most once as inputs. What is left at the two ends, less than one window together, waits
/// for another epoch's offset.
public struct Batches: Sendable {
    /// A domain's place: which epoch, and how many of its windows have been taken.
    private struct Place: Sendable, Hashable {
        var epoch: Int
        var taken: Int
    }

    public let sequenceLength: Int
    private let domains: [[Int32]]
    private let weights: [Double]
    private let seed: Int
    private let label: String
    private var choices: RandomStream
    private var places: [Place]
    /// First tokens of the current epoch's windows in order; follows from seed, label, domain and epoch.
    private var windows: [[Int]]

    /// - `domains`: tokens of each domain.
    /// - `weights`: relative frequency of each domain, at least 0, not all 0.
    /// - `sequenceLength`: tokens a sequence.
    /// - `label`: parts the streams of one seed, as in `RandomStream`.
    /// Throws when a domain that has a weight is shorter than one window and the token after it.
    public init(domains: [[Int32]], weights: [Double], sequenceLength: Int, seed: Int, label: String) throws(CorpusError) {
        precondition(sequenceLength > 0 && domains.count == weights.count, "a weight for each domain and a length of at least 1")
        guard weights.allSatisfy({ $0 >= 0 && $0.isFinite }), let total = Optional(weights.reduce(0, +)), total > 0, total.isFinite else {
            throw CorpusError(place: label, found: "the weights \(weights)", expected: "weights of at least 0, not all 0")
        }
        for (index, tokens) in domains.enumerated() where weights[index] > 0 && tokens.count <= sequenceLength {
            throw CorpusError(
                place: domains.count == 1 ? label : "\(label), text \(index + 1) of \(domains.count)", found: "\(tokens.count) tokens",
                expected: "at least \(sequenceLength + 1), one sequence of \(sequenceLength) and the token after it",
                advice: "add text or shorten the sequences")
        }
        self.domains = domains
        self.weights = weights
        self.sequenceLength = sequenceLength
        self.seed = seed
        self.label = label
        choices = RandomStream(seed: seed, "\(label)/domains")
        places = domains.map { _ in Place(epoch: 0, taken: 0) }
        windows = []
        windows = domains.indices.map { epochWindows(domain: $0, epoch: 0) }
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
                windows[domain] = epochWindows(domain: domain, epoch: places[domain].epoch)
            }
            let start = windows[domain][places[domain].taken]
            places[domain].taken += 1
            batch.inputs += domains[domain][start..<start + sequenceLength]
            batch.targets += domains[domain][start + 1..<start + sequenceLength + 1]
        }
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

    /// The windows that start at offset, offset + sequenceLength ... and have a token after them, shuffled.
    private func epochWindows(domain: Int, epoch: Int) -> [Int] {
        let lastStart = domains[domain].count - sequenceLength - 1
        guard lastStart >= 0 else { return [] }
        var random = RandomStream(seed: seed, "\(label)/domain \(domain)/epoch \(epoch)")
        let offset = random.below(min(sequenceLength, lastStart + 1))
        return random.shuffled(Array(stride(from: offset, through: lastStart, by: sequenceLength)))
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
        var windows: [[Int]] = []
        for (index, value) in saved.enumerated() {
            guard let epoch = value["epoch"]?.asInteger, let taken = value["taken"]?.asInteger, 0...Int(Int32.max) ~= epoch else {
                throw wrong(value.summary, "'epoch' and 'taken', both at least 0")
            }
            windows.append(epochWindows(domain: index, epoch: epoch))
            guard 0...windows[index].count ~= taken else { throw wrong("\(taken) windows taken", "0 to \(windows[index].count)") }
            places.append(Place(epoch: epoch, taken: taken))
        }
        choices = RandomStream(state: (state[0], state[1], state[2], state[3]))
        self.places = places
        self.windows = windows
    }
}
