import Corpus
import Kernels
import Llama
import Settings
import Training

/// Trains a base on biographies, adds two blocks, trains only them on arithmetic. Returns what the base and the expanded model know of
/// either domain.
func learnAndForget(compute: Compute) throws -> (base: [DomainResult], expanded: [DomainResult]) {
    let texts = [
        Biographies().domain(name: "general", documentCount: 300, questionCount: 50, seed: 0),
        Arithmetic().domain(name: "arithmetic", documentCount: 300, questionCount: 50, seed: 0),
    ]
    let tokenizer = try BytePairTokenizer.trained(on: texts[0].training, vocabularySize: 320)
    let domains = texts.map { TokenizedDomain($0, tokenizer) }
    let evaluation = Evaluation(try EvaluationSettings(value: ["tokens": 2048, "questions": 20]), domains, tokenizer, sequenceLength: 32)
    let model = LlamaModel(
        try LlamaConfiguration(value: [
            "vocab_size": .integer(tokenizer.vocabularySize), "hidden_size": 32, "intermediate_size": 88, "num_hidden_layers": 2,
            "num_attention_heads": 2, "max_position_embeddings": 128,
        ]), seed: 1)

    func train(on domain: TokenizedDomain) throws {
        let settings = try TrainingSettings(value: ["steps": 60, "batch_size": 16, "learning_rate": 0.01])
        let batches = try Batches(domains: [domain.training], weights: [1], sequenceLength: 32, seed: 1, label: domain.name)
        try Trainer(model, settings, batches: batches, compute).train(record: { point in print(domain.name, point.step, point.loss) })
    }

    model.setTrainable { _ in true }
    try train(on: domains[0])
    let base = try evaluation.measure(model, compute)
    model.expand(after: [1, 2])
    for layer in model.addedLayers { model.blocks[layer].parameters.forEach { $0.isTrainable = true } }
    try train(on: domains[1])
    return (base, try evaluation.measure(model, compute))
}
