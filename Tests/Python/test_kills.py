"""Kills a sweep again and again and compares what is left in the end with a sweep that nobody disturbed.

    python Tests/Python/test_kills.py [--kills 200] [--seed 1] [--steps 60]

A sweep of twelve runs is started, and at random moments its coordinator, one of its workers, or all of them at once get SIGKILL; then it is
started again. A sweep that comes to its end is compared and another begins, until there were enough kills. In the end every number of every HDF5
file but the seconds is that of the undisturbed sweep, bit for bit, and no stage that was finished was ever finished again: its file `done` stays
the same file. The tests do this with a few kills (STRATA_KILLS, 15). STRATA_BINARY names the program.
"""

import argparse
import collections
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

BINARY = os.environ.get("STRATA_BINARY")

EXPERIMENT = """\
name: kills
base:
  model: {{hidden_size: 16, intermediate_size: 32, num_hidden_layers: 2, num_attention_heads: 2, max_position_embeddings: 32}}
  tokenizer: {{kind: byte}}
  data: lives
  train: {{steps: {base}, batch_size: 8, learning_rate: 1.0e-2, logging_steps: 3, eval_steps: {eval}}}
data:
  lives: {{generated: biographies, documents: 40, questions: 8}}
  sums: {{generated: arithmetic, documents: 40, questions: 8}}
  terms: {{generated: clauses, documents: 40, questions: 8}}
stream: [sums, terms]
train: {{steps: {task}, batch_size: 8, learning_rate: 1.0e-2, logging_steps: 2, eval_steps: {eval}}}
evaluation: {{tokens: 512, questions: 8, batch_size: 8}}
sweep:
  arms:
    - {{strategy: {{kind: sequential}}}}
    - {{strategy: {{kind: lora, r: 2}}}}
    - {{strategy: {{kind: block-expansion, blocks: 2}}}}
  grid: {{seed: [0, 1, 2, 3]}}
"""


# What tells of the machine: seconds, and the threads that a stage happened to get.
TIMES = ("/seconds", "_seconds", "/cost.seconds", "stages/threads")


def contents(path):
    """Every dataset of a published file but the times, as bytes."""
    import h5py

    found = {}
    with h5py.File(path) as file:
        def visit(name, item):
            if isinstance(item, h5py.Dataset) and not name.endswith(TIMES):
                found[name] = item.asstr()[...].tolist() if h5py.check_string_dtype(item.dtype) else item[...].tobytes()

        file.visititems(visit)
    return found


class Sweeps:
    def __init__(self, folder, seed, steps):
        self.folder = pathlib.Path(folder)
        self.random = random.Random(seed)
        self.counts = collections.Counter()
        self.finished = {}
        (self.folder / "kills.yaml").write_text(EXPERIMENT.format(base=2 * steps, task=steps, eval=max(2, steps // 3)))

    def start(self, results, workers):
        environment = {key: value for key, value in os.environ.items() if not key.startswith("STRATA_")} | {"STRATA_SAVE_SECONDS": "0"}
        self.log = tempfile.TemporaryFile("w+")
        return subprocess.Popen(
            [BINARY, "run", "kills.yaml", "--threads", "2", "--workers", str(workers), "--results", results], cwd=self.folder, env=environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self.log, start_new_session=True)

    def errors(self):
        self.log.seek(0)
        text = self.log.read()
        self.log.close()
        return text

    def workers(self, process):
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            try:
                words = (entry / "stat").read_text().rpartition(")")[2].split() if entry.name.isdigit() else []
                if words and int(words[1]) == process.pid and words[0] not in "ZX":
                    found.append(int(entry.name))
            except (FileNotFoundError, ProcessLookupError):
                continue
        return sorted(found)

    def kill(self, process):
        """Sends SIGKILL to one part of a run, or to all of it, and says to which."""
        what = self.random.choice(("coordinator", "worker", "both"))
        if what == "both":
            os.killpg(process.pid, signal.SIGKILL)
        elif what == "coordinator":
            process.kill()
        else:
            workers = self.workers(process)
            if not workers:
                return None
            try:
                os.kill(self.random.choice(workers), signal.SIGKILL)
            except ProcessLookupError:
                return None
        return what

    def check_finished(self, results):
        """No stage that was ever finished is begun or finished again."""
        folder = self.folder / results / "stages"
        for key, identity in self.finished.items():
            status = os.stat(folder / key / "done")
            if (status.st_ino, status.st_mtime_ns) != identity:
                raise AssertionError(f"stage {key} was finished twice")
        for done in folder.glob("*/done"):
            status = done.stat()
            self.finished[done.parent.name] = (status.st_ino, status.st_mtime_ns)

    def disturbed(self, results, kills):
        """Kills a sweep until it is through, and returns how often it was killed."""
        count = 0
        self.finished = {}
        while True:
            process = self.start(results, self.random.choice((1, 2, 2)))
            while count < kills:
                try:
                    # Most at work, some while it starts.
                    process.wait(timeout=self.random.choice((self.random.uniform(0, 0.3), self.random.uniform(0.2, 1.5))))
                    break
                except subprocess.TimeoutExpired:
                    pass
                what = self.kill(process)
                if what is None:
                    continue
                count += 1
                self.counts[what] += 1
                if what != "worker":
                    break
            status = process.wait(timeout=600)
            errors = self.errors()
            self.counts["resumed"] += len(re.findall(r": goes on behind step ", errors))
            self.counts["cut"] += len(re.findall(r"cut off", errors))
            self.counts["failed stages"] += len(re.findall(r": FAILED: ", errors))
            unexpected = [line for line in errors.splitlines() if "begins anew" in line or "made again" in line or ("FAILED" in line and "SIGKILL" not in line)]
            if unexpected or status not in (0, 1, -signal.SIGKILL):
                raise AssertionError(f"status {status}\n{errors}")
            # Workers of a coordinator that was killed end by themselves.
            self.check_finished(results)
            if status == 0:
                return count

    def run(self, kills):
        """The undisturbed sweep, and as many disturbed ones as it takes."""
        process = self.start("plain", 2)
        if process.wait(timeout=600) != 0:
            raise AssertionError(self.errors())
        self.errors()
        expected = contents(self.folder / "plain/kills.h5")
        left = kills
        while left > 0:
            self.counts["sweeps"] += 1
            results = f"sweep{self.counts['sweeps']}"
            left -= self.disturbed(results, left)
            found = contents(self.folder / results / "kills.h5")
            if found != expected:
                raise AssertionError(f"{results} differs in {[name for name in expected if found.get(name) != expected[name]]}")
            verified = subprocess.run([BINARY, "verify", results], cwd=self.folder, capture_output=True, text=True, timeout=300)
            if verified.returncode != 0:
                raise AssertionError(verified.stdout + verified.stderr)
            self.counts["stages"] = len(self.finished)
            leftover = [path for path in (self.folder / results / "stages").glob("*/*") if path.name == "state" or ".partial-" in path.name]
            if leftover:
                raise AssertionError(f"left behind: {leftover}")
            shutil.rmtree(self.folder / results)
        self.counts["datasets"] = len(expected)
        return self.counts


@unittest.skipUnless(BINARY, "STRATA_BINARY is not set")
@unittest.skipUnless(os.path.isdir("/proc/self/fd"), "there is no /proc")
class KillTest(unittest.TestCase):
    def test_a_sweep_that_is_killed_again_and_again(self):
        try:
            import h5py  # noqa: F401
        except ImportError:
            self.skipTest("h5py is not installed")
        with tempfile.TemporaryDirectory(prefix="strata-kills-") as folder:
            counts = Sweeps(folder, seed=1, steps=60).run(int(os.environ.get("STRATA_KILLS", "15")))
        self.assertGreater(counts["datasets"], 100)
        self.assertEqual(counts["stages"], 5 + 12 * 4)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=60, help="of a task; the base takes twice as many")
    options = parser.parse_args()
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="strata-kills-") as folder:
        counts = Sweeps(folder, options.seed, options.steps).run(options.kills)
    print(f"{sum(counts[name] for name in ('coordinator', 'worker', 'both'))} kills ({counts['coordinator']} coordinator, {counts['worker']} worker, "
          f"{counts['both']} both) over {counts['sweeps']} sweeps of 12 runs and {counts['stages']} stages in {time.monotonic() - start:.0f} s; "
          f"{counts['resumed']} stages went on from their state, {counts['cut']} with records cut off, {counts['failed stages']} failed with their worker; "
          f"{counts['datasets']} datasets of every file equal bit for bit; no finished stage was run twice")
    sys.exit(0)
