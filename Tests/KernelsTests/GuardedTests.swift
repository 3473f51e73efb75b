import Testing

@Suite struct GuardedTests {
    @Test func writesOutsideAreSeen() {
        for offset in [-48, -1, 7, 7 + 47] {
            let guarded = Guarded(7)
            #expect(guarded.isIntact)
            guarded.base[offset] = 0
            #expect(!guarded.isIntact, "\(offset)")
        }
        let walled = Guarded(7, .beforeWall)
        walled.base[-1] = .nan
        #expect(!walled.isIntact)
    }

    @Test func writesInsideAreFine() {
        for placement in [Guarded.Placement.unaligned, .beforeWall] {
            for count in [0, 1, 16, 1024, 5000] {
                let guarded = Guarded([Float](repeating: 2, count: count), placement)
                #expect(guarded.isIntact)
                #expect(guarded.values == [Float](repeating: 2, count: count))
                guarded.reset()
                #expect(guarded.values.allSatisfy { $0.isNaN })
            }
        }
    }

    @Test func theStartIsOnNoVectorsBoundary() {
        #expect(Int(bitPattern: Guarded(16).base) % 8 == 4)
    }

    @Test func readingBehindTheWallEndsTheProcess() async {
        await #expect(processExitsWith: .failure) {
            let guarded = Guarded(5, .beforeWall)
            print(guarded.base[5])
        }
    }
}
