"""The pages of the modules' public interface build without warnings, and have the example."""

import json
import os
import pathlib
import shutil
import subprocess
import unittest

ROOT = pathlib.Path(__file__).parents[2]


@unittest.skipUnless(shutil.which("docc"), "needs docc, part of Swift's toolchain")
class DocumentationTests(unittest.TestCase):
    def test_pages_build_without_warnings(self):
        done = subprocess.run([ROOT / "scripts/docs"], capture_output=True, text=True, env=os.environ | {"LC_ALL": "C.UTF-8"})
        self.assertEqual(done.returncode, 0, done.stderr[-4000:])
        pages = pathlib.Path(done.stdout.strip()) / "data/documentation"
        front = json.loads((pages / "strata.json").read_text())
        self.assertEqual(front["metadata"]["title"], "Strata")
        self.assertIn("learnAndForget", json.dumps(front))
        for module in ["settings", "hdf5", "kernels", "llama", "corpus", "training", "continual", "experiments", "results"]:
            self.assertTrue((pages / f"{module}.json").is_file(), module)
