import Foundation
import Training

/// The training curve in a journal that grows. Each look reads what was written since the last one.
struct JournalTail {
    /// The curve, thinned: neighbours are averaged when there are more than `limit`.
    private(set) var points: [CurvePoint] = []
    private(set) var last: CurvePoint?

    private static let limit = 512
    /// Bytes at the end of a long journal that the first look reads: some thousand records.
    private static let firstLength: UInt64 = 262_144

    /// Of the file that was read, and how far.
    private var file: UInt64?
    private var offset: UInt64 = 0

    mutating func look(at path: String) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return }
        let (found, length) = (UInt64(status.st_ino), UInt64(max(0, status.st_size)))
        // A stage that begins anew or goes on from a saved state has a new file.
        if found != file || length < offset { self = JournalTail(file: found, offset: length - min(length, Self.firstLength)) }
        guard length > offset, (try? handle.seek(toOffset: offset)) != nil, let data = try? handle.read(upToCount: Int(length - offset))
        else { return }
        // The last line may still be being written: it is read again.
        guard let end = data.lastIndex(of: 0x0A) else { return }
        offset += UInt64(end - data.startIndex + 1)
        for line in data[..<end].split(separator: 0x0A) {
            if let point = Journal.record(line: Array(line)).flatMap(StageRecords.point) { append(point) }
        }
    }

    init() {}

    private init(file: UInt64, offset: UInt64) { (self.file, self.offset) = (file, offset) }

    private mutating func append(_ point: CurvePoint) {
        last = point
        points.append(point)
        guard points.count > Self.limit else { return }
        points = stride(from: 0, to: points.count, by: 2).map { index in
            guard index + 1 < points.count else { return points[index] }
            var pair = points[index + 1]
            pair.loss = (points[index].loss + pair.loss) / 2
            return pair
        }
    }
}
