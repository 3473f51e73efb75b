"""What researchers take out of a results file: statistics against SciPy, tables in every format, exports and notebooks.

STRATA_BINARY names the program; without it these tests are left out. Needs numpy, scipy, pandas, xarray and matplotlib.
"""

import csv
import html.parser
import io
import itertools
import json
import math
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from test_cli import BINARY, HERE, ROOT, TINY, CommandLineTest

try:
    import numpy as np
    import pandas as pd
    import scipy.stats
except ImportError:
    np = None

SWEEP = """\
sweep:
  arms:
    - {strategy: {kind: frozen}}
    - {strategy: {kind: sequential}}
    - {name: "low rank & more", strategy: {kind: lora, r: 2}, train: {learning_rate: 2.0e-2}}
    - {strategy: {kind: block-expansion}, grid: {strategy.blocks: [1, 2]}}
  grid: {seed: [0, 1, 2]}
"""
TABLES = """\
tables:
  table-5:
    title: Forgetting & learning
    rows: [strategy.kind, strategy.blocks]
    columns: [loss.*, BWT_loss, OP_loss]
    filter: {arm: [sequential, "low rank & more", block-expansion]}
    order: [-loss.lives]
    against: sequential
    front: [LA_loss, general_loss]
    digits: {BWT_loss: 2}
  losses: {rows: [arm], columns: [loss.lives], costs: false, interval: bootstrap}
"""
PLOTS = """\
plots:
  trade: {kind: front, filter: {arm: [sequential, "low rank & more"]}, title: "Learning & forgetting"}
  blocks: {kind: axis, axis: strategy.blocks, metrics: [loss.*]}
"""
MASK = (1 << 64) - 1


class RandomStream:
    """xoshiro256** as Strata seeds it, written again from its description."""

    def __init__(self, seed, label):
        mix = 0xCBF29CE484222325
        for byte in label.encode():
            mix = ((mix ^ byte) * 0x100000001B3) & MASK
        mix = (seed + mix * 0x9E3779B97F4A7C15) & MASK
        self.state = []
        for _ in range(4):
            mix = (mix + 0x9E3779B97F4A7C15) & MASK
            z = ((mix ^ (mix >> 30)) * 0xBF58476D1CE4E5B9) & MASK
            z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
            self.state.append(z ^ (z >> 31))

    def next(self):
        def rotated(x, k):
            return ((x << k) | (x >> (64 - k))) & MASK

        s = self.state
        result = (rotated((s[1] * 5) & MASK, 7) * 9) & MASK
        t = (s[1] << 17) & MASK
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= t
        s[3] = rotated(s[3], 45)
        return result

    def below(self, bound):
        while True:
            product = self.next() * bound
            if product & MASK >= ((1 << 64) - bound) % bound:
                return product >> 64


@unittest.skipIf(np is None, "numpy, scipy and pandas are not installed")
class StatisticsTest(CommandLineTest):
    def statistics(self, columns, *words):
        rows = itertools.zip_longest(*columns.values(), fillvalue="")
        text = ",".join(columns) + "\n" + "".join(",".join("" if cell == "" else repr(cell) for cell in row) + "\n" for row in rows)
        self.write("values.csv", text)
        return json.loads(self.strata("statistics", "values.csv", *words)[0])

    def assertClose(self, found, expected, what):
        self.assertTrue(found == expected or abs(found - expected) <= 1e-10 * abs(expected), f"{what}: {found}, expected {expected}")

    def test_the_comparator_refuses_wrong_answers(self):
        self.assertClose(1 + 1e-12, 1, "")
        for wrong in (0.0, math.nan, -1.0, 1 + 1e-9):
            with self.assertRaises(AssertionError):
                self.assertClose(wrong, 1.0, "")

    def test_intervals_and_p_values_are_those_of_scipy(self):
        chance = random.Random(5)
        for case in range(24):
            n = chance.choice([2, 3, 4, 5, 7, 10, 14])
            scale = 10 ** chance.uniform(-3, 3)
            draw = lambda shift: [round(chance.gauss(shift, 1) * scale, chance.choice([2, 12])) for _ in range(n)]  # rounding makes ties
            columns = {"a": draw(0), "b": draw(0.5), "c": draw(2)}
            found = self.statistics(columns, "--against", "a")
            with self.subTest(case=case, n=n):
                for arm in found["arms"]:
                    values = np.array(columns[arm["name"]])
                    self.assertClose(arm["mean"], values.mean(), "mean")
                    self.assertClose(arm["sd"], values.std(ddof=1), "sd")
                    low, high = scipy.stats.t.interval(0.95, n - 1, values.mean(), scipy.stats.sem(values)) if values.std() > 0 else (values[0], values[0])
                    self.assertLessEqual(abs(arm["low"] - low), 1e-10 * max(abs(low), abs(high)))
                    self.assertLessEqual(abs(arm["high"] - high), 1e-10 * max(abs(low), abs(high)))
                raw = []
                for comparison in found["comparisons"]:
                    d = np.array(columns[comparison["name"]]) - np.array(columns["a"])
                    expected = scipy.stats.permutation_test(
                        (d,), lambda x, axis: np.sum(x, axis=axis), permutation_type="samples", vectorized=True, n_resamples=np.inf, alternative="two-sided")
                    self.assertClose(comparison["p"], expected.pvalue, "p")
                    self.assertTrue(comparison["exact"])
                    low, high = scipy.stats.ttest_1samp(d, 0).confidence_interval(0.95) if d.std() > 0 else (d[0], d[0])
                    self.assertLessEqual(abs(comparison["low"] - low), 1e-10 * max(abs(low), abs(high)))
                    self.assertLessEqual(abs(comparison["high"] - high), 1e-10 * max(abs(low), abs(high)))
                    raw.append(comparison["p"])
                # Holm: the smaller p times 2, the larger times 1 but not below it.
                low, high = sorted(raw)
                corrected = {low: min(1, 2 * low), high: max(min(1, 2 * low), high)}
                self.assertEqual([comparison["p_holm"] for comparison in found["comparisons"]], [corrected[p] for p in raw])

    def test_bootstrap(self):
        chance = random.Random(6)
        for n, seed in ((2, 0), (5, 3), (6, 0), (9, 7)):
            values = [chance.gauss(0, 1) for _ in range(n)]
            arm = self.statistics({"a": values}, "--interval", "bootstrap", "--seed", str(seed))["arms"][0]
            if n <= 5:
                means = [np.mean(sample) for sample in itertools.product(values, repeat=n)]
            else:
                stream = RandomStream(seed, "bootstrap")
                means = [sum(values[stream.below(n)] for _ in range(n)) / n for _ in range(10_000)]
            for name, share in (("low", 0.025), ("high", 0.975)):
                self.assertLessEqual(abs(arm[name] - np.quantile(means, share)), 1e-12, f"{name} of {n}")

    def test_many_pairs_are_drawn(self):
        chance = random.Random(7)
        a, b = ([chance.gauss(shift, 1) for _ in range(20)] for shift in (0, 0.4))
        found = self.statistics({"a": a, "b": b}, "--against", "a")["comparisons"][0]
        self.assertFalse(found["exact"])
        self.assertEqual(round(found["p"] * 100_000, 6) % 1, 0)
        d = np.array(b) - np.array(a)
        exact = scipy.stats.permutation_test((d,), lambda x, axis: np.sum(x, axis=axis), permutation_type="samples", vectorized=True, n_resamples=np.inf, batch=1 << 16).pvalue
        # Five standard errors of the share of 99,999 drawn patterns.
        self.assertLess(abs(found["p"] - exact), 5 * math.sqrt(exact * (1 - exact) / 99_999))
        self.assertEqual(self.statistics({"a": a, "b": b}, "--against", "a")["comparisons"][0], found)

    def test_missing_values_and_wrong_words(self):
        found = self.statistics({"a": [1.0, "", 3.0], "b": [2.0, 5.0, 5.0], "c": ["", "", ""]}, "--against", "a")
        self.assertEqual([arm["n"] for arm in found["arms"]], [2, 3, 0])
        self.assertEqual([(item["name"], item["mean"], item["n"]) for item in found["comparisons"]], [("b", 1.5, 2)])
        self.assertEqual(self.refused("statistics", "values.csv", "--against", "d"), "--against is 'd', expected one of a, b, c")
        self.assertEqual(self.refused("statistics", "values.csv", "--interval", "z"), "--interval is 'z', expected t or bootstrap")
        self.write("bad.csv", "a,b\n1,2\n1\n")
        self.assertTrue(self.refused("statistics", "bad.csv").startswith("bad.csv:3:1: found 1 cells, expected 2"))
        self.write("bad.csv", "a,b\n1,x\n")
        self.assertTrue(self.refused("statistics", "bad.csv").startswith("bad.csv:2:3: found 'x', expected a number"))


class Tags(html.parser.HTMLParser):
    VOID = {"meta", "wbr"}

    def __init__(self):
        super().__init__()
        self.open, self.seen, self.attributes = [], [], []

    def handle_starttag(self, tag, attributes):
        self.seen.append(tag)
        self.attributes.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()


@unittest.skipUnless(BINARY, "STRATA_BINARY is not set")
class ResultsFileTest(CommandLineTest):
    """One run of five arms and three seeds for all tests."""

    @classmethod
    def setUpClass(cls):
        cls.shared = tempfile.TemporaryDirectory(prefix="strata-results-")
        cls.addClassCleanup(cls.shared.cleanup)
        folder = pathlib.Path(cls.shared.name)
        (folder / "tiny.yaml").write_text(TINY + SWEEP + TABLES + PLOTS)
        environment = {key: value for key, value in os.environ.items() if not key.startswith("STRATA_")}
        result = subprocess.run([BINARY, "run", "tiny.yaml", "--quiet"], cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
        assert result.returncode == 0, result.stderr
        cls.output, cls.file = result.stdout, folder / "results/tiny.h5"

    def table(self, name, format="csv", *words):
        return self.strata("table", self.file, "--name", name, "--format", format, *words)[0]

    def test_run_prints_the_tables_of_the_file(self):
        self.assertRegex(self.output, r"(?m)^table-5: Forgetting & learning$")
        self.assertRegex(self.output, r"(?m)^losses: a row for each of arm$")
        self.assertNotIn("stream: ", self.output)
        self.assertEqual(self.strata("table", self.file)[0], self.table("table-5", "markdown"), "the first table without a name")

    def test_a_defined_table(self):
        rows = list(csv.DictReader(io.StringIO(self.table("table-5"))))
        self.assertEqual(rows[0]["strategy.kind"], "base")
        self.assertEqual({(row["strategy.kind"], row["strategy.blocks"]) for row in rows[1:]},
                         {("sequential", ""), ("lora", ""), ("block-expansion", "1"), ("block-expansion", "2")})
        losses = [float(row["loss.lives.mean"]) for row in rows[1:]]
        self.assertEqual(losses, sorted(losses, reverse=True))
        for row in rows[1:]:
            is_reference = row["strategy.kind"] == "sequential"
            self.assertEqual(row["loss.lives.difference.n"], "0" if is_reference else "3")
            if not is_reference:
                # Of three pairs no p is below 1/4, and 15 comparisons make it 1.
                self.assertGreaterEqual(float(row["loss.lives.difference.p"]), 0.25)
                self.assertEqual(float(row["loss.lives.difference.p_holm"]), 1)
        markdown = self.table("table-5", "markdown")
        self.assertTrue(markdown.startswith("**Forgetting & learning**\n\n| strategy.kind"))
        self.assertIn("With so few pairs no p can be below 0.25 before correction", markdown)
        self.assertIn("by Holm over the 15 comparisons of the table", markdown)
        self.assertIn("A single interleaved block stands behind the last layer", markdown)
        self.assertRegex(markdown, r"Arms differ in train\.learning_rate too \(0\.01, 0\.02\)\.")
        self.assertRegex(markdown, r"Arms differ in trained parameters \(\d+ to \d+\) and training FLOPs")
        self.assertEqual(sum("| **" in line for line in markdown.splitlines()) > 0, True)
        self.assertNotIn("cost.", self.table("losses"))
        self.assertRegex(self.table("losses", "markdown"), r"\d\.\d{4} \[\d\.\d{4}, \d\.\d{4}\]")

    def test_runs_that_share_all_stages_are_one_observation(self):
        rows = {row["arm"]: row for row in csv.DictReader(io.StringIO(self.table("summary")))}
        self.assertEqual((rows["frozen"]["loss.sums.n"], rows["frozen"]["loss.sums.low"]), ("1", ""))
        self.assertEqual(rows["sequential"]["loss.sums.n"], "3")
        self.assertIn("Runs that share all their stages are one observation (frozen: 3 runs, n=1).", self.table("summary", "markdown"))
        self.assertEqual(float(rows["frozen"]["cost.flops"]), 0)
        for cost in ("cost.flops", "cost.seconds", "cost.memory"):
            self.assertGreater(float(rows["sequential"][cost]), 0)

    def test_json_has_what_csv_has(self):
        for name in ("table-5", "losses", "summary", "stream", "metrics", "front"):
            with self.subTest(name):
                table = json.loads(self.table(name, "json"))
                rows = list(csv.DictReader(io.StringIO(self.table(name))))
                self.assertEqual(len(table["rows"]), len(rows))
                for row, found in zip(table["rows"], rows):
                    for column, cell in zip(table["columns"], row["cells"]):
                        if isinstance(cell, dict):
                            for key in ("mean", "low", "high"):
                                text = found[f"{column['name']}.{key}"]
                                self.assertEqual(None if text == "" else float(text), cell[key])
                            self.assertEqual(int(found[f"{column['name']}.n"]), cell["n"])
                        elif column["kind"] in ("label", "mark"):
                            self.assertEqual(found[column["name"]], cell or "")
                        elif cell is not None:
                            self.assertEqual(float(found[column["name"]]), cell)

    def test_html_is_well_formed_and_accessible(self):
        for words in ([], ["--whole"]):
            tags = Tags()
            tags.feed(self.table("table-5", "html", *words))
            self.assertEqual(tags.open, [])
            self.assertEqual(tags.seen.count("caption"), 1)
            self.assertTrue(all("scope" in attributes for tag, attributes in tags.attributes if tag == "th"))
            self.assertEqual(sum(attributes.get("scope") == "row" for tag, attributes in tags.attributes if tag == "th"), 5)
            self.assertIn("strong", tags.seen)
            self.assertEqual("html" in tags.seen, bool(words))
            self.assertFalse({"script", "link", "img"} & set(tags.seen))
        self.assertEqual(self.refused("table", self.file, "--whole"), "--whole goes with --format latex or html")

    def test_latex(self):
        for name in ("table-5", "summary", "stream", "losses"):
            text = self.table(name, "latex", "--whole")
            self.assertEqual([line for line in text.splitlines() if "usepackage" in line and not line.startswith("%")], ["\\usepackage{booktabs}"])
            self.assertIn(self.table(name, "latex"), text)
        self.assertIn("Forgetting \\& learning", self.table("table-5", "latex"))
        if not shutil.which("pdflatex"):
            self.skipTest("pdflatex is not installed: the tables are not compiled")
        for name in ("table-5", "stream", "losses"):
            with self.subTest(name):
                self.write("table.tex", self.table(name, "latex", "--whole"))
                result = subprocess.run(["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "table.tex"], cwd=self.folder, capture_output=True, timeout=120)
                self.assertEqual(result.returncode, 0, result.stdout.decode(errors="replace")[-2000:])
                self.assertNotIn(b"Overfull", result.stdout)

    @unittest.skipIf(np is None, "numpy, scipy and pandas are not installed")
    def test_cells_are_what_pandas_makes_of_the_export(self):
        self.assertEqual(len(self.strata("export", self.file, "--output", "out")[0].splitlines()), 5)
        runs, scores, curves = (pd.read_csv(self.folder / "out" / f"{name}.csv") for name in ("runs", "scores", "curves"))
        self.assertEqual((len(runs), runs["run"].nunique(), curves["run"].nunique()), (15, 15, 15))
        # The stage that measured the last row of each run; the table counts each once.
        last = scores.sort_values("trained").groupby("run").last()["stage"]
        runs["stage"] = runs["run"].map(last)
        labels = ["arm", "strategy.blocks"]
        arms = {key: part for key, part in runs.drop_duplicates([*labels, "stage"]).groupby(labels, sort=False, dropna=False)}
        compared = 0
        for row in csv.DictReader(io.StringIO(self.table("summary"))):
            if row["arm"] == "base":
                continue
            arm = arms[next(key for key in arms if key[0] == row["arm"] and (row["strategy.blocks"] == "" or key[1] == float(row["strategy.blocks"])))]
            for name in (name.removesuffix(".mean") for name in row if name.endswith(".mean")):
                values = arm[name].dropna()
                self.assertEqual(int(row[f"{name}.n"]), len(values), (row["arm"], name))
                if len(values) == 0:
                    continue
                np.testing.assert_allclose(float(row[f"{name}.mean"]), values.mean(), rtol=1e-12, atol=1e-15)
                if len(values) > 1:
                    half = scipy.stats.t.ppf(0.975, len(values) - 1) * values.std() / math.sqrt(len(values))
                    np.testing.assert_allclose([float(row[f"{name}.low"]), float(row[f"{name}.high"])], [values.mean() - half, values.mean() + half], rtol=1e-10, atol=1e-12)
                compared += 1
            for name in ("cost.flops", "cost.seconds", "cost.memory", "parameters.trained"):
                np.testing.assert_allclose(float(row[name]), arm[name].mean(), rtol=1e-12)
        self.assertGreater(compared, 40)
        # The end of the stream stands in both files.
        end = scores[scores["trained"] == 2].pivot(index="run", columns="evaluated", values="loss")
        pd.testing.assert_series_equal(end["sums"], runs.set_index("run")["loss.sums"], check_names=False)

    def test_exports_are_deterministic_and_described(self):
        for folder in ("one", "two"):
            self.strata("export", self.file, "--output", folder)
        for path in sorted((self.folder / "one").iterdir()):
            self.assertEqual(path.read_bytes(), (self.folder / "two" / path.name).read_bytes())
        dictionary = (self.folder / "one/README.md").read_text()
        for path in (self.folder / "one").glob("*.csv"):
            with path.open(newline="") as file:
                columns = next(csv.reader(file))
            for column in columns:
                self.assertIn(f"| {column} |", dictionary, f"{path.name} is not described")
        self.write("taken", "")
        self.assertTrue(self.refused("export", self.file, "--output", "taken/here").startswith("taken/here: cannot be made as a folder"))

    def test_the_file_opens_with_both_engines(self):
        result = subprocess.run([os.environ.get("STRATA_PYTHON", sys.executable), HERE / "open_with_xarray.py", self.file], capture_output=True, text=True, timeout=300)
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_notebooks_run(self):
        notebooks = sorted((ROOT / "notebooks-data").glob("*.ipynb"))
        self.assertEqual(len(notebooks), 2)
        for path in notebooks:
            with self.subTest(path.name):
                cells = ["".join(cell["source"]) for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]
                self.assertTrue(all(not cell["outputs"] for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"))
                script = "\n".join(cells) + "\nprint(len(plt.get_fignums()))\n"
                environment = os.environ | {"STRATA_FILE": str(self.file), "MPLBACKEND": "agg", "MPLCONFIGDIR": str(self.folder)}
                result = subprocess.run(
                    [os.environ.get("STRATA_PYTHON", sys.executable), "-W", "error:::__main__", "-c", script], env=environment, capture_output=True, text=True, timeout=300)
                self.assertEqual(result.returncode, 0, result.stderr[-3000:])
                self.assertEqual(result.stdout.strip().splitlines()[-1], "2")

    def test_h5dump_reads_it(self):
        if not shutil.which("h5dump"):
            self.skipTest("h5dump is not installed")
        # Header and content, in spite of the seal behind the end.
        for words in (["-H"], []):
            result = subprocess.run(["h5dump", *words, self.file], capture_output=True, text=True, timeout=60)
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            for name in ("GROUP \"summary\"", "GROUP \"runs\"", "DATASET \"loss_random\"", "ATTRIBUTE \"plots\"", "ATTRIBUTE \"tables\""):
                self.assertIn(name, result.stdout)

    @unittest.skipIf(np is None, "numpy, scipy and pandas are not installed")
    def test_r_reads_it_as_the_page_says(self):
        """The R of docs/reading-results.md, with the names of this file."""
        if not shutil.which("Rscript"):
            self.skipTest("R is not installed")
        self.strata("export", self.file, "--output", "out")
        expected = pd.read_csv(self.folder / "out/runs.csv").groupby("arm")["loss.terms"].mean()
        page = (ROOT / "docs/reading-results.md").read_text().replace("results/quickstart.h5", str(self.file)).replace("loss.clauses", "loss.terms")
        codes = re.findall(r"```r\n(.*?)```", page, re.DOTALL) + re.findall(r"`(aggregate\(.*?)`", page)
        self.assertEqual(len(codes), 3)
        ran = 0
        for code in codes:
            package = re.match(r"library\((\w+)\)", code)
            if package and subprocess.run(["Rscript", "-e", package[0]], capture_output=True).returncode != 0:
                continue
            result = subprocess.run(["Rscript", "--vanilla", "-e", "options(warn = 2, digits = 15)\n" + code], cwd=self.folder, capture_output=True, text=True, timeout=120)
            self.assertEqual(result.returncode, 0, result.stderr)
            found = {match[1]: float(match[2]) for match in re.finditer(r"(?m)^\d+\s+(.*?)\s+(\d[\d.e-]*)$", result.stdout)}
            self.assertEqual(sorted(found), sorted(expected.index))
            for arm, value in found.items():
                self.assertAlmostEqual(value, expected[arm], places=12)
            ran += 1
        self.assertGreater(ran, 0)


class WrongTablesTest(CommandLineTest):
    """Wrong names in `tables:` are found when the file is read."""

    def test_each_is_refused_with_its_place(self):
        cases = [
            ("{columns: [loss.live]}", "bad.yaml:22:17: tables.t.columns[0]: found 'loss.live', expected a column: loss.DOMAIN,", "did you mean 'loss.lives'?"),
            ("{columns: [BTW]}", "bad.yaml:22:17: tables.t.columns[0]: found 'BTW'", "did you mean 'BWT'?"),
            ("{columns: [los.*]}", "bad.yaml:22:17: tables.t.columns[0]: found 'los.*'", ""),
            ("{columns: [OP, OP]}", "bad.yaml:22:21: tables.t.columns[1]: found 'OP' a second time", ""),
            ("{rows: [strategy.king]}", "bad.yaml:22:14: tables.t.rows[0]: found 'strategy.king', expected an axis of the sweep", "did you mean 'strategy.kind'?"),
            ("{against: sequental}", "bad.yaml:22:16: tables.t.against: found 'sequental', expected the label of an arm:", "did you mean 'sequential'?"),
            ("{against: block-expansion}", "bad.yaml:22:16: tables.t.against: found 'block-expansion', the label of 2 rows, expected one arm", ""),
            ("{against: {arms: lora}}", "bad.yaml:22:17: tables.t.against.arms: found 'arms', expected one of the table's rows: arm, strategy.blocks", "did you mean 'arm'?"),
            ("{order: OPP}", "bad.yaml:22:14: tables.t.order: found 'OPP'", "did you mean 'OP'?"),
            ("{filter: {arm: loar}}", 'bad.yaml:22:21: tables.t.filter.arm: found "loar", expected a value that \'arm\' has in some run', "did you mean 'lora'?"),
            ("{filter: {arn: lora}}", "bad.yaml:22:16: tables.t.filter.arn: found 'arn'", "did you mean 'arm'?"),
            ("{filter: {arm: lora, strategy.blocks: 1}}", "bad.yaml:22:15: tables.t.filter: found no run that has all these values", ""),
            ("{front: [OP, cost.flops]}", "bad.yaml:22:19: tables.t.front[1]: found 'cost.flops', expected a loss, an accuracy or a metric", ""),
            ("{digits: 99}", "bad.yaml:22:15: tables.t.digits: found 99", ""),
            ("{colums: [OP]}", "bad.yaml:22:7: tables.t.colums: found an unknown key 'colums'", "did you mean 'columns'?"),
        ]
        text = (self.folder / "tiny.yaml").read_text() + "tables:\n"
        self.assertEqual(text.count("\n"), 21)
        for table, start, end in cases:
            with self.subTest(table):
                self.write("bad.yaml", text + f"  t: {table}\n")
                found = self.refused("plan", "bad.yaml")
                self.assertTrue(found.startswith(start), found)
                self.assertTrue(found.endswith(end), found)
        self.write("good.yaml", text + "  t: {against: {arm: block-expansion, strategy.blocks: 2}, columns: [accuracy.*], order: -OP}\n")
        self.strata("plan", "good.yaml")


if __name__ == "__main__":
    unittest.main()
