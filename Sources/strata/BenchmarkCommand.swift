import ArgumentParser

struct BenchmarkCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "benchmark", abstract: "Measure how fast this machine is: single kernels, whole training steps, or a tokenizer.",
        discussion: "Benchmarks/run in the repository compares with PyTorch and writes a report.",
        subcommands: [BenchmarkKernelsCommand.self, BenchmarkTrainCommand.self, BenchmarkTokenizerCommand.self])
}
