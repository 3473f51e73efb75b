import Kernels
import Testing

/// Expected numbers come from an independent implementation of the published algorithms in another language.
@Suite struct RandomStreamTests {
    static func first<T>(_ count: Int, _ draw: (inout RandomStream) -> T) -> [T] {
        var stream = RandomStream(seed: 7, "g")
        return (0..<count).map { _ in draw(&stream) }
    }

    /// The reference sequence of xoshiro256** from the state 1, 2, 3, 4.
    @Test func generatorIsXoshiro256StarStar() {
        var stream = RandomStream(state: (1, 2, 3, 4))
        #expect((0..<10).map { _ in stream.next() } == [
            11520, 0, 1_509_978_240, 1_215_971_899_390_074_240, 1_216_172_134_540_287_360, 607_988_272_756_665_600,
            16_172_922_978_634_559_625, 8_476_171_486_693_032_832, 10_595_114_339_597_558_777, 2_904_607_092_377_533_576,
        ])
    }

    @Test(arguments: [
        (0, "", [0xb957_95aa_f955_5424, 0x853f_68c5_d692_bdc0, 0xf623_93aa_1c87_e4f0]),
        (7, "batches", [0xd481_aad6_2b4f_da6, 0xb0f5_f301_1f2a_c265, 0xa3d2_20a3_0544_2e0]),
        (7, "init", [0x4944_f93b_fc89_329, 0xa017_188c_e682_b891, 0x5119_51c6_945f_81f5]),
        (-1, "x", [0xbffb_d797_ef13_873c, 0x2b02_2226_298d_de89, 0xda0a_0704_54c0_b7f7]),
    ] as [(Int, String, [UInt64])])
    func seedAndLabelChooseTheStream(seed: Int, label: String, expected: [UInt64]) {
        var stream = RandomStream(seed: seed, label)
        #expect((0..<3).map { _ in stream.next() } == expected)
    }

    @Test func drawsHaveTheirExactValues() {
        #expect(Self.first(12) { $0.below(10) } == [2, 9, 6, 9, 0, 6, 4, 1, 3, 6, 9, 2])
        #expect(Self.first(4) { $0.uniform() } == [0x1.b1f158d8267e8p-3, 0x1.fa477f6f61e51p-1, 0x1.4c60de0d0fee5p-1, 0x1.dc2016a8e933cp-1])
        #expect(Self.first(4) { $0.normal() } == [0x1.6074c743796a4p-1, 0x1.4f335c52834f2p+0, -0x1.889dc2048c63ep-4, 0x1.7c525b166df91p-1])
        #expect(Self.first(1) { $0.shuffled(Array(0..<12)) } == [[9, 3, 5, 1, 7, 11, 4, 0, 8, 6, 10, 2]])
    }

    /// A quarter of the draws are rejected for this bound, so that the rejection path is taken.
    @Test func largeBoundsRejectWhatWouldBeUneven() {
        #expect(Self.first(6) { $0.below(3 << 61) } == [
            1_465_728_345_618_378_939, 6_840_237_641_793_467_815, 6_432_833_789_255_857_880, 157_595_875_643_840_496,
            4_678_596_345_696_069_223, 2_939_549_366_511_366_549,
        ])
    }

    @Test func aKeptStateGoesOnWhereTheStreamStopped() {
        var stream = RandomStream(seed: 3, "resume")
        for _ in 0..<5 { _ = stream.normal() }
        var resumed = RandomStream(state: stream.state)
        #expect(resumed == stream)
        #expect((0..<50).map { _ in resumed.next() } == (0..<50).map { _ in stream.next() })
        #expect(resumed == stream)
        _ = resumed.next()
        #expect(resumed != stream)
    }

    @Test func streamsOfOneSeedShareNothing() {
        var seen: Set<UInt64> = []
        let labels = ["", "a", "b", "aa", "ab", "ba", "init", "batches"]
        for seed in -2...2 {
            for label in labels {
                var stream = RandomStream(seed: seed, label)
                for _ in 0..<100 { seen.insert(stream.next()) }
            }
        }
        #expect(seen.count == 5 * labels.count * 100)
    }

    /// Chi-square with 9 degrees of freedom: above 27.9 once in a thousand seeds.
    @Test func belowIsUniform() {
        var stream = RandomStream(seed: 1, "chi-square")
        var counts = [Int](repeating: 0, count: 10)
        for _ in 0..<20_000 { counts[stream.below(10)] += 1 }
        let chiSquare = counts.reduce(0.0) { $0 + (Double($1) - 2000) * (Double($1) - 2000) / 2000 }
        #expect(chiSquare < 27.9)
        #expect((0..<100).allSatisfy { _ in stream.below(1) == 0 })
    }

    /// Moments of 40,000 draws, each within five of its own standard errors.
    @Test func uniformAndNormalHaveTheirMoments() {
        let count = 40_000
        var stream = RandomStream(seed: 2, "moments")
        func moment(_ values: [Double], _ power: Int) -> Double {
            values.reduce(0) { sum, x in sum + (0..<power).reduce(1.0) { product, _ in product * x } } / Double(values.count)
        }
        let uniform = (0..<count).map { _ in stream.uniform() }
        #expect(uniform.allSatisfy { $0 >= 0 && $0 < 1 })
        #expect(abs(moment(uniform, 1) - 0.5) < 5 * 0.2887 / 200)
        #expect(abs(moment(uniform, 2) - 1.0 / 3) < 5 * 0.2981 / 200)
        let normal = (0..<count).map { _ in stream.normal() }
        #expect(abs(moment(normal, 1)) < 5 * 1 / 200)
        #expect(abs(moment(normal, 2) - 1) < 5 * 1.414 / 200)
        #expect(abs(moment(normal, 3)) < 5 * 3.873 / 200)
        #expect(abs(moment(normal, 4) - 3) < 5 * 9.798 / 200)
        // P(|z| < 1) = 0.6827 with a standard error of 0.0023; P(|z| > 3) = 0.0027 with one of 0.00026.
        #expect(abs(Double(normal.count { abs($0) < 1 }) / Double(count) - 0.6827) < 5 * 0.0023)
        #expect(abs(Double(normal.count { abs($0) > 3 }) / Double(count) - 0.0027) < 5 * 0.00026)
        let neighbours = zip(normal, normal.dropFirst()).reduce(0.0) { $0 + $1.0 * $1.1 } / Double(count)
        #expect(abs(neighbours) < 5 * 1 / 200)
    }

    /// Chi-square with 5 degrees of freedom over the six orders of three: above 20.5 once in a thousand seeds.
    @Test func everyOrderIsAsLikely() {
        var stream = RandomStream(seed: 3, "orders")
        var counts: [[Int]: Int] = [:]
        for _ in 0..<12_000 { counts[stream.shuffled([0, 1, 2]), default: 0] += 1 }
        #expect(counts.count == 6)
        #expect(counts.values.map { (Double($0) - 2000) * (Double($0) - 2000) / 2000 }.sorted().reduce(0, +) < 20.5)
    }

    @Test func shuffledAndPickKeepToTheElements() {
        var stream = RandomStream(seed: 4)
        #expect(stream.shuffled([Int]()) == [])
        #expect(stream.shuffled(["only"]) == ["only"])
        #expect(stream.shuffled([1, 1, 2, 3]).sorted() == [1, 1, 2, 3])
        #expect(Set((0..<100).map { _ in stream.pick(["a", "b", "c"]) }) == ["a", "b", "c"])
    }

    @Test func impossibleRequestsTrap() async {
        await #expect(processExitsWith: .failure) {
            var stream = RandomStream(seed: 0)
            _ = stream.below(0)
        }
        await #expect(processExitsWith: .failure) {
            var stream = RandomStream(seed: 0)
            _ = stream.pick([Int]())
        }
        await #expect(processExitsWith: .failure) { _ = RandomStream(state: (0, 0, 0, 0)) }
    }
}
