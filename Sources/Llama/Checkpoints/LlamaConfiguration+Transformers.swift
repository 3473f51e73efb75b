import Settings

/// The `config.json` of transformers' `LlamaForCausalLM`. What the model here would compute otherwise is an error that names the key and its
/// value; so is a key that nobody here knows.
extension LlamaConfiguration {
    /// - `file`: for errors.
    public init(configJSON json: Value, file: String) throws(CheckpointError) {
        func wrong(_ key: String, _ found: Value?, _ expected: String, _ advice: String = "") -> CheckpointError {
            CheckpointError(file, "\(key): found \(found?.summary ?? "nothing"), expected \(expected)", advice)
        }
        guard var entries = json.asObject else { throw CheckpointError(file, "found \(json.summary), expected a mapping") }
        entries = entries.filter { $0.value != .null }
        if let names = entries.removeValue(forKey: "architectures"), names != ["LlamaForCausalLM"] {
            throw wrong("architectures", names.asList?.count == 1 ? names.asList?[0] : names, "[\"LlamaForCausalLM\"]", "only LLaMA models are read")
        }
        guard let type = entries.removeValue(forKey: "model_type"), type == "llama" else {
            throw wrong("model_type", entries["model_type"] ?? json["model_type"], "\"llama\"", "only LLaMA models are read")
        }
        for (key, allowed) in Self.fixed {
            guard let found = entries.removeValue(forKey: key), !allowed.contains(where: { $0 == found || ($0.asDouble != nil && $0.asDouble == found.asDouble) })
            else { continue }
            throw wrong(key, found, allowed.isEmpty ? "no such key or null" : allowed.map(\.canonicalJSON).joined(separator: " or "), "a model with it is not supported")
        }
        for key in Self.ignored { entries[key] = nil }

        let rotary = try Self.rotary(&entries, wrong)
        let headWidth = entries.removeValue(forKey: "head_dim")
        // What transformers takes for keys that are left out.
        var value: Value = ["rms_norm_eps": 1e-6, "max_position_embeddings": 2048]
        let known = Self.fields.map(\.key) + ["vocab_size"]
        for key in entries.keys.sorted() {
            guard known.contains(key) else {
                throw CheckpointError(
                    file, "\(key): found \(entries[key]?.summary ?? "nothing") at a key that is not known",
                    nearestAdvice(to: key, among: known + Self.fixed.map(\.key) + Self.ignored).nonempty ?? "if it changes nothing of what the model computes, take it out")
            }
            value[key] = entries[key]
        }
        value["rope_theta"] = rotary.theta ?? 10000.0
        if let scaling = rotary.scaling { value["rope_scaling"] = scaling }
        do { try self.init(value: value) } catch {
            throw CheckpointError(file, (error.path.steps.isEmpty ? "" : "\(error.path): ") + "found \(error.found), expected \(error.expected)", error.advice)
        }
        if let headWidth, headWidth != .integer(self.headWidth) {
            throw wrong("head_dim", headWidth, "\(self.headWidth), which is hidden_size / num_attention_heads", "heads of another width are not supported")
        }
    }

    /// theta and scaling from `rope_theta` and `rope_scaling`, or from `rope_parameters`, where transformers 5 keeps both.
    private static func rotary(_ entries: inout [String: Value], _ wrong: (String, Value?, String, String) -> CheckpointError) throws(CheckpointError)
        -> (theta: Value?, scaling: Value?)
    {
        let (parameters, scaling) = (entries.removeValue(forKey: "rope_parameters"), entries.removeValue(forKey: "rope_scaling"))
        var theta = entries.removeValue(forKey: "rope_theta")
        guard parameters == nil || scaling == nil else { throw wrong("rope_scaling", scaling, "one of rope_scaling and rope_parameters", "remove one") }
        let key = scaling == nil ? "rope_parameters" : "rope_scaling"
        guard let found = parameters ?? scaling else { return (theta, nil) }
        guard var words = found.asObject?.filter({ $0.value != .null }) else { throw wrong(key, found, "a mapping", "") }
        if let inner = words.removeValue(forKey: "rope_theta") {
            guard theta == nil || theta?.asDouble == inner.asDouble else { throw wrong("\(key).rope_theta", inner, "\(theta?.summary ?? ""), the rope_theta beside it", "remove one") }
            theta = inner
        }
        if let share = words.removeValue(forKey: "partial_rotary_factor"), share.asDouble != 1 {
            throw wrong("\(key).partial_rotary_factor", share, "1.0", "whole heads are turned")
        }
        let (old, new) = (words.removeValue(forKey: "type"), words.removeValue(forKey: "rope_type"))
        guard old == nil || new == nil || old == new else { throw wrong("\(key).type", old, "\(new?.summary ?? ""), as rope_type says", "remove one") }
        let type = new ?? old ?? "default"
        guard type != "default" else {
            if let stray = words.keys.sorted().first { throw wrong("\(key).\(stray)", words[stray], "no such key with rope_type \"default\"", "") }
            return (theta, nil)
        }
        guard ["linear", "dynamic", "llama3"].contains(type.asString) else {
            throw wrong("\(key).\(new == nil ? "type" : "rope_type")", type, "one of default, linear, dynamic, llama3", "other kinds of scaling are not supported")
        }
        words["rope_type"] = type
        return (theta, .object(words))
    }

    /// Keys that have to be left out, null, or one of these.
    private static let fixed: [(key: String, allowed: [Value])] = [
        ("hidden_act", ["silu", "swish"]), ("attention_bias", [false]), ("mlp_bias", [false]), ("attention_dropout", [0.0]), ("partial_rotary_factor", [1.0]),
        ("sliding_window", []), ("use_sliding_window", [false]), ("layer_types", []), ("quantization_config", []), ("is_encoder_decoder", [false]),
        ("add_cross_attention", [false]), ("auto_map", []), ("compression_config", []), ("rope_interleaved", [false]),
    ]

    /// Keys that say nothing of what the model computes: where it comes from, how it is stored, run and sampled from. `pretraining_tp` cuts products
    /// into parts, which changes their rounding alone.
    private static let ignored = [
        "_name_or_path", "_attn_implementation", "_attn_implementation_autoset", "attn_implementation", "torch_dtype", "dtype", "transformers_version", "use_cache",
        "bos_token_id", "eos_token_id", "pad_token_id", "unk_token_id", "sep_token_id", "cls_token_id", "mask_token_id", "decoder_start_token_id",
        "pretraining_tp", "return_dict", "return_dict_in_generate", "output_attentions", "output_hidden_states", "output_scores", "torchscript", "is_decoder",
        "chunk_size_feed_forward", "problem_type", "finetuning_task", "id2label", "label2id", "num_labels", "task_specific_params", "tokenizer_class", "prefix",
        "max_length", "min_length", "do_sample", "early_stopping", "num_beams", "num_beam_groups", "diversity_penalty", "temperature", "top_k", "top_p", "typical_p",
        "repetition_penalty", "length_penalty", "no_repeat_ngram_size", "encoder_no_repeat_ngram_size", "bad_words_ids", "num_return_sequences",
        "forced_bos_token_id", "forced_eos_token_id", "remove_invalid_values", "exponential_decay_length_penalty", "suppress_tokens", "begin_suppress_tokens",
        "tf_legacy_loss", "use_bfloat16", "pruned_heads", "tie_encoder_decoder", "cross_attention_hidden_size", "max_sequence_length", "unsloth_version", "unsloth_fixed",
    ]

    /// The `config.json` of such a model. `rope_theta` and `rope_scaling` stand beside each other: all versions of transformers read that.
    ///
    /// - `endOfText`: the id that ends a document, and stands before one.
    public func configJSON(endOfText: Int32, type: Safetensors.ElementType) -> Value {
        var json = value
        json["rope_scaling"] = ropeScaling?.value ?? .null
        let rest: [String: Value] = [
            "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu", "head_dim": .integer(headWidth), "attention_bias": false,
            "attention_dropout": 0.0, "mlp_bias": false, "pretraining_tp": 1, "use_cache": true, "torch_dtype": .string(type.torchName),
            "bos_token_id": .integer(Int(endOfText)), "eos_token_id": .integer(Int(endOfText)),
        ]
        for (key, value) in rest { json[key] = value }
        return json
    }
}

extension String {
    fileprivate var nonempty: String? { isEmpty ? nil : self }
}
