"""Checkpoints in and out of transformers and PEFT, on models that are made here and take a moment.

STRATA_BINARY names the program; without it, or without torch, transformers and peft, these tests are left out.
"""

import json
import math
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest
import warnings

BINARY = os.environ.get("STRATA_BINARY")
try:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import torch
        import transformers
        from peft import AutoPeftModelForCausalLM, LoraConfig, PeftModel, get_peft_model
        from safetensors import safe_open
        from safetensors.torch import load_file, save_file
        from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM
except ImportError:
    transformers = None

ROOT = """\
name: {name}
base:
  model: {{hidden_size: 24, intermediate_size: 40, num_hidden_layers: 3, num_attention_heads: 6, num_key_value_heads: 2, \
max_position_embeddings: 32, tie_word_embeddings: {tied}, initializer_range: 0.3{scaling}}}
  tokenizer: {{kind: bpe, vocab_size: 300}}
  data: lives
  train: {{steps: 4, batch_size: 4, learning_rate: 1.0e-2}}
data:
  lives: {{generated: biographies, documents: 20, questions: 4}}
  sums: {{generated: arithmetic, documents: 20, questions: 4}}
stream: [sums]
train: {{steps: 4, batch_size: 4, learning_rate: 1.0e-2}}
evaluation: {{tokens: 256, questions: 4, batch_size: 8}}
sweep:
  arms:
    - {{strategy: {{kind: sequential}}}}
    - {{strategy: {{kind: lora, r: 2, lora_alpha: 6}}}}
    - {{strategy: {{kind: block-expansion, blocks: 2}}}}
"""
SCALINGS = {
    "default": {"rope_type": "default", "rope_theta": 500.0},
    "linear": {"rope_type": "linear", "factor": 2.5, "rope_theta": 500.0},
    "dynamic": {"rope_type": "dynamic", "factor": 4.0, "rope_theta": 500.0},
    "llama3": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
               "original_max_position_embeddings": 24, "rope_theta": 500.0},
}
TEXT = "Ada Fenwick was born in Larkhill. She counts: 2 + 3 = 5, and 5 x 2 = 10; the café is closed.\n" * 12


@unittest.skipUnless(BINARY, "STRATA_BINARY is not set")
@unittest.skipUnless(transformers, "torch, transformers or peft is not installed")
class CheckpointTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        torch.set_num_threads(1)
        transformers.logging.set_verbosity_warning()
        transformers.logging.disable_progress_bar()
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.stages = {}
        for name, tied, scaling in [("plain", "false", ""), ("tied", "true", ", rope_scaling: {rope_type: linear, factor: 2.0}")]:
            file = cls.folder / f"{name}.yaml"
            file.write_text(ROOT.format(name=name, tied=tied, scaling=scaling))
            cls.strata("run", file, "--quiet", "--workers", "1", "--threads", "1", "--results", cls.folder / "results")
            for kind, key in cls.keys(file).items():
                cls.stages[name, kind] = key

    @classmethod
    def keys(cls, file):
        """The stages whose models are tested: of the base, and behind the task of each strategy."""
        plan = json.loads(cls.strata("plan", file, "--json", "--no-calibration", "--results", cls.folder / "results"))
        tasks = {kind: stage["key"] for stage in plan["stage_list"] for kind in ["sequential", "lora", "block-expansion"]
                 if stage["kind"] == "task" and kind in stage["title"]}
        assert len(tasks) == 3, plan["stage_list"]
        return tasks | {stage["title"]: stage["key"] for stage in plan["stage_list"] if stage["title"] == "base"}

    @classmethod
    def strata(cls, *words, status=0):
        done = subprocess.run([BINARY, *map(str, words)], capture_output=True, text=True, timeout=300)
        assert done.returncode == status, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout if status == 0 else done.stderr

    def setUp(self):
        # Of the libraries among themselves: what is deprecated there. What they say of a checkpoint goes to their log.
        self.enterContext(warnings.catch_warnings())
        warnings.simplefilter("ignore")

    def export(self, experiment, title, *words):
        output = self.folder / f"{self.id()}-{len(list(self.folder.iterdir()))}"
        self.strata("checkpoint", "export", self.stages[experiment, title], "--results", self.folder / "results", "--output", output, *words)
        return output

    def loaded(self, folder):
        """transformers' model and tokenizer, any warning of theirs an error."""
        with self.assertNoLogs("transformers", "WARNING"):
            model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
            tokenizer = AutoTokenizer.from_pretrained(folder)
        return model, tokenizer

    def check(self, folder, model, tokenizer, strata=None, writes=True):
        """The same loss to 1e-5 and, if it `writes`, the same greedy text and logits to 1e-5 of the largest as `strata` measures and writes."""
        text = self.folder / "text.txt"
        text.write_text(TEXT)
        length = 31
        measured = json.loads(self.strata("checkpoint", "evaluate", strata or folder, "--text", text, "--length", length, "--json", "--results", self.folder / "results"))["files"][0]
        tokenizer.model_max_length = 10**6
        ids = tokenizer.encode(TEXT, add_special_tokens=False) + [tokenizer.eos_token_id]
        windows = (len(ids) - 1) // length
        rows = torch.tensor([ids[i * length:(i + 1) * length + 1] for i in range(windows)])
        with torch.no_grad():
            logits = model(rows[:, :-1]).logits
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1).double(), rows[:, 1:].flatten()).item()
        self.assertEqual(measured["tokens"], windows * length)
        self.assertLess(abs(measured["loss"] - loss), 1e-5 * max(loss, 1))
        self.assertAlmostEqual(measured["perplexity"], math.exp(loss), delta=1e-4 * math.exp(loss))
        if not writes:
            return logits
        prompt = "Ada was"
        written = json.loads(self.strata("checkpoint", "generate", strata or folder, "--prompt", prompt, "--max-tokens", 12, "--json", "--logits", self.folder / "logits.safetensors",
                                         "--results", self.folder / "results"))
        ids = torch.tensor([[tokenizer.eos_token_id] + tokenizer.encode(prompt, add_special_tokens=False)])
        with torch.no_grad():
            new = model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=12, do_sample=False)[0, ids.shape[1]:].tolist()
            with safe_open(self.folder / "logits.safetensors", "pt") as file:
                own = file.get_tensor("logits.0")
            expected = model(torch.tensor([ids[0].tolist() + written["tokens"]])).logits[0].float()
        self.assertLess((own - expected).abs().max().item(), 1e-5 * expected.abs().max().item())
        if written["end"] == "end_of_text":
            self.assertEqual(new.pop(), tokenizer.eos_token_id)
        self.assertEqual(written["tokens"], new)
        self.assertEqual(written["text"], tokenizer.decode(new))
        return logits

    def test_exports_load_with_the_same_numbers(self):
        for experiment in ["plain", "tied"]:
            for title, words in [("base", []), ("sequential", []), ("block-expansion", []), ("lora", ["--merge"])]:
                with self.subTest(experiment=experiment, title=title):
                    key = self.stages[experiment, title]
                    folder = self.export(experiment, title, *words)
                    model, tokenizer = self.loaded(folder)
                    self.check(folder, model, tokenizer, strata=key)
                    self.assertEqual(model.config.num_hidden_layers, 5 if "expansion" in title else 3)
                    self.assertEqual(model.lm_head.weight is model.model.embed_tokens.weight, experiment == "tied")
                    with safe_open(folder / "model.safetensors", "pt") as file:
                        self.assertEqual(file.metadata()["format"], "pt")

    def test_adapters_load_with_peft(self):
        folder = self.export("plain", "lora")
        model, tokenizer = self.loaded(folder / "base")
        with self.assertNoLogs("transformers", "WARNING"):
            adapted = PeftModel.from_pretrained(model, folder).eval()
            automatic = AutoPeftModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        logits = self.check(folder, adapted, tokenizer, strata=self.stages["plain", "lora"])
        self.check(folder, automatic, tokenizer)
        merged, _ = self.loaded(self.export("plain", "lora", "--merge"))
        self.assertLess((self.check(folder, merged, tokenizer) - logits).abs().max().item(), 1e-5 * logits.abs().max().item())
        plain, _ = self.loaded(folder / "base")
        rows = torch.arange(20).reshape(1, -1)
        self.assertGreater((plain(rows).logits - merged(rows).logits).abs().max().item(), 1e-3)
        # What PEFT itself writes is read.
        adapted.save_pretrained(self.folder / "saved")
        self.check(self.folder / "saved", adapted, tokenizer)

    def test_the_domains_of_an_experiment(self):
        """A checkpoint outside measures what its stage measured inside."""
        folder = self.export("plain", "base")
        found = json.loads(self.strata("checkpoint", "evaluate", folder, "--experiment", self.folder / "plain.yaml", "--json"))["domains"]
        self.assertEqual([row["name"] for row in found], ["lives", "sums"])
        table = json.loads(self.strata("table", self.folder / "results" / "plain.h5", "--name", "stream", "--format", "json"))
        text = json.dumps(table)
        for row in found:
            self.assertIn(str(row["loss"])[:12], text)
            self.assertTrue(0 <= row["score"] <= 1)
        for words in [["--text", "x", "--experiment", "y"], [], ["--experiment", "y", "--length", 4], ["--text", "x", "--data", "y"]]:
            self.strata("checkpoint", "evaluate", folder, *words, status=2)

    def test_bf16_is_rounded_as_torch_rounds(self):
        whole, rounded = (self.export("plain", "sequential", "--dtype", dtype) for dtype in ["fp32", "bf16"])
        a, b = load_file(whole / "model.safetensors"), load_file(rounded / "model.safetensors")
        self.assertEqual(a.keys(), b.keys())
        for name in a:
            self.assertEqual(b[name].dtype, torch.bfloat16)
            self.assertTrue(torch.equal(a[name].bfloat16(), b[name]), name)
        self.assertEqual(AutoModelForCausalLM.from_pretrained(rounded).dtype, torch.bfloat16)

    def random_llama(self, name, dtype=torch.float32, **changes):
        """A folder of transformers with random weights and the tokenizer of the plain export."""
        config = dict(vocab_size=300, hidden_size=24, intermediate_size=36, num_hidden_layers=2, num_attention_heads=6, num_key_value_heads=2,
                      max_position_embeddings=32, initializer_range=0.3, rope_parameters=SCALINGS["default"])
        save = {"max_shard_size": changes.pop("max_shard_size")} if "max_shard_size" in changes else {}
        torch.manual_seed(7)
        model = LlamaForCausalLM(LlamaConfig(**config | changes)).to(dtype).eval()
        folder = self.folder / name
        model.save_pretrained(folder, **save)
        tokenizer = self.export("plain", "base")
        for file in ["tokenizer.json", "tokenizer_config.json"]:
            shutil.copy(tokenizer / file, folder)
        return folder

    def test_what_transformers_writes_is_read(self):
        cases = [(f"{kind}", dict(rope_parameters=dict(scaling))) for kind, scaling in SCALINGS.items()]
        cases += [("fp16", dict(dtype=torch.float16)), ("bf16", dict(dtype=torch.bfloat16)), ("tied", dict(tie_word_embeddings=True)),
                  ("sharded", dict(max_shard_size="8KB")), ("bf16-sharded", dict(dtype=torch.bfloat16, max_shard_size="8KB"))]
        for name, changes in cases:
            with self.subTest(name):
                folder = self.random_llama(name, **changes)
                self.assertEqual((folder / "model.safetensors.index.json").exists(), "sharded" in name)
                model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
                self.check(folder, model, AutoTokenizer.from_pretrained(folder))
                self.assertIn(f"checkpoint: {folder}", self.strata("checkpoint", "import", folder))
                found = json.loads(self.strata("checkpoint", "inspect", folder, "--json"))
                self.assertEqual(found["parameters"], sum(p.numel() for p in model.parameters()))

    def test_dynamic_scaling_beyond_the_positions(self):
        folder = self.random_llama("long", rope_parameters=SCALINGS["dynamic"], max_position_embeddings=16)
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        # transformers changes the frequencies while it writes and keeps the keys that were turned by others: its text is another.
        self.check(folder, model, AutoTokenizer.from_pretrained(folder), writes=False)

    def test_a_random_llama_is_a_base(self):
        folder = self.random_llama("imported", dtype=torch.bfloat16, max_shard_size="8KB", rope_parameters=SCALINGS["llama3"])
        text = ROOT.format(name="imported", tied="false", scaling="")
        start, end = text.index("  model:"), text.index("data:\n")
        file = self.folder / "imported.yaml"
        file.write_text(text[:start] + f"  checkpoint: {folder}\n  data: lives\n" + text[end:])
        self.strata("run", file, "--quiet", "--workers", "1", "--threads", "1", "--results", self.folder / "results")
        keys = self.keys(file)
        for title in ["base", "sequential", "block-expansion", "lora"]:
            with self.subTest(title):
                output = self.folder / f"imported {title}"
                self.strata("checkpoint", "export", keys[title], "--results", self.folder / "results", "--output", output, *["--merge"] * ("lora" in title))
                model, tokenizer = self.loaded(output)
                self.check(output, model, tokenizer)
                if title == "base":
                    original = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).state_dict()
                    self.assertTrue(all(torch.equal(w, original[n]) for n, w in model.state_dict().items()))

    def test_expansion_is_the_authors(self):
        """Tensor by tensor what block_expansion.py of LLaMA Pro does, and transformers' logits to the bit."""
        for name, changes in [("expand", {}), ("expand-bf16", dict(dtype=torch.bfloat16, max_shard_size="8KB")), ("expand-tied", dict(tie_word_embeddings=True))]:
            with self.subTest(name):
                folder, output = self.random_llama(name, num_hidden_layers=4, **changes), self.folder / f"{name}-more"
                self.strata("checkpoint", "expand", folder, "--blocks", 2, "--output", output)
                before = AutoModelForCausalLM.from_pretrained(folder).eval()
                weights, layers, split = before.state_dict(), 4, 2
                expected, target = {n: w for n, w in weights.items() if "layers" not in n}, 0
                for layer in range(layers):
                    for copy in [False, True] if (layer + 1) % split == 0 else [False]:
                        for n, w in weights.items():
                            if f"layers.{layer}." in n:
                                zero = copy and ("down_proj" in n or "o_proj" in n)
                                expected[n.replace(f"layers.{layer}.", f"layers.{target}.")] = torch.zeros_like(w) if zero else w
                        target += 1
                found = load_file(output / "model.safetensors")
                if "tied" in name:
                    expected.pop("lm_head.weight")
                self.assertEqual(found.keys(), expected.keys())
                for n, w in expected.items():
                    self.assertTrue(found[n].dtype == w.dtype and torch.equal(found[n], w), n)
                self.assertEqual((output / "tokenizer.json").read_bytes(), (folder / "tokenizer.json").read_bytes())
                after, _ = self.loaded(output)
                rows = torch.arange(60).reshape(2, -1)
                with torch.no_grad():
                    self.assertTrue(torch.equal(before.float()(rows).logits, after(rows).logits))

    def test_generating(self):
        folder = self.random_llama("speaker")
        def words(*more):
            return self.strata("checkpoint", "generate", folder, "--prompt", "Ada", "--prompt", "2 +", "--max-tokens", 10, *more)
        self.assertEqual(words(), words("--threads", 2))
        drawn = words("--temperature", 1, "--seed", 3)
        self.assertEqual(drawn, words("--temperature", 1, "--seed", 3, "--threads", 2))
        self.assertNotEqual(drawn, words("--temperature", 1, "--seed", 4))
        self.assertEqual(words("--temperature", 1, "--top-k", 1), words())
        for more, expected in [(["--seed", 1], "--seed has no meaning without --temperature"), (["--top-p", 0, "--temperature", 1], "--top-p is '0.0'"),
                               (["--prompt", "word " * 40], "--prompt has ")]:
            self.assertIn(expected, self.strata("checkpoint", "generate", folder, "--prompt", "Ada", *more, status=2 if "--prompt" in more else 2))

    def test_errors(self):
        folder = self.random_llama("refused")
        config = json.loads((folder / "config.json").read_text())
        for key, value in [("hidden_act", "gelu"), ("attention_bias", True), ("sliding_window", 8), ("head_dim", 8), ("num_local_experts", 4)]:
            (folder / "config.json").write_text(json.dumps(config | {key: value}))
            for command in [["import"], ["inspect"], ["evaluate", "--text", "x"], ["expand", "--blocks", 1, "--output", self.folder / "never"]]:
                said = self.strata("checkpoint", command[0], folder, *command[1:], status=2)
                self.assertIn(f"{folder}/config.json: {key}: found ", said)
                self.assertEqual(said.count("\n"), 1)
        (folder / "config.json").write_text(json.dumps(config))
        self.assertFalse((self.folder / "never").exists())
        self.assertIn("--position", self.strata("checkpoint", "expand", folder, "--position", "middle", "--blocks", 1, "--output", self.folder / "never", status=2))
        self.assertIn("exists already", self.strata("checkpoint", "expand", folder, "--blocks", 1, "--output", folder, status=2))
        tensors = load_file(folder / "model.safetensors")
        save_file(tensors | {"model.norm.weight": tensors["model.norm.weight"].double()}, folder / "model.safetensors", {"format": "pt"})
        self.assertIn("as F64 of shape [24], expected F32, F16 or BF16", self.strata("checkpoint", "import", folder, status=2))
        save_file(tensors | {"model.norm.weight": tensors["model.norm.weight"] * math.nan}, folder / "model.safetensors", {"format": "pt"})
        self.assertIn("'model.norm.weight' has nan at 0", self.strata("checkpoint", "import", folder, status=2))
