import ArgumentParser
import Experiments
import Llama
import Settings

struct CheckpointExpandCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "expand", abstract: "Insert blocks that begin as the identity into a folder of transformers, without training.",
        discussion: """
            The block expansion of LLaMA Pro: copies of blocks whose o_proj and down_proj are zero. The model computes what it did before. Types of weights \
            and other files of the folder stay.
            """)

    @Argument(help: ArgumentHelp("A folder with config.json and safetensors.", valueName: "dir"), completion: .directory)
    var folder: String

    @Option(help: ArgumentHelp("Blocks to insert; with a list of positions as many as it names.", valueName: "n"))
    var blocks: Int?

    @Option(help: ArgumentHelp("interleaved, bottom, top, or the layers that new blocks follow (1-based, 0 is below the first), as 4,8,12.", valueName: "where"))
    var position = "interleaved"

    @OptionGroup var output: OutputOptions

    func run() throws {
        let layerCount = try LlamaFolder.configuration(folder).configuration.layerCount
        let listed = position.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
        let placement: BlockPlacement
        if !listed.contains(nil) { placement = .layers(listed.compactMap { $0 }) } else {
            guard ["interleaved", "bottom", "top"].contains(position) else {
                throw Failure.wrongInput("strata: --position is '\(position)', expected interleaved, bottom, top or a list of layers from 0 to \(layerCount), as 4,8,12")
            }
            placement = BlockPlacement(value: .string(position))
        }
        guard let count = blocks ?? (listed.contains(nil) ? nil : listed.count) else {
            throw Failure.wrongInput("strata: --blocks is missing, expected how many blocks to insert, from 1 up")
        }
        guard (1...4096).contains(count) else { throw Failure.wrongInput("strata: --blocks is '\(count)', expected a whole number from 1 to 4096") }
        let layers: [Int]
        do { layers = try placement.layers(count: count, layerCount: layerCount) } catch { throw Failure.wrongInput("strata: --\(error)") }
        let (added, files) = try CheckpointExpansion.write(folder, after: layers, to: output.output, isForced: output.force)
        output.print(
            files,
            "\(layerCount) layers became \(layerCount + count): new ones after \(layers.map(String.init).joined(separator: ", ")) (1-based), "
                + "now at \(added.map(String.init).joined(separator: ", ")) (counted from 0)")
    }
}
