import CAllocations
import Foundation
import Kernels
import Llama
import Settings
import Testing
@testable import Training

/// The step is what the program spends its time with: after the first it takes no memory from the system.
@Suite struct AllocationTests {
    @Test func theCounterCounts() {
        guard allocations_of_this_thread() >= 0 else { return }
        let before = allocations_of_this_thread()
        let array = [Int](repeating: 1, count: 1000 + Int(before % 7))
        #expect(array.count >= 1000 && allocations_of_this_thread() > before)
    }

    @Test(arguments: ["full", "lora", "block-expansion"], ["fp32", "bf16"])
    func aStepAllocatesNothing(strategy: String, precision: String) throws {
        guard allocations_of_this_thread() >= 0 else { return }
        for threads in [1, 2] {
            let model = try smallModel(layers: 3)
            switch strategy {
            case "lora":
                model.attachLoRA(LoRASettings(rank: 2, alpha: 4, targetModules: Block.linearNames), seed: 1)
                model.setTrainable { $0.name.contains("lora_") }
            case "block-expansion":
                model.expand(after: [2])
                for layer in model.addedLayers { for parameter in model.blocks[layer].parameters { parameter.isTrainable = true } }
            default: model.setTrainable { _ in true }
            }
            let compute = Compute(threads: threads)
            let settings = try trainingSettings(["precision": .string(precision)])
            let trainer = Trainer(model, settings, batches: try smallBatches(), compute)
            _ = try trainer.takeStep()
            let before = allocations_of_this_thread()
            for _ in 0..<5 { _ = try trainer.takeStep() }
            #expect(allocations_of_this_thread() == before, "\(threads) threads")
        }
    }
}
