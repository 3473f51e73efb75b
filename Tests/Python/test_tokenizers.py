"""Strata's ids beside those of the Python library `tokenizers`, for tokenizers that either side trained, on mixed text made by code.

Alone, with more text: python Tests/Python/test_tokenizers.py --size 20 [--text FILE]... [TokenizerTests.TEST]     (MB; needs STRATA_BINARY, tokenizers, and
transformers for one part)
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest
import warnings

try:
    import tokenizers
    from tokenizers import Tokenizer
except ImportError:
    tokenizers = None
else:
    sys.path.insert(0, str(pathlib.Path(__file__).parent))
    import tokenizer_texts



def strata(*arguments, **options):
    done = subprocess.run([os.environ["STRATA_BINARY"], *map(str, arguments)], capture_output=True, **options)
    if done.returncode != 0:
        raise AssertionError(f"strata {' '.join(map(str, arguments[:3]))}: exit status {done.returncode}: {done.stderr.decode(errors='replace')[:2000]}")
    return done.stdout


def ids(folder, files, *options):
    """The ids that strata gives each file."""
    lines = []
    for start in range(0, len(files), 2000):
        lines += strata("tokenizer", "encode", folder, *files[start : start + 2000], *options).decode().split("\n")[:-1]
    return [[int(word) for word in line.split()] for line in lines]


def save(tokenizer, end, folder):
    folder.mkdir(parents=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps({"eos_token": end, "model_max_length": 512}))


class Comparison:
    """Texts in files, and what both sides make of them."""

    def __init__(self, folder, size, extra=()):
        self.folder = pathlib.Path(folder)
        mixture = tokenizer_texts.Mixture(1)
        self.training = [mixture.document() for _ in range(300)]
        self.texts = [pathlib.Path(path).read_bytes() for path in extra] + mixture.texts(size)
        self.files = []
        for index, text in enumerate(self.texts):
            path = self.folder / f"{index}.txt"
            path.write_bytes(text)
            self.files.append(path)
        self.decoded = [text.decode("utf-8", errors="replace") for text in self.texts]
        self.bytes = sum(map(len, self.texts))

    def compare(self, test, tokenizer, folder):
        """Ids as text, with special tokens, with the frame, and the texts of ids. Returns the number of ids."""
        tokenizer.encode_special_tokens = True
        found = ids(folder, self.files)
        for path, theirs, mine in zip(self.files, tokenizer.encode_batch_fast(self.decoded, add_special_tokens=False), found):
            self.same(test, path, theirs.ids, mine)
        tokenizer.encode_special_tokens = False
        every = range(0, len(self.files), 3)
        marked = ids(folder, [self.files[i] for i in every], "--special", "--frame")
        for index, theirs, mine in zip(every, tokenizer.encode_batch_fast([self.decoded[i] for i in every]), marked):
            self.same(test, self.files[index], theirs.ids, mine)
        marked = marked[:: max(1, len(marked) // 200)]
        lines = "".join(" ".join(map(str, line)) + "\n" for line in marked).encode()
        for options, skip in ([], True), (["--special"], False):
            texts = strata("tokenizer", "decode", folder, *options, input=lines).decode().split("\n")[:-1]
            for line, mine in zip(marked, texts):
                test.assertEqual(json.loads(mine), tokenizer.decode(line, skip_special_tokens=skip))
        return sum(map(len, found))

    def same(self, test, path, expected, found):
        if expected != found:
            place = next((i for i, (a, b) in enumerate(zip(expected, found)) if a != b), min(len(expected), len(found)))
            test.fail(f"{path}: {len(expected)} and {len(found)} ids, first other one at {place}: {expected[place:place + 8]}, found {found[place:place + 8]}")


EXPERIMENT = """
name: tokenizers
base:
  model: {{hidden_size: 16, intermediate_size: 32, num_hidden_layers: 1, num_attention_heads: 2, max_position_embeddings: 32}}
  tokenizer: {{kind: file, path: {tokenizer}}}
  data: sums
  train: {{steps: 2, batch_size: 2, learning_rate: 1.0e-3}}
data: {{sums: {{generated: arithmetic, documents: 20, questions: 2}}}}
stream: [sums]
train: {{steps: 1, batch_size: 2, learning_rate: 1.0e-3}}
evaluation: {{tokens: 64, questions: 2}}
strategy: {{kind: sequential}}
"""


@unittest.skipIf(tokenizers is None, "needs tokenizers")
class TokenizerTests(unittest.TestCase):
    size, extra, report = 300_000, (), False

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.comparison = Comparison(folder.name, cls.size, cls.extra)

    def tell(self, name, count, start):
        if self.report:
            print(f"{name}: {self.comparison.bytes / 1e6:.1f} MB, {count} ids the same, {time.monotonic() - start:.0f} s", flush=True)

    def test_tokenizers_of_the_library(self):
        for index, (name, tokenizer, end) in enumerate(tokenizer_texts.all_tokenizers(self.comparison.training, 2000)):
            with self.subTest(name):
                start = time.monotonic()
                folder = self.folder / f"tokenizer{index}"
                save(tokenizer, end, folder)
                self.tell(name, self.comparison.compare(self, tokenizer, folder), start)

    def test_tokenizers_of_strata(self):
        start = time.monotonic()
        folder = self.folder / "own"
        training = self.folder / "training.txt"
        training.write_text("\n".join(self.comparison.training))
        strata("tokenizer", "train", training, "--vocab-size", 2000, "--output", folder)
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.assertEqual(tokenizer.get_vocab_size(), 2000)
        self.tell("trained by strata", self.comparison.compare(self, tokenizer, folder), start)

    def test_transformers_loads_what_strata_writes(self):
        """A stage of an experiment with `kind: file` writes both files again; AutoTokenizer takes them."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                from transformers import AutoTokenizer
        except ImportError:
            self.skipTest("needs transformers")
        texts = [text for text in self.comparison.decoded if "<" not in text][:50]
        for index, (name, tokenizer, end) in enumerate(tokenizer_texts.all_tokenizers(self.comparison.training, 1500)[4:7]):
            with self.subTest(name):
                folder = self.folder / f"source{index}"
                save(tokenizer, end, folder)
                experiment = self.folder / f"{index}.yaml"
                experiment.write_text(EXPERIMENT.format(tokenizer=folder))
                results = self.folder / f"results{index}"
                strata("run", experiment, "--results", results, "--workers", 1)
                (written,) = (path.parent for path in results.glob("stages/*/tokenizer.json"))
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    loaded = AutoTokenizer.from_pretrained(str(written))
                self.assertEqual((loaded.eos_token, loaded.model_max_length), (end, 512))
                again = Tokenizer.from_file(str(written / "tokenizer.json"))
                for text in texts:
                    expected = tokenizer.encode(text).ids
                    self.assertEqual(again.encode(text).ids, expected)
                    self.assertEqual(loaded(text)["input_ids"], expected)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=float, default=0.3, help="MB of text")
    parser.add_argument("--text", action="append", default=[], metavar="FILE", help="a file to be encoded too, as one text")
    options, rest = parser.parse_known_args()
    TokenizerTests.size, TokenizerTests.extra, TokenizerTests.report = int(options.size * 1e6), options.text, True
    unittest.main(argv=[sys.argv[0], *rest])
