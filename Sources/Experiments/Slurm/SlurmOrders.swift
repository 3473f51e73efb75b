import Foundation
import Settings

/// What a job of an array is to do: one run of the experiment, all resolved, and which of its stages. It needs neither the rest of the
/// sweep nor the experiment file.
struct SlurmOrder: Sendable, Hashable {
    var axes: [SweepPoint.Axis]
    /// The run's settings.
    var settings: Value
    var family: String
    /// Keys of the stages in their order.
    var stages: [String]

    init(_ job: StageJob, family: String) {
        (axes, settings, self.family) = (job.run.axes, job.run.settings.value, family)
        stages = job.stages.map(\.key)
    }

    var json: Value {
        [
            "axes": .list(axes.map { ["name": .string($0.name), "value": $0.value] }), "settings": settings, "family": .string(family),
            "stages": .list(stages.map { .string($0) }),
        ]
    }

    init?(json: Value) {
        guard let axes = json["axes"]?.asList, let settings = json["settings"], let family = json["family"]?.asString,
            let stages = json["stages"]?.asList
        else { return nil }
        self.axes = axes.compactMap { axis in axis["name"]?.asString.map { SweepPoint.Axis(name: $0, value: axis["value"] ?? .null) } }
        (self.settings, self.family, self.stages) = (settings, family, stages.compactMap(\.asString))
    }

    /// The stages, made anew with the hashes of their data: those that are found are those that are meant.
    func resolved() throws -> [Stage] {
        var reader = SettingsReader(fields: ExperimentFields.run)
        var checkpoints = CheckpointConfigurations()
        let graph = try StageGraph(runs: [Run(SweepPoint(axes: axes, root: settings), index: 0, &reader, &checkpoints)], family: family)
        return try stages.map { key in
            guard let stage = graph.stages.first(where: { $0.key == key }) else { throw WorkerError.changedData }
            return stage
        }
    }
}

/// The orders of an array in one file: a line for each index, all of one length, with the place of the order and the key of the job,
/// then the orders. A job reads its line and its order and nothing else.
enum SlurmOrders {
    private static let lineLength = 89

    private static func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    /// - Parameter orders: by index, ascending. Indices between them have no order.
    static func write(_ orders: [(index: Int, order: SlurmOrder)], to path: String) throws(StoreError) {
        let count = (orders.last?.index ?? -1) + 1
        var lines = [String](repeating: String(repeating: "-", count: lineLength - 1), count: count)
        var texts = Data()
        for (index, order) in orders {
            let text = Data((order.json.canonicalJSON + "\n").utf8)
            lines[index] = "\(padded(lineLength * count + texts.count, 12)) \(padded(text.count, 10)) \(order.stages[0])"
            texts += text
        }
        try DurableFile.write(Data(lines.map { $0 + "\n" }.joined().utf8) + texts, to: path)
    }

    static func read(_ path: String, index: Int) throws(SlurmError) -> SlurmOrder {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .orders(path: path, problem: "cannot be opened: \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        func bytes(_ offset: Int, _ count: Int) -> [UInt8]? {
            var buffer = [UInt8](repeating: 0, count: count)
            return pread(descriptor, &buffer, count, off_t(offset)) == count ? buffer : nil
        }
        guard index >= 0, let line = bytes(index * lineLength, lineLength), let place = place(line[...]) else {
            throw .orders(path: path, problem: "has no order \(index)")
        }
        guard let text = bytes(place.offset, place.length), let json = try? Value(json: text), let order = SlurmOrder(json: json) else {
            throw .orders(path: path, problem: "order \(index) is damaged")
        }
        return order
    }

    /// The keys of the jobs by their indices; nil when the file is not there or no such file.
    static func keys(_ path: String) -> [Int: String]? {
        guard let data = FileManager.default.contents(atPath: path) else { return nil }
        var keys: [Int: String] = [:]
        for (index, line) in data.split(separator: 0x0A).enumerated() {
            guard line.first != UInt8(ascii: "{") else { break }
            if let place = place(line) { keys[index] = place.key }
        }
        return keys
    }

    private static func place(_ line: some Sequence<UInt8>) -> (offset: Int, length: Int, key: String)? {
        let parts = String(decoding: Array(line), as: UTF8.self).split(whereSeparator: \.isWhitespace)
        guard parts.count == 3, let offset = Int(parts[0]), let length = Int(parts[1]), length < 1 << 24 else { return nil }
        return (offset, length, String(parts[2]))
    }
}
