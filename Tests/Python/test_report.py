"""Plots and the report of a results file, the report looked at by a browser.

STRATA_BINARY names the program; without it these tests are left out, without gnuplot those that draw, and without Chromium those that look.
"""

import html.parser
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest
import xml.dom.minidom

from test_cli import BINARY, TINY, CommandLineTest

GNUPLOT = shutil.which("gnuplot")
CHROMIUM = os.environ.get("STRATA_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SWEEP = """\
sweep:
  arms:
    - {strategy: {kind: frozen}}
    - {name: "low `touch victim` & <rank>_2", strategy: {kind: lora, r: 2}}
    - {strategy: {kind: block-expansion}, grid: {strategy.blocks: [1, 2]}}
  grid: {seed: [0, 1]}
"""


class Outline(html.parser.HTMLParser):
    """Tags with their attributes, and what would ask the network for something."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text = [], text
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


@unittest.skipUnless(BINARY, "STRATA_BINARY is not set")
class ReportTest(CommandLineTest):
    @classmethod
    def setUpClass(cls):
        cls.shared = tempfile.TemporaryDirectory(prefix="strata-report-")
        cls.addClassCleanup(cls.shared.cleanup)
        folder = pathlib.Path(cls.shared.name)
        (folder / "tiny.yaml").write_text(TINY.replace("eval_steps: 2", "logging_steps: 1") + SWEEP)
        environment = {key: value for key, value in os.environ.items() if not key.startswith("STRATA_")}
        result = subprocess.run([BINARY, "run", "tiny.yaml", "--quiet"], cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
        assert result.returncode == 0, result.stderr
        cls.file = folder / "results/tiny.h5"

    @unittest.skipUnless(GNUPLOT, "gnuplot is not installed")
    def test_plots_in_every_format(self):
        names = ["curves", "blocks", "stream", "forgetting", "front", "axis-strategy-blocks", "scores-loss", "scores-accuracy", "runs-2", "runs-3", "runs-4"]
        for format in ["svg", "pdf", "png"]:
            output, _ = self.strata("plot", self.file, "--output", "one", "--format", format)
            self.assertEqual(output.split(), [f"one/{name}.{format}" for name in names])
            self.strata("plot", self.file, "--output", "two", "--format", format)
            for name in names:
                self.assertEqual((self.folder / f"one/{name}.{format}").read_bytes(), (self.folder / f"two/{name}.{format}").read_bytes(), name)
        self.assertEqual(list(self.folder.glob("**/victim")), [])
        for name in names:
            text = (self.folder / f"one/{name}.svg").read_text()
            xml.dom.minidom.parseString(text)
            if name in ["curves", "forgetting"]:
                # gnuplot leaves '>' as it is.
                self.assertTrue("low `touch victim` &amp; &lt;rank>_2</text>" in text, name)
                self.assertTrue("(nats/token)</text>" in text, name)
        self.assertEqual(self.strata("plot", self.file, "--name", "front")[0], "./front.svg\n")

    @unittest.skipUnless(GNUPLOT, "gnuplot is not installed")
    def test_plots_of_the_experiment(self):
        text = TINY.replace("eval_steps: 2", "logging_steps: 1") + SWEEP + """\
plots:
  figure-5: {kind: blocks, title: "More `blocks`, 100% & <less>"}
  trade: {kind: front, metrics: [LA_loss, general_loss], arms: [strategy.kind]}
"""
        self.write("tiny.yaml", text)
        shutil.copytree(self.file.parent / "stages", self.folder / "results/stages")
        self.strata("collect", "tiny.yaml")
        output, errors = self.strata("plot", "results/tiny.h5")
        self.assertEqual((output.split(), errors), (["./figure-5.svg", "./trade.svg"], ""))
        self.assertIn("More `blocks`, 100% &amp; &lt;less>", (self.folder / "figure-5.svg").read_text())
        self.assertIn("block-expansion", (self.folder / "trade.svg").read_text())
        self.assertEqual(self.strata("plot", "results/tiny.h5", "--name", "curves")[0], "./curves.svg\n")
        self.assertIn("expected one of figure-5, trade, curves, blocks,", self.refused("plot", "results/tiny.h5", "--name", "trad"))
        page = Outline(pathlib.Path(self.folder, self.strata("report", "results/tiny.h5")[0].strip()).read_text())
        # Two of the experiment, then the curves of three arms that train.
        self.assertEqual(len(page.all("svg")), 2 + 3)
        # Before the tasks were measured: what has no data yet is named, the others are drawn.
        self.write("tiny.yaml", text + "  base: {kind: scores, measure: accuracy, domains: [sums]}\n")
        stages = self.folder / "results/stages"
        recipes = {path.name: json.loads((path / "recipe.json").read_text()) for path in stages.iterdir()}
        for name, recipe in recipes.items():
            if recipe["stage"] == "evaluation" and recipes[recipe["parent"]]["stage"] == "task":
                shutil.rmtree(stages / name)
        self.strata("collect", "tiny.yaml")
        output, errors = self.strata("plot", "results/tiny.h5")
        self.assertEqual(output.split(), ["./figure-5.svg", "./base.svg"])
        self.assertEqual(errors, "strata: results/tiny.h5: there is no data for the plot 'trade' yet\n")
        self.assertIn("expected a plot that the file has data for", self.refused("plot", "results/tiny.h5", "--name", "trade"))

    def test_wrong_input(self):
        self.assertEqual(self.refused("plot", self.file, "--format", "gif"), "--format is 'gif', expected one of svg, pdf, png")
        self.assertIn("did you mean 'curves'?", self.refused("plot", self.file, "--name", "curve"))
        self.assertIn("expected a file that `strata run`", self.refused("report", "none.h5"))
        if GNUPLOT:
            self.write("taken", "")
            self.assertIn("taken: cannot be made as a folder", self.refused("plot", self.file, "--output", "taken"))

    def test_without_gnuplot(self):
        message = "there is no program 'gnuplot' in PATH; install it: apt-get install gnuplot-nox"
        self.assertIn(message, self.refused("plot", self.file, PATH=str(self.folder)))
        output, errors = self.strata("report", self.file, "--output", "a.html", PATH=str(self.folder))
        self.assertEqual(output, "a.html\n")
        self.assertIn(message, errors)
        text = (self.folder / "a.html").read_text()
        self.assertIn("apt-get install gnuplot-nox", text)
        self.assertNotIn("<svg", text)
        self.assertEqual(len(Outline(text).all("table")), 4)

    @unittest.skipUnless(GNUPLOT, "gnuplot is not installed")
    def test_report(self):
        self.strata("report", self.file, "--output", "a.html")
        self.strata("report", self.file, "--output", "b.html")
        text = (self.folder / "a.html").read_text()
        self.assertEqual(text, (self.folder / "b.html").read_text())
        page = Outline(text)
        for tag, attributes in page.tags:
            for name in ["src", "href", "action", "data"]:
                self.assertTrue(attributes.get(name, "#").startswith(("#", "data:")), f"<{tag}> {attributes}")
        self.assertNotRegex(text, r"<script|@import|url\((?!#)")
        identifiers = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
        self.assertEqual(len(identifiers), len(set(identifiers)))
        for _, attributes in page.tags:
            if attributes.get("href", "").startswith("#"):
                self.assertIn(attributes["href"][1:], identifiers)
        drawings = page.all("svg")
        self.assertEqual(len(drawings), 11)
        for drawing in drawings:
            self.assertEqual(drawing["role"], "img")
            self.assertGreater(len(drawing["aria-label"]), 60)
        self.assertEqual([tag for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)][:2], ["h1", "h2"])
        self.assertEqual(len(page.all("h1")), 1)
        self.assertEqual(len(page.all("caption")), len(page.all("table")))
        self.assertTrue(all("scope" in header for header in page.all("th")))
        self.assertEqual(next(attributes for tag, attributes in page.tags if tag == "a")["href"], "#main")
        self.assertTrue("low `touch victim` &amp; &lt;rank&gt;_2" in text)
        self.assertFalse(str(self.file.parent) in text, "a path of this machine")

    @unittest.skipUnless(GNUPLOT and CHROMIUM, "gnuplot or chromium is not installed: no browser looks at the report")
    def test_a_browser_shows_it(self):
        self.strata("report", self.file, "--output", "a.html")
        text = (self.folder / "a.html").read_text()
        # The page itself runs no script; this copy tells what the browser made of it, in frames as wide as a phone and a desk: Chromium's windows are not so narrow.
        probe = """<script>
            addEventListener("load", () => { const page = document.documentElement;
                parent.postMessage({width: innerWidth, page: page.scrollWidth, drawings: [...document.querySelectorAll("svg")].map((s) => s.getBoundingClientRect().width)}, "*"); });
            </script></body>"""
        self.write("probe.html", text.replace("</body>", probe))
        self.write("frames.html", """<!doctype html><pre id="out"></pre><script>
            const seen = [];
            addEventListener("message", (event) => { seen.push(event.data); if (seen.length === 2) out.textContent = JSON.stringify(seen); });
            </script><iframe src="probe.html" width="390" height="800"></iframe><iframe src="probe.html" width="1200" height="800"></iframe>""")
        result = subprocess.run(
            [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--enable-logging=stderr", f"--user-data-dir={self.folder}/profile",
             "--virtual-time-budget=10000", "--dump-dom", f"file://{self.folder}/frames.html"],
            capture_output=True, text=True, timeout=120)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertNotIn("CONSOLE", result.stderr)
        seen = json.loads(re.search(r'<pre id="out">(.*?)</pre>', result.stdout)[1])
        self.assertEqual(len(seen), 2, result.stdout[:300])
        for view in seen:
            self.assertLessEqual(view["page"], view["width"], "the page scrolls sideways")
            # Narrow screens scroll within a figure; letters do not shrink below two thirds.
            self.assertEqual(len(view["drawings"]), 11)
            self.assertGreater(min(view["drawings"]), 400)
        self.assertEqual(sorted(view["width"] for view in seen), [390, 1200])


if __name__ == "__main__":
    unittest.main()
