import Experiments
import Foundation
import Testing

/// Without it the write would end the test process.
@Test func writingToAClosedPipeIsAnError() {
    BrokenPipe.becomesError()
    var ends: [Int32] = [0, 0]
    #expect(pipe(&ends) == 0)
    close(ends[0])
    #expect(write(ends[1], "x", 1) == -1)
    #expect(errno == EPIPE)
    close(ends[1])
}
