import Llama
import Settings
import Testing

@Suite struct BlockPlacementTests {
    /// The authors' script: a block after layer i when (i + 1) mod (L // k) = 0, and exactly k of them; nil where it gives up.
    static func authors(_ k: Int, _ layerCount: Int) -> [Int]? {
        let layers = (0..<layerCount).filter { ($0 + 1) % (layerCount / k) == 0 }.map { $0 + 1 }
        return layers.count == k ? layers : nil
    }

    @Test func interleavedIsTheAuthorsWhereTheyAgree() throws {
        for k in [1, 2, 4, 8, 16, 32] {
            #expect(try BlockPlacement.interleaved.layers(count: k, layerCount: 32) == Self.authors(k, 32))
        }
        // Where the script runs too, and spreads less evenly.
        for k in [3, 5, 6, 10] {
            let authors = try #require(Self.authors(k, 32))
            #expect(try BlockPlacement.interleaved.layers(count: k, layerCount: 32) != authors)
        }
        #expect((1...32).filter { Self.authors($0, 32) != nil } == [1, 2, 3, 4, 5, 6, 8, 10, 16, 32])
        for k in 1...32 { #expect(BlockPlacement.authorsLayers(count: k, layerCount: 32) == Self.authors(k, 32)) }
        #expect(BlockPlacement.authorsLayers(count: 0, layerCount: 32) == nil && BlockPlacement.authorsLayers(count: 33, layerCount: 32) == nil)
    }

    @Test func interleavedByHand() throws {
        let cases: [(k: Int, layerCount: Int, layers: [Int])] = [
            (1, 1, [1]), (3, 1, [1, 1, 1]), (1, 4, [4]), (3, 4, [1, 2, 4]), (4, 4, [1, 2, 3, 4]), (5, 4, [1, 2, 3, 4, 4]),
            (6, 4, [1, 2, 2, 3, 4, 4]), (8, 4, [1, 1, 2, 2, 3, 3, 4, 4]), (7, 3, [1, 1, 2, 2, 3, 3, 3]),
        ]
        for (k, layerCount, layers) in cases { #expect(try BlockPlacement.interleaved.layers(count: k, layerCount: layerCount) == layers) }
    }

    @Test func interleavedSpreadsEvenly() throws {
        for layerCount in 1...12 {
            for k in 1...40 {
                let layers = try BlockPlacement.interleaved.layers(count: k, layerCount: layerCount)
                #expect(layers.count == k && layers == layers.sorted() && layers.last == layerCount && layers[0] >= 1)
                let times = (1...layerCount).map { layer in layers.count { $0 == layer } }
                #expect((times.max() ?? 0) - (times.min() ?? 0) <= 1, "\(k) in \(layerCount)")
            }
        }
    }

    @Test func bottomTopAndLists() throws {
        #expect(try BlockPlacement.bottom.layers(count: 3, layerCount: 2) == [0, 0, 0])
        #expect(try BlockPlacement.top.layers(count: 3, layerCount: 2) == [2, 2, 2])
        #expect(try BlockPlacement.layers([2, 0, 1, 2]).layers(count: 4, layerCount: 2) == [0, 1, 2, 2])
    }

    @Test func impossibleRequestsAreErrors() throws {
        for placement in [BlockPlacement.interleaved, .bottom, .top, .layers([])] {
            for k in [0, -1, Int.min] {
                let error = #expect(throws: SettingsError.self) { try placement.layers(count: k, layerCount: 4) }
                #expect(error?.path.description == "blocks" && error?.found == "\(k)")
            }
        }
        for (layers, index) in [([5], 0), ([0, 4, -1], 2), ([4, Int.max], 1)] {
            let error = #expect(throws: SettingsError.self) { try BlockPlacement.layers(layers).layers(count: layers.count, layerCount: 4) }
            #expect(error?.path == Path(dotted: "position").appending(index) && error?.found == "\(layers[index])")
        }
        let error = #expect(throws: SettingsError.self) { try BlockPlacement.layers([1, 2]).layers(count: 3, layerCount: 4) }
        #expect(error?.path.description == "blocks" && error?.expected.hasPrefix("2, ") == true)
    }

    @Test func valuesAreRead() throws {
        let values: [(Value, BlockPlacement)] = [
            ("interleaved", .interleaved), ("bottom", .bottom), ("top", .top), ([3, 1], .layers([3, 1])), (.null, .interleaved),
        ]
        for (value, placement) in values { #expect(BlockPlacement(value: value) == placement) }
        for value in ["middle", [], [-1], [1.5], 3, ["top"]] as [Value] {
            #expect(throws: SettingsError.self) { try BlockPlacement.kind.validated(value, at: Path()) }
        }
    }
}
