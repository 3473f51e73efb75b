// swift-tools-version:6.2
import Foundation
import PackageDescription

let root = Context.packageDirectory
func exists(_ t: Target) -> Bool { FileManager.default.fileExists(atPath: root + "/" + (t.isTest ? "Tests/" : "Sources/") + t.name) }

/// Kernels are optimised in debug builds too: tests would crawl without. The C flag reaches Swift's code generator.
func kernelSettings(_ flags: [String], _ defines: [String]) -> [SwiftSetting] {
    [.unsafeFlags(["-Ounchecked", "-disable-batch-mode", "-wmo", "-num-threads", "1"] + flags)] + defines.map { .define($0) }
}

let package = Package(
    name: "strata",
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: ([
        .target(name: "Settings"),
        .testTarget(name: "SettingsTests", dependencies: ["Settings"]),
        .systemLibrary(name: "CHDF5", pkgConfig: "hdf5"),
        .target(name: "HDF5", dependencies: ["CHDF5"]),
        .testTarget(name: "HDF5Tests", dependencies: ["HDF5"]),
        .target(name: "CProcessor"),
        .target(name: "KernelTypes", swiftSettings: [.unsafeFlags(["-O"])]),
        .target(name: "KernelsPortable", dependencies: ["KernelTypes"], swiftSettings: kernelSettings([], [])),
        .target(name: "KernelsAVX2", dependencies: ["KernelTypes"], swiftSettings: kernelSettings(["-Xcc", "-march=x86-64-v3"], ["STRATA_FMA", "STRATA_AVX2"])),
        .target(name: "KernelsAVX512", dependencies: ["KernelTypes"], swiftSettings: kernelSettings(["-Xcc", "-march=x86-64-v4"], ["STRATA_FMA", "STRATA_AVX512"])),
        .target(name: "Kernels", dependencies: ["CProcessor", "KernelTypes", "KernelsPortable", "KernelsAVX2", "KernelsAVX512"], swiftSettings: [.unsafeFlags(["-O"])]),
        .testTarget(name: "KernelsTests", dependencies: ["Kernels"]),
        .target(name: "Corpus", dependencies: ["Settings", "Kernels"]),
        .testTarget(name: "CorpusTests", dependencies: ["Corpus"]),
        .target(name: "Llama", dependencies: ["Settings", "Kernels"]),
        .executableTarget(name: "bench", dependencies: ["Kernels"]),
    ] as [Target]).filter(exists)
)
