import Foundation
import Kernels
import Testing

@Test func theExampleLearnsAndForgets() throws {
    let compute = Compute(threads: 2)
    let (base, expanded) = try learnAndForget(compute: compute)
    // New blocks begin as the identity: what they learn of arithmetic costs something on biographies.
    #expect(expanded[1].loss < base[1].loss - 0.5)
    #expect(expanded[0].loss > base[0].loss)
    #expect(base[0].accuracy != nil)
}

/// The page shows the example that is compiled here, and not another.
@Test func theLibraryPageShowsTheExample() throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    let example = try String(contentsOf: folder.appending(path: "Example.swift"), encoding: .utf8)
    let page = try String(contentsOf: folder.appending(path: "../../docs/Strata.docc/Strata.md"), encoding: .utf8)
    #expect(page.contains("```swift\n\(example)```\n"))
    #expect(example.split(separator: "\n", omittingEmptySubsequences: false).count <= 40)
}
