/// Jobs that are submitted together: one call of sbatch.
struct JobArray: Sendable, Hashable {
    enum Dependency: Sendable, Hashable {
        case none
        /// All of them wait for one task of an array.
        case task(array: Int, index: Int)
        /// Each of them waits for the task of an array that has its index.
        case correspondingTask(array: Int)

        /// As sbatch takes it.
        var text: String? {
            switch self {
            case .none: nil
            case .task(let array, let index): "afterok:\(array)_\(index)"
            case .correspondingTask(let array): "aftercorr:\(array)"
            }
        }
    }

    struct Member: Sendable, Hashable {
        /// Its index in the array.
        var index: Int
        /// Its place in the list of jobs.
        var job: Int
    }

    var dependency: Dependency
    /// In ascending order of their indices.
    var members: [Member]
    var cpus: Int
    var memory: Int

    /// "0-7,9": the indices as sbatch takes them.
    var indices: String {
        var ranges: [ClosedRange<Int>] = []
        for member in members {
            if let last = ranges.last, last.upperBound + 1 == member.index {
                ranges[ranges.count - 1] = last.lowerBound...member.index
            } else {
                ranges.append(member.index...member.index)
            }
        }
        return ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }.joined(separator: ",")
    }

    /// Where a job that has not ended is in Slurm.
    struct Placement: Sendable, Hashable {
        var array: Int
        var index: Int
    }

    /// Puts jobs of one depth into as few arrays as their dependencies allow.
    ///
    /// Children of an array's tasks become arrays that correspond to it, the first children one, the second another, or an array for each
    /// parent, whichever is fewer.
    ///
    /// - Parameters:
    ///   - jobs: places in the list `all`, ascending.
    ///   - placement: where the parents are that are not done.
    ///   - limit: tasks of an array at most; Slurm's MaxArraySize.
    static func arrays(of jobs: [Int], in all: [StageJob], placement: [Int: Placement], limit: Int) -> [JobArray] {
        var arrays: [JobArray] = []
        /// Cuts by what is asked of the node, and by the limit unless the indices are given.
        func add(_ jobs: [(index: Int?, job: Int)], _ dependency: Dependency) {
            var groups: [(cpus: Int, memory: Int, jobs: [(index: Int?, job: Int)])] = []
            for member in jobs {
                let (cpus, memory) = (all[member.job].cpus, all[member.job].memory)
                if let group = groups.firstIndex(where: { $0.cpus == cpus && $0.memory == memory }) {
                    groups[group].jobs.append(member)
                } else {
                    groups.append((cpus, memory, [member]))
                }
            }
            for group in groups {
                for start in stride(from: 0, to: group.jobs.count, by: limit) {
                    let part = group.jobs[start..<min(start + limit, group.jobs.count)]
                    let members = part.enumerated().map { Member(index: $1.index ?? $0, job: $1.job) }
                    arrays.append(JobArray(dependency: dependency, members: members.sorted { $0.index < $1.index }, cpus: group.cpus, memory: group.memory))
                }
            }
        }
        var free: [(index: Int?, job: Int)] = []
        var arrayOrder: [Int] = []
        var children: [Int: [Int: [Int]]] = [:]  // of an array's tasks by their index
        for job in jobs {
            guard let parent = all[job].parent, let place = placement[parent] else {
                free.append((nil, job))
                continue
            }
            if children[place.array] == nil { arrayOrder.append(place.array) }
            children[place.array, default: [:]][place.index, default: []].append(job)
        }
        add(free, .none)
        for array in arrayOrder {
            let byTask = (children[array] ?? [:]).sorted { $0.key < $1.key }
            let most = byTask.map(\.value.count).max() ?? 0
            if most <= byTask.count {
                for rank in 0..<most {
                    add(byTask.filter { $0.value.count > rank }.map { ($0.key, $0.value[rank]) }, .correspondingTask(array: array))
                }
            } else {
                for (index, jobs) in byTask { add(jobs.map { (nil, $0) }, .task(array: array, index: index)) }
            }
        }
        return arrays
    }
}
