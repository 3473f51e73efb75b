import Settings

/// The section `slurm` of an experiment file: what its jobs ask of Slurm. No part of any recipe: it reaches no result.
public struct SlurmSettings: Sendable, Hashable {
    public static let fields: [Field] = [
        .optional("partition", .string, default: nil, "partition of the jobs; without it Slurm's default"),
        .optional("account", .string, default: nil, "account that is charged"),
        .optional("qos", .string, default: nil, "quality of service"),
        .optional("constraint", .string, default: nil, "features that a node must have"),
        .optional(
            "time", .either([.positive, .string]), default: nil,
            "time limit of a job: minutes, or as sbatch takes it (\"1-12:00:00\"); a stage that does not end within it is saved and goes on in another job"),
        .optional("memory", .either([.positive, .string]), default: nil, "memory of a job: megabytes, or \"4G\"; without it from the estimate of each stage"),
        .optional(
            "cpus", .integer(1...256), default: nil,
            "processors of a job, which are its threads; without it 4 for what many wait for and for wide models, else 1"),
        .optional("array_limit", .positive, default: nil, "jobs of one array that run at once at most"),
        .optional("max_jobs", .positive, default: 1000, "jobs in the queue at once at most; the rest is submitted when some have ended"),
        .optional("extra", .list(.string, count: 0...100), default: [], "further options of sbatch, as they are: [\"--exclusive\"]"),
    ]

    public var partition: String?
    public var account: String?
    public var qos: String?
    public var constraint: String?
    /// As sbatch takes it.
    public var time: String?
    /// As sbatch takes it.
    public var memory: String?
    public var cpus: Int?
    public var arrayLimit: Int?
    public var maximumJobCount: Int
    public var extra: [String]

    /// Throws at text that sbatch would not take as what it is meant to be.
    init(_ value: Value) throws(SettingsError) {
        let settings = try Settings(value, fields: Self.fields)
        func word(_ key: String) throws(SettingsError) -> String? {
            guard let text = settings.value[key]?.asString else { return nil }
            guard !text.isEmpty, !text.contains(where: \.isNewline) else {
                throw SettingsError(
                    path: Path(dotted: key), found: Value.string(text).summary, expected: "a line of text", advice: "leave the key out for Slurm's default")
            }
            return text
        }
        (partition, account, qos, constraint) = (try word("partition"), try word("account"), try word("qos"), try word("constraint"))
        /// Whole numbers have a unit of ours, text one of its own.
        func amount(_ key: String, unit: String) throws(SettingsError) -> String? {
            if let number = settings.value[key]?.asInteger { return "\(number)\(unit)" }
            return try word(key)
        }
        time = try amount("time", unit: "")
        if let time, Self.seconds(ofTime: time) == nil {
            throw SettingsError(
                path: Path(dotted: "time"), found: Value.string(time).summary,
                expected: "minutes, \"hours:minutes:seconds\" or \"days-hours:minutes:seconds\", at least a minute")
        }
        memory = try amount("memory", unit: "M")
        if let memory {
            let digits = "KMGT".contains(memory.last ?? " ") ? memory.dropLast() : memory[...]
            guard let number = Int(digits), number > 0, digits.allSatisfy(\.isNumber) else {
                throw SettingsError(
                    path: Path(dotted: "memory"), found: Value.string(memory).summary, expected: "megabytes, or a number with K, M, G or T such as \"4G\"")
            }
        }
        cpus = settings.value["cpus"]?.asInteger
        arrayLimit = settings.value["array_limit"]?.asInteger
        maximumJobCount = settings.integer("max_jobs")
        extra = settings.list("extra").compactMap(\.asString)
        for (index, option) in extra.enumerated() {
            let name = option.prefix { $0 != "=" }
            let path = Path(dotted: "extra").appending(index)
            guard option.hasPrefix("-"), option.count > 1, !option.contains(where: \.isNewline) else {
                throw SettingsError(
                    path: path, found: Value.string(option).summary, expected: "an option of sbatch such as \"--exclusive\"",
                    advice: "an option and its value are one word: \"--nice=100\"")
            }
            guard !Self.own.contains(String(name)) else {
                throw SettingsError(
                    path: path, found: Value.string(option).summary, expected: "an option that strata does not set itself (\(Self.own.joined(separator: ", ")))")
            }
        }
    }

    /// What the bookkeeping of jobs rests on.
    private static let own = [
        "--array", "-a", "--chdir", "-D", "--dependency", "-d", "--job-name", "-J", "--kill-on-invalid-dep", "--output", "-o", "--error", "-e",
        "--parsable", "--wait", "-W", "--wrap",
    ]

    /// Minutes, minutes:seconds, hours:minutes:seconds, days-hours, days-hours:minutes or days-hours:minutes:seconds; nil for anything else and
    /// for less than a minute, which Slurm does not know.
    static func seconds(ofTime text: String) -> Int? {
        let halves = text.split(separator: "-", omittingEmptySubsequences: false)
        guard (1...2).contains(halves.count) else { return nil }
        let numbers = halves[halves.count - 1].split(separator: ":", omittingEmptySubsequences: false).map { part in
            part.allSatisfy { $0.isASCII && $0.isNumber } ? Int(part) : nil
        }
        guard numbers.count <= 3, numbers.allSatisfy({ $0 ?? .max < 1_000_000 }) else { return nil }
        let parts = numbers.compactMap(\.self)
        var seconds = 0
        if halves.count == 2 {
            guard halves[0].allSatisfy({ $0.isASCII && $0.isNumber }), let days = Int(halves[0]), days < 100_000 else { return nil }
            seconds = days * 86_400 + zip(parts, [3600, 60, 1]).reduce(0) { $0 + $1.0 * $1.1 }
        } else {
            // One number is minutes, two are minutes and seconds.
            seconds = zip(parts, parts.count == 3 ? [3600, 60, 1] : [60, 1, 1]).reduce(0) { $0 + $1.0 * $1.1 }
        }
        return seconds >= 60 ? seconds : nil
    }

    /// How long before its time limit a job is told to save its state, in seconds.
    var graceSeconds: Int {
        // Slurm looks at its limits twice a minute: less would come too late, and in a short job more would come too early.
        time.flatMap(Self.seconds(ofTime:)).map { min(120, max(15, $0 / 10)) } ?? 120
    }
}
