// swift-tools-version:6.2
import Foundation
import PackageDescription

let root = Context.packageDirectory
func exists(_ t: Target) -> Bool { FileManager.default.fileExists(atPath: root + "/" + (t.isTest ? "Tests/" : "Sources/") + t.name) }
let kernels: [SwiftSetting] = []

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
        .target(name: "Kernels"),
        .target(name: "Corpus", dependencies: ["Settings", "Kernels"]),
        .testTarget(name: "CorpusTests", dependencies: ["Corpus"]),
    ] as [Target]).filter(exists)
)
