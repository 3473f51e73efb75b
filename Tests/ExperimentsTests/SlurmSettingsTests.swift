import Settings
import Testing

@testable import Experiments

@Suite struct SlurmSettingsTests {
    @Test func theSectionIsReadAndReachesNoRun() throws {
        let plain = try TinyExperiment.experiment()
        let text = TinyExperiment.sequential
            + "slurm: {partition: long, account: lab, qos: low, constraint: \"avx2&big\", time: 2-00:00:00, memory: 4G, cpus: 8, array_limit: 20, max_jobs: 50, extra: [--exclusive, --nice=100]}\n"
        let experiment = try TinyExperiment.experiment(text)
        let slurm = experiment.slurm
        #expect(slurm.partition == "long" && slurm.account == "lab" && slurm.qos == "low" && slurm.constraint == "avx2&big")
        #expect(slurm.time == "2-00:00:00" && slurm.memory == "4G" && slurm.cpus == 8 && slurm.arrayLimit == 20 && slurm.maximumJobCount == 50)
        #expect(slurm.extra == ["--exclusive", "--nice=100"])
        #expect(experiment.runs[0].settings == plain.runs[0].settings)
        #expect(try StageGraph(experiment, family: "f").stages.map(\.key) == StageGraph(plain, family: "f").stages.map(\.key))

        #expect(plain.slurm.partition == nil && plain.slurm.time == nil && plain.slurm.memory == nil && plain.slurm.maximumJobCount == 1000)
        let words = try TinyExperiment.experiment(text, words: ["slurm.time=90", "slurm.memory=2000", "slurm.partition=short"])
        #expect(words.slurm.time == "90" && words.slurm.memory == "2000M" && words.slurm.partition == "short" && words.slurm.account == "lab")
        #expect(words.runs[0].settings == plain.runs[0].settings)
    }

    @Test(arguments: [
        ("time: 0", "slurm.time: found 0, expected"),
        ("time: 1-2-3", "slurm.time: found \"1-2-3\", expected minutes, \"hours:minutes:seconds\""),
        ("time: \"0:30\"", "slurm.time: found \"0:30\", expected"),
        ("memory: -1", "slurm.memory: found -1, expected"),
        ("memory: 4X", "slurm.memory: found \"4X\", expected megabytes, or a number with K, M, G or T"),
        ("cpus: 300", "slurm.cpus: found 300, expected"),
        ("partition: \"\"", "slurm.partition: found \"\", expected a line of text"),
        ("extra: [exclusive]", "slurm.extra[0]: found \"exclusive\", expected an option of sbatch"),
        ("extra: [--nice, -d]", "slurm.extra[1]: found \"-d\", expected an option that strata does not set itself"),
        ("partitions: a", "slurm.partitions: found an unknown key 'partitions'"),
    ])
    func whatSbatchWouldNotTake(line: String, message: String) throws {
        let error = #expect(throws: ExperimentError.self) { try TinyExperiment.experiment(TinyExperiment.sequential + "slurm: {\(line)}\n") }
        #expect(try #require(error).description.contains(message), "\(error!)")
    }

    @Test func timesOfSlurm() {
        let known = ["90": 5400, "1:30": 90, "01:30:00": 5400, "2-0": 172_800, "1-2:3": 93_780, "1-02:03:04": 93_784, "0-00:01:00": 60]
        for (text, seconds) in known { #expect(SlurmSettings.seconds(ofTime: text) == seconds, "\(text)") }
        for text in ["", "0", "0:59", "a", "1:2:3:4", "1-2:3:4:5", "-1", "1--2", "1 ", "99999999999999999999"] { #expect(SlurmSettings.seconds(ofTime: text) == nil, "\(text)") }
    }

    /// A tenth of the limit, from 15 seconds to two minutes.
    @Test func timeToSave() throws {
        func grace(_ time: Value) throws -> Int { try SlurmSettings(["time": time]).graceSeconds }
        #expect(try grace(1) == 15)
        #expect(try grace(5) == 30)
        #expect(try grace("1:00:00") == 120)
        #expect(try SlurmSettings([:]).graceSeconds == 120)
    }
}
