import Testing

@testable import Experiments

@Suite struct SlurmQueueTests {
    /// As squeue of Slurm 22.05 printed it.
    @Test func linesOfSqueue() throws {
        let queue = try SlurmQueue(
            """
            2_1|CANCELLED|DependencyNeverSatisfied|tiny-a
            3_[0-1]|CANCELLED|DependencyNeverSatisfied|tiny-b
            1_0|COMPLETED|None|x
            1_1|FAILED|NonZeroExitCode|x
            5|PENDING|PartitionConfig|sbatch
            2_[3,7-9%2]|PENDING|Dependency|tiny-a
            2_0|RUNNING|None|tiny-a
            4_[0-8:4]|PENDING|Resources|a name | of its own

            """)
        #expect(queue.arrays == ["tiny-a": 2, "tiny-b": 3, "x": 1, "a name | of its own": 4])
        #expect(queue.jobs[2]?.keys.sorted() == [0, 1, 3, 7, 8, 9])
        #expect(queue.jobs[2]?[8] == .init(state: "PENDING", reason: "Dependency"))
        #expect(queue.jobs[4]?.keys.sorted() == [0, 4, 8])
        #expect(queue.jobs[5] == nil)
        #expect(queue.jobs[1]?[1]?.isActive == false && queue.jobs[2]?[1]?.isActive == false && queue.jobs[2]?[3]?.isActive == true)
        #expect(queue.jobs[2]?[0]?.isRunning == true && queue.jobs[2]?[3]?.isRunning == false)
        #expect(try SlurmQueue("") == SlurmQueue())
    }

    @Test(arguments: ["1_0|RUNNING|None", "1_[0-...]|PENDING|None|x", "1_[3-1]|PENDING|None|x", "a_1|PENDING|None|x", "1_[]x|PENDING|None|x"])
    func linesThatAreNotUnderstood(line: String) {
        #expect(throws: SlurmError.unreadable(program: "squeue", output: line)) { try SlurmQueue(line + "\n") }
    }
}
