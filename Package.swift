// swift-tools-version:6.2
import Foundation
import PackageDescription

/// Kernels are optimised in debug builds too: tests would crawl without. The C flag reaches Swift's code generator.
func kernelSettings(_ flags: [String] = [], defines: [String] = []) -> [SwiftSetting] {
    [.unsafeFlags(["-Ounchecked", "-disable-batch-mode", "-wmo", "-num-threads", "1"] + flags)] + defines.map { .define($0) }
}
let optimised: [SwiftSetting] = [.unsafeFlags(["-O"])]
let root = Context.packageDirectory
func exists(_ t: Target) -> Bool { FileManager.default.fileExists(atPath: root + "/" + (t.isTest ? "Tests/" : "Sources/") + t.name) }

#if arch(x86_64)
    let variants = ["KernelsPortable", "KernelsAVX2", "KernelsAVX512"]
#else
    let variants = ["KernelsPortable"]
#endif

let package = Package(
    name: "strata",
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: ([
        .target(name: "Settings"),
        .systemLibrary(name: "CHDF5", pkgConfig: "hdf5"),
        .target(name: "HDF5", dependencies: ["CHDF5"]),
        .target(name: "CProcessor"),
        .target(name: "KernelTypes", swiftSettings: optimised),
        .target(name: "KernelsPortable", dependencies: ["KernelTypes"], swiftSettings: kernelSettings()),
        .target(
            name: "KernelsAVX2", dependencies: ["KernelTypes"],
            swiftSettings: kernelSettings(["-Xcc", "-march=x86-64-v3"], defines: ["STRATA_FMA", "STRATA_AVX2"])),
        .target(
            name: "KernelsAVX512", dependencies: ["KernelTypes"],
            swiftSettings: kernelSettings(["-Xcc", "-march=x86-64-v4"], defines: ["STRATA_FMA", "STRATA_AVX512"])),
        .target(name: "Kernels", dependencies: ["CProcessor", "KernelTypes"] + variants.map { .init(stringLiteral: $0) }, swiftSettings: optimised),
        .target(name: "Llama", dependencies: ["Settings", "Kernels"]),
        .target(name: "Corpus", dependencies: ["Settings", "Kernels"], swiftSettings: optimised),
        .target(name: "Training", dependencies: ["Settings", "KernelTypes", "Kernels", "Llama", "Corpus"]),
        .target(name: "Continual", dependencies: ["Settings", "Kernels", "Llama"]),
        .target(
            name: "Experiments",
            dependencies: [
                "Settings", "Kernels", "Llama", "Corpus", "Training", "Continual",
                .product(name: "Yams", package: "Yams"), .product(name: "Crypto", package: "swift-crypto"),
            ]),
        .target(name: "Results", dependencies: ["Settings", "HDF5", "Kernels", "Training", "Continual", "Experiments"]),
        .executableTarget(
            name: "strata",
            dependencies: [
                "Settings", "HDF5", "Kernels", "Training", "Continual", "Experiments", "Results", .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        .target(name: "TestSupport", dependencies: ["Settings", "Kernels", "Llama"], path: "Tests/TestSupport"),
        .testTarget(name: "SettingsTests", dependencies: ["Settings", "Kernels"]),
        .testTarget(name: "HDF5Tests", dependencies: ["HDF5"]),
        .testTarget(name: "KernelsTests", dependencies: ["Kernels", "TestSupport"]),
        .testTarget(name: "LlamaTests", dependencies: ["Llama", "TestSupport"]),
        .testTarget(name: "CorpusTests", dependencies: ["Corpus"]),
        .testTarget(name: "TrainingTests", dependencies: ["Training", "TestSupport"]),
        .testTarget(name: "ContinualTests", dependencies: ["Continual"]),
        .testTarget(name: "ExperimentsTests", dependencies: ["Experiments", "TestSupport"]),
        .testTarget(name: "ResultsTests", dependencies: ["Results"]),
    ] as [Target]).filter { exists($0) || $0.name == "TestSupport" }
)
