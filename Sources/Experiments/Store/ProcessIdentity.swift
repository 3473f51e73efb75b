import Foundation
import Settings

/// Which process this is, so that others can find out whether it is still there. The number alone does not say: numbers are given again.
struct ProcessIdentity: Sendable, Hashable {
    /// For people; two machines may have one name.
    var host: String
    /// The boot of the machine and the space of process numbers, together unlike all others; empty where the system has no such thing.
    var machine: String
    var process: Int
    /// When the process began, in ticks since the boot.
    var start: Int

    static let current = ProcessIdentity(
        host: ProcessInfo.processInfo.hostName, machine: thisMachine, process: Int(getpid()), start: state(of: Int(getpid()))?.start ?? 0)

    /// Whether it is there; nil when that cannot be seen from here.
    var isAlive: Bool? {
        guard !machine.isEmpty, machine == Self.thisMachine else { return nil }
        // A zombie has done all that it will ever do.
        guard let (state, start) = Self.state(of: process) else { return false }
        return start == self.start && state != "Z" && state != "X"
    }

    private static let thisMachine: String = {
        guard let boot = try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8),
            let space = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/pid")
        else { return "" }
        return boot.filter { !$0.isWhitespace } + " " + space
    }()

    /// State and start of a process from its line in /proc, whose second word may have blanks and brackets.
    private static func state(of process: Int) -> (state: Character, start: Int)? {
        guard let data = FileManager.default.contents(atPath: "/proc/\(process)/stat"), let end = data.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let words = String(decoding: data[(end + 1)...], as: UTF8.self).split(separator: " ")
        // The first of these words is the third of the line, the start is its 22nd.
        guard words.count > 19, let state = words[0].first, let start = Int(words[19]) else { return nil }
        return (state, start)
    }
}
