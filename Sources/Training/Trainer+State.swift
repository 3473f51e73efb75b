import Corpus
import Llama
import Settings

/// All that the rest of a training follows from, beside the settings, the batches' tokens and the weights that are not trained.
extension Trainer {
    /// Trained weights and their moments.
    public var stateTensors: [Safetensors.Tensor] { optimizer.stateTensors }

    /// Everything else. Losses are finite: a step whose loss is not ends the training.
    public var stateValues: Value {
        var values: Value = [
            "step": .integer(step), "updates": .integer(optimizer.updates), "batches": batches.cursor, "loss_sum": .number(lossSum),
            "loss_count": .integer(lossCount), "last_loss": lastLoss.map { .number($0) } ?? .null, "evaluated_step": .integer(evaluatedStep),
            "seconds": .number(spent / .seconds(1)),
        ]
        if let state = retention?.state, state != .null { values["retention"] = state }
        return values
    }

    /// Goes to where another trainer of the same model, settings and batches was saved.
    /// - Throws: `CheckpointError` or `CorpusError` when what was saved does not fit.
    public func restore(_ tensors: Safetensors, _ values: Value) throws {
        guard let step = values["step"]?.asInteger, 1..<max(settings.steps, 2) ~= step, let updates = values["updates"]?.asInteger, updates == step,
            let lossSum = values["loss_sum"]?.asDouble, let lossCount = values["loss_count"]?.asInteger, lossCount >= 0,
            let evaluatedStep = values["evaluated_step"]?.asInteger, 0...step ~= evaluatedStep, let seconds = values["seconds"]?.asDouble,
            let cursor = values["batches"]
        else { throw CheckpointError(tensors.path, "is not the state of a training of \(settings.steps) steps") }
        var batches = batches
        try batches.restore(cursor)
        let before = retention?.state ?? .null
        try retention?.restore(values["retention"] ?? .null)
        do { try optimizer.restore(tensors, updates: updates) } catch {
            try retention?.restore(before)
            throw error
        }
        self.batches = batches
        (self.step, self.evaluatedStep, spent) = (step, evaluatedStep, .seconds(seconds))
        (self.lossSum, self.lossCount, lastLoss) = (lossSum, lossCount, values["last_loss"]?.asDouble)
    }
}
