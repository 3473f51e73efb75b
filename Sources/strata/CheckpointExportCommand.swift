import ArgumentParser
import Experiments
import Llama

struct CheckpointExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write a model as transformers and PEFT read it.",
        discussion: """
            AutoModelForCausalLM and AutoTokenizer load the folder. An expanded model is a LLaMA with more layers. Adapters are written for PEFT, with the \
            base in the folder 'base' beside them, or with --merge added to the weights.
            """)

    @OptionGroup var checkpoint: CheckpointOptions
    @OptionGroup var output: OutputOptions

    enum DType: String, ExpressibleByArgument, CaseIterable {
        case fp32, bf16
        var type: Safetensors.ElementType { self == .fp32 ? .float32 : .bfloat16 }
    }

    @Option(help: "How weights are stored; bf16 rounds to the nearest.")
    var dtype = DType.fp32

    @Flag(help: "Add adapters to the weights that they adapt.")
    var merge = false

    func run() throws {
        let open = try checkpoint.open()
        let files = try CheckpointExport.write(open, to: output.output, type: dtype.type, merges: merge, isForced: output.force)
        let adapters = open.model.lora.map { ", adapters of rank \($0.rank) among them" } ?? ""
        output.print(files, "\(grouped(open.model.parameterCount)) weights as \(dtype.type.rawValue)\(adapters)")
    }
}
