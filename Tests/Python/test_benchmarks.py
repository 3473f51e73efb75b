"""The arithmetic of Benchmarks/run on made-up figures, and its course with made-up programs in place of strata and PyTorch."""

import json
import pathlib
import stat
import subprocess
import sys
import tempfile
import textwrap
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
RUN = ROOT / "Benchmarks" / "run"
sys.path.insert(0, str(ROOT / "Benchmarks"))

import comparison  # noqa: E402
import environment  # noqa: E402


def mode(name, *rounds, precision="fp32", **figures):
    """A mode with the tokens a second of each round: a number, or a tuple of processes beside each other."""
    made = comparison.Mode(name, precision)
    for speeds in rounds:
        processes = speeds if isinstance(speeds, tuple) else (speeds,)
        made.rounds.append([
            {"tokens_per_second": speed, "step_ms": 2e6 / speed, "peak_gflops": 100.0, "flop_per_token": 1e6, "peak_memory_bytes": 50e6,
             "ready_seconds": 0.5, "first_step_ms": 30.0, "loss_first": 6.0, "loss_last": 5.0} | figures for speed in processes])
    return made


class ArithmeticTest(unittest.TestCase):
    def setUp(self):
        self.own = mode("strata", 100, 140, 110)
        self.eager = mode("torch eager", 50, 90, 70)
        self.compiled = mode("torch compiled", 60, 70, 80)

    def test_medians(self):
        self.assertEqual(self.own.speed(), 110)
        self.assertEqual(mode("strata", 1, 2, 4, 8).speed(), 3)
        self.assertEqual(self.own.median("step_ms"), 2e6 / 110)
        self.assertIsNone(mode("strata", 1, 2, ready_seconds=None).median("ready_seconds"))

    def test_processes_beside_each_other(self):
        pair = mode("strata", (30, 40), (50, 10), (20, 20))
        self.assertEqual(pair.speeds(), [70, 60, 40])
        self.assertEqual(pair.median("peak_memory_bytes", sum), 100e6)
        self.assertEqual(comparison.peak([pair]), 200)

    def test_ratios(self):
        peers = [self.eager, self.compiled]
        # Both have the median 70: the first stays.
        self.assertEqual(comparison.best(peers).name, "torch eager")
        self.compiled.rounds[1][0]["tokens_per_second"] = 75
        self.assertEqual(comparison.best(peers).name, "torch compiled")
        self.assertEqual(comparison.ratio_of_medians(self.own, peers), 110 / 75)
        self.assertEqual(comparison.ratios_of_rounds(self.own, peers), [100 / 60, 140 / 90, 110 / 80])

    def test_the_peak_is_the_largest_that_was_seen(self):
        self.own.rounds[1][0]["peak_gflops"] = 120.0
        self.assertEqual(comparison.peak([self.own, self.eager]), 120)
        self.assertIsNone(comparison.peak([self.eager]))

    def test_table(self):
        broken = comparison.Mode("torch transformers")
        broken.failure = "no memory"
        text = comparison.part_table([self.own, broken, self.eager, self.compiled])
        self.assertIn("| strata | 110 | 100 … 140 | 18181.82 | 0.1 | 0.1 | 50 | 0.50 | 0.03 | 6.000 → 5.000 |", text)
        self.assertNotIn("| torch transformers", text)
        self.assertIn("torch transformers failed: no memory", text)
        self.assertIn("strata against the best PyTorch mode (torch eager): **1.57**, 1.38 … 1.67 over 3 rounds.", text)
        self.assertIn("100.0 GFLOP/s; 1,000,000 FLOP a token", text)
        widths = {line.count("|") for line in text.splitlines() if line.startswith("|")}
        self.assertEqual(widths, {11})

    def test_precisions_are_compared_apart(self):
        text = comparison.part_table([self.own, self.eager, mode("strata bf16", 300, precision="bf16"), mode("torch eager bf16", 100, precision="bf16")])
        self.assertIn("strata against the best PyTorch mode (torch eager): **1.57**", text)
        self.assertIn("strata bf16 against the best PyTorch mode (torch eager bf16): **3.00**, 3.00 … 3.00 over 1 round.", text)

    def test_without_peers(self):
        text = comparison.part_table([self.own])
        self.assertNotIn("against", text)
        self.assertIn("| strata | 110 |", text)

    def test_kernels(self):
        case = {"kernel": "norm", "size": "2 x 3", "unit": "GB/s", "speed": 12.34, "percent": 51.2, "openblas": None, "openblas_percent": None, "ratio": None}
        product = case | {"kernel": "product", "unit": "GFLOP/s", "openblas": 6.17, "openblas_percent": 25.6, "ratio": 2.0}
        text = comparison.kernels_table({"cases": [case, product], "peak_gflops": 24.1})
        self.assertIn("| norm | 2 x 3 | GB/s | 12.3 | 51 | — | — | — |\n| product | 2 x 3 | GFLOP/s | 12.3 | 51 | 6.2 | 26 | 2.00 |", text)
        self.assertIn("24.1 GFLOP/s", text)

    def test_flags_are_those_of_the_package(self):
        self.assertIn("-Ounchecked", environment.kernel_flags("portable") or "-Ounchecked without Swift")
        self.assertIsNone(environment.output("/no/such/program"))


STRATA = """\
#!{python}
import json, sys
words = sys.argv[1:]
if words == ["--version"]: print("9.9.9"); sys.exit()
if "--help" in words: print("OPTIONS: {options}"); sys.exit()
with open({log!r}, "a") as log: log.write("strata " + " ".join(words) + "\\n")
if "kernels" in words:
    print(json.dumps({{"instruction_set": "avx2", "openblas": None, "peak_gflops": 100.0, "cases": []}})); sys.exit()
if "--gate" in words: print("ready", flush=True); sys.stdin.readline()
sizes = ["hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "vocab_size", "batch", "sequence"]
print(json.dumps({{key: index + 1 for index, key in enumerate(sizes)}} | {{
    "instruction_set": "avx2", "tokens_per_second": 200.0, "step_ms": 1.0, "first_step_ms": 2.0, "flop_per_token": 1e8, "peak_gflops": 100.0,
    "peak_memory_bytes": 1000000, "ready_seconds": 0.1, "loss_first": 3.0, "loss_last": 2.0}}))
"""
PYTHON = """\
#!{python}
import json, sys
words = sys.argv[1:]
if words[0] == "-c": print(json.dumps({{"Python": "3.0", "torch": "2.0", "transformers": "5.0", "peft": None}})); sys.exit()
with open({log!r}, "a") as log: log.write("torch " + " ".join(words[1:]) + "\\n")
if "transformers" in words: sys.exit("Traceback\\nMemoryError: none left")
if "--gate" in words: print("ready", flush=True); sys.stdin.readline()
print(json.dumps({{"tokens_per_second": 100.0, "step_ms": 2.0, "first_step_ms": 2.0, "peak_memory_bytes": 1000000, "ready_seconds": 0.1,
    "loss_first": 3.0, "loss_last": 2.0, "capability": "AVX2"}}))
"""


class RunTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.log = self.folder / "log"
        self.strata = self.program("strata", STRATA)
        self.python = self.program("python", PYTHON)

    def program(self, name, text, options=""):
        path = self.folder / name
        path.write_text(textwrap.dedent(text).format(python=sys.executable, log=str(self.log), options=options))
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    def bench(self, *words, status=0):
        result = subprocess.run([sys.executable, RUN, *map(str, words)], capture_output=True, text=True, timeout=300, cwd=self.folder)
        self.assertEqual(result.returncode, status, result.stdout + result.stderr)
        return result.stdout, result.stderr

    def test_modes_take_turns(self):
        output, errors = self.bench(
            "--strata", self.strata, "--python", self.python, "--only", "train-d64,lora-d128", "--rounds", 2, "--threads", 3, "--report", "report.md")
        log = [line.split() for line in self.log.read_text().splitlines()]
        eager = [words for words in log if "eager" in words]
        self.assertEqual((eager[0][eager[0].index("--hidden-size") + 1], eager[0][eager[0].index("--sequence") + 1]), ("1", "8"))
        self.assertTrue(all(words[words.index("--threads") + 1] == "3" for words in log))
        turns = [words[0] if words[0] == "strata" else words[words.index("--mode") + 1] for words in log if "lora" not in words and "compiled" not in words]
        # What failed once is not tried again.
        self.assertEqual(turns, ["strata", "transformers", "eager", "strata", "eager"])
        self.assertIn("torch transformers failed: MemoryError: none left", output)
        self.assertNotIn("transformers", [word for words in log if "lora" in words for word in words])
        self.assertIn("missing: the mode transformers for LoRA: pip install peft", errors)
        self.assertIn("**2.00**, 2.00 … 2.00 over 2 rounds", output)
        # 200 tokens a second of 1e8 operations: 20 of 100 GFLOP/s.
        self.assertIn("| strata | 200 | 200 … 200 | 1.00 | 20.0 | 20.0 | 1 | 0.10 | 0.00 | 3.000 → 2.000 |", output)
        for fact in ("- processor: ", "- processors: ", "- threads: 3", "- instruction set of strata: avx2", "- strata: 9.9.9", "- torch: 2.0", "- rounds: 2"):
            self.assertIn(fact, output)
        self.assertRegex(output, r"\A# Benchmarks of \d{4}-\d\d-\d\d\n")
        self.assertNotIn(str(self.folder), output)
        self.assertEqual((self.folder / "report.md").read_text(), output)

    def test_pairs(self):
        output, _ = self.bench("--strata", self.strata, "--python", self.python, "--only", "pair-d64", "--rounds", 1)
        log = self.log.read_text().splitlines()
        self.assertEqual(sum(line.startswith("strata") for line in log), 2)
        self.assertTrue(all("--gate" in line and "--threads 1 " in line for line in log), log)
        self.assertIn("| strata | 400 | 400 … 400 | 1.00 | 40.0 | 20.0 | 2 |", output)
        self.assertIn("torch transformers failed: MemoryError: none left", output)

    def test_kernels_and_missing_programs(self):
        output, errors = self.bench("--strata", self.strata, "--only", "kernels,train-d128", "--rounds", 1, "--threads", 2, "--python", self.program("bare", PYTHON.replace('"2.0"', "None")))
        self.assertIn("missing: PyTorch: the Python has no module torch", errors)
        self.assertIn("- not measured: PyTorch", output)
        self.assertIn("- OpenBLAS: missing", output)
        self.assertIn("## Kernels, threads: 2", output)
        self.assertIn("## Kernels, threads: 1", output)
        self.assertIn("| strata | 200 |", output)

    def test_bfloat16(self):
        words = ["--python", self.python, "--only", "train-d64", "--rounds", 1, "--bf16"]
        output, errors = self.bench("--strata", self.strata, *words)
        self.assertIn("missing: strata in bf16: this build of strata has no --precision", errors)
        self.assertNotIn("| strata bf16", output)
        self.assertIn("| torch eager bf16 | 100 |", output)
        output, _ = self.bench("--strata", self.program("newer", STRATA, options="--precision"), *words)
        self.assertIn("| strata bf16 | 200 |", output)
        self.assertTrue(any(line.startswith("strata") and line.endswith("--precision bf16") for line in self.log.read_text().splitlines()))

    def test_wrong_words(self):
        self.assertIn("build it with: swift build -c release", self.bench("--strata", self.folder / "none", status=2)[1])
        self.assertIn("no Python that runs", self.bench("--strata", self.strata, "--python", self.folder / "none", status=2)[1])
        self.assertIn("--only names 'train-d65'", self.bench("--only", "train-d65", status=2)[1])
        self.assertIn("--rounds is 0", self.bench("--rounds", 0, status=2)[1])
        self.assertIn("parts: kernels, train-d64", self.bench("--help")[0])


if __name__ == "__main__":
    unittest.main()
