import Foundation
import Settings

/// What a job wrote: nothing when all is well.
enum SlurmLog {
    /// The last three lines that are not empty, each cut to 300 characters; nil when there is no log.
    static func lastWords(_ path: String) -> [String]? {
        guard let end = FileEnd.read(path) else { return nil }
        let lines = end.split(separator: "\n").filter { !$0.allSatisfy(\.isWhitespace) }
        return lines.suffix(3).map { String($0.prefix(300)) }
    }
}

/// The end of a file that may be long or be growing.
enum FileEnd {
    /// The last bytes as text; nil when there is no such file.
    static func read(_ path: String, count: Int = 4096) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        let size = Int(lseek(descriptor, 0, SEEK_END))
        var bytes = [UInt8](repeating: 0, count: min(size, count))
        let read = pread(descriptor, &bytes, bytes.count, off_t(max(0, size - count)))
        return String(decoding: bytes.prefix(max(0, read)), as: UTF8.self)
    }
}

extension Journal {
    /// The last whole records, some kilobytes of them.
    static func lastLines(_ path: String) -> [Value] {
        (FileEnd.read(path) ?? "").split(separator: "\n").compactMap { line in
            let json = Array(line.utf8.dropFirst(9))
            return line.hasPrefix(checksum(json) + " ") ? try? Value(json: json) : nil
        }
    }
}

extension Stage {
    /// Steps that it trains; nil when it trains nothing.
    var steps: Int? { lesson.flatMap { $0.train.steps > 0 ? $0.train.steps : nil } }
}
