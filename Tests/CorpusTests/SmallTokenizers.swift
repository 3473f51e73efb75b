/// Tokenizer files by hand, small enough to be read at a glance. U+2581 is the mark that SentencePiece puts for spaces.
enum SmallTokenizers {
    /// Llama 2's form. Of the bytes it has three, so that other characters are unknown.
    static let marked = #"""
        {"version": "1.0", "truncation": null, "padding": null,
         "added_tokens": [
           {"id": 0, "content": "<unk>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true},
           {"id": 1, "content": "<s>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true},
           {"id": 2, "content": "</s>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true},
           {"id": 18, "content": "[t]", "single_word": true, "lstrip": true, "rstrip": false, "normalized": false, "special": false}],
         "normalizer": {"type": "Sequence", "normalizers": [
           {"type": "Prepend", "prepend": "\u2581"}, {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"}]},
         "pre_tokenizer": null,
         "post_processor": {"type": "TemplateProcessing",
           "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
           "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
           "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}},
         "decoder": {"type": "Sequence", "decoders": [
           {"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"},
           {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
         "model": {"type": "BPE", "dropout": null, "unk_token": "<unk>", "continuing_subword_prefix": null, "end_of_word_suffix": null,
           "fuse_unk": true, "byte_fallback": true, "ignore_merges": false,
           "vocab": {"<unk>": 0, "<s>": 1, "</s>": 2, "<0x0A>": 3, "<0xC3>": 4, "<0xA9>": 5, "\u2581": 6, "a": 7, "b": 8, "c": 9, "t": 10,
             "\u2581a": 11, "at": 12, "\u2581\u2581": 13, "cat": 14, "\u2581cat": 15, "ca": 16, "\u2581c": 17},
           "merges": [["\u2581", "\u2581"], ["a", "t"], ["\u2581", "a"], ["c", "at"], ["\u2581", "cat"], ["c", "a"], ["\u2581", "c"]]}}
        """#

    /// Llama 3's form, with five bytes and older merges; other bytes are left out.
    static let byteLevel = #"""
        {"version": "1.0", "truncation": null, "padding": null,
         "added_tokens": [
           {"id": 7, "content": "<|begin|>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true},
           {"id": 8, "content": "<|endoftext|>", "single_word": false, "lstrip": false, "rstrip": true, "normalized": false, "special": true}],
         "normalizer": null,
         "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
           {"type": "Split", "pattern":
             {"Regex": "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"},
            "behavior": "Isolated", "invert": false},
           {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false}]},
         "post_processor": {"type": "Sequence", "processors": [
           {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": false, "use_regex": true},
           {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<|begin|>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [], "special_tokens": {"<|begin|>": {"id": "<|begin|>", "ids": [7], "tokens": ["<|begin|>"]}}}]},
         "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
         "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null, "end_of_word_suffix": null,
           "fuse_unk": false, "byte_fallback": false, "ignore_merges": true,
           "vocab": {"a": 0, "c": 1, "t": 2, "\u0120": 3, "1": 4, "at": 5, "cat": 6}, "merges": ["a t"]}}
        """#

    static let configuration = #"""
        {"add_bos_token": true, "add_eos_token": false, "added_tokens_decoder": {"1": {"content": "<s>", "special": true}}, "bos_token": "<s>",
         "chat_template": "{{ messages }}", "eos_token": {"__type": "AddedToken", "content": "</s>", "lstrip": false}, "model_max_length": 2048,
         "pad_token": null, "tokenizer_class": "LlamaTokenizer", "unk_token": "<unk>"}
        """#
}
