import Benchmarks
import Testing

@Suite struct SampleTests {
    @Test func median() {
        #expect(Sample([3]).median == 3)
        #expect(Sample([9, 1, 2]).median == 2)
        #expect(Sample([9, 1, 2, 4]).median == 3)
        #expect(Sample([9, 1, 2, 4]).minimum == 1)
    }
}
