import Foundation

extension SlurmCoordinator {
    /// Submits what can be, when there is room for a good part of it: few large arrays are what Slurm likes best.
    nonisolated(nonsending) func submit() async throws {
        let ready = self.ready
        let room = max(0, limit - activeCount)
        guard !ready.isEmpty, room >= min(ready.count, max(1, limit / 4)) else { return }
        let wanted = Array(ready.prefix(room))
        let isTaken = try await submit(wanted) == wanted.count
        // Where Slurm has shown its limit; the jobs of others may count there, and end too.
        limit = isTaken ? min(submitter.settings.maximumJobCount, limit + limit / 4 + 1) : activeCount
        let rest = self.ready.count
        guard rest > 0 else { return }
        note(
            "\(rest) more \(rest == 1 ? "job waits" : "jobs wait") for room: \(activeCount) are in the queue at once "
                + "(slurm.max_jobs=\(submitter.settings.maximumJobCount))")
    }

    private var activeCount: Int { status.count { if case .queued = $0 { true } else { false } } }

    /// Jobs that are not submitted and whose parents are done, in the queue, or among them; each behind its parent.
    var ready: [Int] {
        var isReady = [Bool](repeating: false, count: jobs.count)
        var ready: [Int] = []
        for job in jobs.indices where status[job] == .waiting && hasBase(job) {
            if let parent = jobs[job].parent {
                switch status[parent] {
                case .done, .queued: break
                case .waiting: if !isReady[parent] { continue }
                // What failed may be no more than an evaluation behind the model.
                case .failed: if doneCounts[parent] == 0 { continue }
                }
            }
            isReady[job] = true
            ready.append(job)
        }
        return ready
    }

    /// Whether the base that a job reads beside its parent is made, or comes before the parent in any case: all jobs between them wait for it too.
    private func hasBase(_ job: Int) -> Bool {
        guard let base = jobs[job].base, doneCounts[base] == 0 else { return true }
        var place = jobs[job].parent
        while let earlier = place, earlier != base {
            if doneCounts[earlier] > 0 { return false }
            place = jobs[earlier].parent
        }
        return true
    }

    /// Submits jobs until Slurm takes no more, and returns how many. Throws when it takes none and there are none whose end could change that.
    private nonisolated(nonsending) func submit(_ chosen: [Int]) async throws -> Int {
        if maximumArraySize == nil { maximumArraySize = await commands.maximumArraySize() }
        var numbers: [Int] = []
        var count = 0
        var refusal: SlurmError?
        for depth in Set(chosen.map { jobs[$0].depth }).sorted() where refusal == nil {
            var placement: [Int: JobArray.Placement] = [:]
            for job in jobs.indices { if case .queued(let place) = status[job] { placement[job] = place } }
            let level = chosen.filter { jobs[$0].depth == depth }
            for array in JobArray.arrays(of: level, in: jobs, placement: placement, limit: maximumArraySize ?? 1) where refusal == nil {
                var array = array
                while !array.members.isEmpty {
                    do {
                        numbers.append(try await submit(array))
                        count += array.members.count
                        break
                    } catch let error as SlurmError where error.isLimit {
                        refusal = error
                        // The half of it may still find room.
                        array.members.removeLast((array.members.count + 1) / 2)
                    }
                }
            }
        }
        if count > 0 {
            let arrays = "\(numbers.count) \(numbers.count == 1 ? "array" : "arrays")"
            note("submitted \(count) \(count == 1 ? "job" : "jobs") in \(arrays): \(Self.list(numbers))")
        }
        if let refusal {
            guard activeCount > 0 else { throw refusal }
            note("Slurm takes no more jobs now: \(refusal)")
        }
        return count
    }

    /// Submits an array and returns its number.
    private nonisolated(nonsending) func submit(_ array: JobArray) async throws -> Int {
        // Why a job failed before says nothing of what comes now.
        for member in array.members where hasFailed[member.job] {
            for stage in jobs[member.job].stages { unlink(store.folder(stage.key) + "/failed") }
            hasFailed[member.job] = false
        }
        let number = try await submitter.submit(array, of: jobs, &ledger, commands)
        for member in array.members {
            status[member.job] = .queued(.init(array: number, index: member.index))
            attempts[member.job] += 1
        }
        return number
    }

    private static func list(_ numbers: [Int]) -> String {
        numbers.prefix(8).map { String($0) }.joined(separator: " ") + (numbers.count > 8 ? " ... \(numbers[numbers.count - 1])" : "")
    }
}
