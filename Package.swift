// swift-tools-version:6.2
import PackageDescription

/// Kernels are optimised in debug builds too: tests would crawl without. The C flag reaches Swift's code generator.
func kernelSettings(_ flags: [String] = [], defines: [String] = []) -> [SwiftSetting] {
    [.unsafeFlags(["-Ounchecked", "-disable-batch-mode", "-wmo", "-num-threads", "1"] + flags)] + defines.map { .define($0) }
}
let optimised: [SwiftSetting] = [.unsafeFlags(["-O"])]

#if arch(x86_64)
    let wideKernels: [Target] = [
        .target(
            name: "KernelsAVX2", dependencies: ["CIntrinsics", "KernelTypes"],
            swiftSettings: kernelSettings(["-Xcc", "-march=x86-64-v3"], defines: ["STRATA_FMA", "STRATA_AVX2"])),
        .target(
            name: "KernelsAVX512", dependencies: ["CIntrinsics", "KernelTypes"],
            swiftSettings: kernelSettings(["-Xcc", "-march=x86-64-v4"], defines: ["STRATA_FMA", "STRATA_AVX512"])),
        .target(
            name: "KernelsAVX512BF16", dependencies: ["CIntrinsics", "KernelTypes"],
            swiftSettings: kernelSettings(
                ["-Xcc", "-march=x86-64-v4", "-Xcc", "-mavx512bf16"], defines: ["STRATA_FMA", "STRATA_AVX512", "STRATA_BF16"])),
    ]
    let portableDefines: [String] = []
#else
    let wideKernels: [Target] = []
    let portableDefines = ["STRATA_FMA"]
#endif

let package = Package(
    name: "strata",
    platforms: [.macOS(.v15)],
    products: [.executable(name: "strata", targets: ["strata"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
    ],
    targets: wideKernels + [
        .target(name: "Settings", swiftSettings: optimised),
        .systemLibrary(name: "CHDF5", pkgConfig: "hdf5", providers: [.apt(["libhdf5-dev"]), .brew(["hdf5"])]),
        .target(name: "HDF5", dependencies: ["CHDF5"], swiftSettings: optimised),
        .target(name: "CProcessor"),
        .target(name: "KernelTypes", swiftSettings: optimised),
        .target(name: "CIntrinsics"),
        .target(name: "KernelsPortable", dependencies: ["CIntrinsics", "KernelTypes"], swiftSettings: kernelSettings(defines: portableDefines)),
        .target(
            name: "Kernels",
            dependencies: ["CProcessor", "KernelTypes", "KernelsPortable"] + wideKernels.map { .target(name: $0.name) },
            swiftSettings: optimised),
        .target(name: "Llama", dependencies: ["Settings", "Kernels"]),
        .target(name: "Corpus", dependencies: ["Settings", "Kernels"], swiftSettings: optimised),
        .target(name: "Training", dependencies: ["Settings", "KernelTypes", "Kernels", "Llama", "Corpus"]),
        .target(name: "Continual", dependencies: ["Settings", "Kernels", "Llama", "Corpus", "Training"]),
        .target(
            name: "Experiments",
            dependencies: [
                "Settings", "Kernels", "Llama", "Corpus", "Training", "Continual",
                .product(name: "Yams", package: "Yams"), .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Subprocess", package: "swift-subprocess"),
            ]),
        .target(
            name: "Results",
            dependencies: ["Settings", "HDF5", "Kernels", "Training", "Continual", "Experiments", .product(name: "Subprocess", package: "swift-subprocess")]),
        .target(name: "Benchmarks", dependencies: ["Settings", "KernelTypes", "Kernels", "Llama", "Corpus", "Training", "Continual"]),
        .executableTarget(
            name: "strata",
            dependencies: [
                "Settings", "HDF5", "Kernels", "Llama", "Corpus", "Training", "Continual", "Experiments", "Results", "Benchmarks",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),

        .target(name: "TestSupport", dependencies: ["Settings", "Kernels", "Llama"], path: "Tests/TestSupport"),
        .testTarget(name: "TestSupportTests", dependencies: ["Settings", "Kernels", "Llama", "TestSupport"]),
        .testTarget(name: "SettingsTests", dependencies: ["Settings", "Kernels"]),
        .testTarget(name: "HDF5Tests", dependencies: ["HDF5"]),
        .testTarget(name: "KernelsTests", dependencies: ["KernelTypes", "Kernels", "TestSupport"]),
        .testTarget(name: "LlamaTests", dependencies: ["Settings", "Kernels", "Llama", "TestSupport"]),
        .testTarget(name: "CorpusTests", dependencies: ["Settings", "Kernels", "Corpus", "TestSupport"]),
        .target(name: "CAllocations", path: "Tests/CAllocations"),
        .testTarget(
            name: "TrainingTests",
            dependencies: [
                "Settings", "KernelTypes", "Kernels", "Llama", "Corpus", "Training", "TestSupport", "CAllocations",
                .product(name: "Crypto", package: "swift-crypto"),
            ]),
        .testTarget(name: "ContinualTests", dependencies: ["Settings", "Kernels", "Llama", "Corpus", "Training", "Continual", "TestSupport"]),
        .testTarget(
            name: "ExperimentsTests", dependencies: ["Settings", "HDF5", "Kernels", "Llama", "Corpus", "Training", "Continual", "Experiments", "Results", "TestSupport"]),
        .testTarget(name: "ResultsTests", dependencies: ["Settings", "HDF5", "Results"]),
        .testTarget(name: "BenchmarksTests", dependencies: ["Settings", "Kernels", "Llama", "Benchmarks"]),
    ]
)
