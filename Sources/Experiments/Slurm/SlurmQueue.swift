/// What squeue lists: the jobs of this user that wait, run, or ended a short time ago.
struct SlurmQueue: Sendable, Hashable {
    struct Job: Sendable, Hashable {
        /// Slurm's word: PENDING, RUNNING, TIMEOUT ...
        var state: String
        /// Why it waits or ended: Priority, Dependency, NonZeroExitCode ...
        var reason: String

        var isActive: Bool { !Self.ended.contains(state) }
        var isRunning: Bool { state == "RUNNING" || state == "COMPLETING" || state == "SUSPENDED" }

        /// All other states end in one of these.
        private static let ended: Set<String> = [
            "BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "LAUNCH_FAILED", "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED", "RECONFIG_FAIL",
            "REVOKED", "TIMEOUT",
        ]
    }

    /// The format that `init` reads.
    static let format = "%i|%T|%r|%j"

    /// By the number of the array and the index.
    private(set) var jobs: [Int: [Int: Job]] = [:]
    /// Numbers of arrays by the names of their jobs.
    private(set) var arrays: [String: Int] = [:]

    init() {}

    init(_ text: String) throws(SlurmError) {
        for line in text.split(separator: "\n") {
            // A name may hold anything.
            let parts = line.split(separator: "|", maxSplits: 3, omittingEmptySubsequences: false).map { $0.drop(while: \.isWhitespace) }
            guard parts.count == 4 else { throw .unreadable(program: "squeue", output: String(line)) }
            // Jobs that are no arrays are not ours.
            guard let bar = parts[0].firstIndex(of: "_") else { continue }
            guard let array = Int(parts[0][..<bar]), let indices = Self.indices(parts[0][parts[0].index(after: bar)...]) else {
                throw .unreadable(program: "squeue", output: String(line))
            }
            arrays[String(parts[3])] = array
            for index in indices { jobs[array, default: [:]][index] = Job(state: String(parts[1]), reason: String(parts[2])) }
        }
    }

    /// The indices of `4`, or of `[0-3,7,10-20:5%2]`.
    private static func indices(_ text: Substring) -> [Int]? {
        guard text.hasPrefix("["), text.hasSuffix("]") else { return Int(text).map { [$0] } }
        var indices: [Int] = []
        for part in text.dropFirst().dropLast().prefix(while: { $0 != "%" }).split(separator: ",") {
            let pieces = part.split(whereSeparator: { $0 == "-" || $0 == ":" }).map { Int($0) }
            guard let head = pieces.first, let first = head, pieces.count <= 3, !pieces.contains(nil) else { return nil }
            let last = pieces.count > 1 ? pieces[1]! : first
            let step = pieces.count > 2 ? pieces[2]! : 1
            guard last >= first, last < 1 << 24, step > 0 else { return nil }
            indices += stride(from: first, through: last, by: step)
        }
        return indices
    }
}
