"""Drives the program as a researcher would, with an experiment that trains in a moment.

STRATA_BINARY names the program; without it these tests are left out. STRATA_PYTHON names a Python with xarray.
"""

import csv
import fcntl
import io
import json
import math
import os
import pathlib
import pty
import re
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
import unittest

import yaml

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BINARY = os.environ.get("STRATA_BINARY")

TINY = """\
name: tiny
base:
  model: {hidden_size: 16, intermediate_size: 32, num_hidden_layers: 2, num_attention_heads: 2, max_position_embeddings: 32}
  tokenizer: {kind: byte}
  data: lives
  train: {steps: 6, batch_size: 4, learning_rate: 1.0e-2}
data:
  lives: {generated: biographies, documents: 20, questions: 4}
  sums: {generated: arithmetic, documents: 20, questions: 4}
  terms: {generated: clauses, documents: 20, questions: 4}
stream: [sums, terms]
train: {steps: 4, batch_size: 4, learning_rate: 1.0e-2, eval_steps: 2}
evaluation: {tokens: 256, questions: 4, batch_size: 8}
"""
ARMS = """\
sweep:
  arms:
    - {strategy: {kind: frozen}}
    - {strategy: {kind: sequential}}
    - {strategy: {kind: lora, r: 2}}
    - {strategy: {kind: block-expansion}, grid: {strategy.blocks: [1, 2]}}
  grid: {seed: [0, 1]}
"""
SEQUENTIAL = TINY + "strategy: {kind: sequential}\n"
WILD = "{learning_rate: 100, weight_decay: 10, max_grad_norm: 0, lr_scheduler_type: constant, warmup_ratio: 0, steps: 200, logging_steps: 1}"

# TRACE, arXiv 2310.06762, tables 8, 13 and 18: a line a task, from the round in which it is trained on.
MATRICES = {
    "sequential": (
        """.5 .456 .448 .453 .435 .442 .436 .454
           .735 .67 .658 0 .595 .577 .609
           .523 .459 .433 .446 .442 .457
           .58 .459 .509 .508 .512
           .764 .636 .45 .637
           .383 .247 .272
           .582 .548
           .408""",
        {"OP": 0.4871, "BWT": -0.0826, "forgetting": 0.0826, "LA": 0.5594, "AIA": 0.5063},
    ),
    "lora": (
        """.511 .45 .412 .373 .133 .391 .294 .277
           .713 .55 .452 0 .421 .341 .24
           .51 .212 .151 .067 .037 .121
           .578 .004 .495 .452 .004
           .68 .645 .535 0
           .37 .235 0
           .486 0
           .37""",
        {"OP": 0.1265, "BWT": -0.4580, "forgetting": 0.4580, "LA": 0.5272, "AIA": 0.3806},
    ),
    "replay": (
        """.471 .487 .485 .5 .486 .475 .493 .5
           .734 .769 .785 .807 .781 .785 .8
           .499 .496 .507 .494 .492 .51
           .543 .561 .546 .552 .55
           .763 .78 .78 .785
           .358 .309 .37
           .486 .52
           .406""",
        {"OP": 0.5551, "BWT": 0.0259, "forgetting": -0.0051, "LA": 0.5325, "AIA": 0.5695},
    ),
}
TASKS = ["C-STANCE", "FOMC", "MeetingBank", "Py150", "ScienceQA", "NumGLUE-cm", "NumGLUE-ds", "20Minuten"]


def untimed(table):
    """A CSV table without its seconds, which no two runs share."""
    rows = list(csv.reader(io.StringIO(table)))
    return [[cell for name, cell in zip(rows[0], row) if name != "cost.seconds"] for row in rows]


@unittest.skipUnless(BINARY, "STRATA_BINARY is not set")
class CommandLineTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="strata-cli-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.write("tiny.yaml", TINY + ARMS)
        self.write("one.yaml", SEQUENTIAL)

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def strata(self, *words, status=0, **environment):
        """Runs the program in the folder and returns its standard output and standard error."""
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("STRATA_")}
        result = subprocess.run(
            [BINARY, *map(str, words)], cwd=self.folder, env=inherited | environment, capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL)
        self.assertEqual(result.returncode, status, f"strata {' '.join(map(str, words))}\n{result.stdout}{result.stderr}")
        return result.stdout, result.stderr

    def refused(self, *words, **environment):
        """The one line on standard error with which wrong input is refused."""
        output, errors = self.strata(*words, status=2, **environment)
        self.assertEqual(output, "")
        self.assertEqual(errors.count("\n"), 1, errors)
        self.assertTrue(errors.startswith("strata: "), errors)
        return errors.removeprefix("strata: ").removesuffix("\n")


class RunTest(CommandLineTest):
    def test_run_prints_tables_and_is_not_run_twice(self):
        output, errors = self.strata("run", "tiny.yaml")
        self.assertTrue(output.endswith("\nresults: results/tiny.h5\n"), output)
        rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in output.splitlines() if line.startswith("|")]
        self.assertEqual(rows[0][:4], ["arm", "strategy.blocks", "parameters.added", "parameters.trained"])
        self.assertLess({"loss.lives", "loss.sums", "loss.terms", "OP", "BWT", "OP_loss", "BWT_loss"}, set(rows[0]))
        self.assertEqual([row[0] for row in rows[2:8]], ["base", "frozen", "sequential", "lora", "block-expansion", "block-expansion"])
        self.assertEqual([row[-1] for row in rows[2:8]], ["1", "1", "2", "2", "2", "2"])
        self.assertRegex(output, r"divided by T-1\. Negative BWT means forgetting")
        self.assertRegex(errors, r"(?m)^\[1/\d+\] tokenizer: done in ")
        self.assertNotIn("done in", output)
        self.assertEqual(len(re.findall(r"\] base: done in", errors)), 1)

        again, silent = self.strata("run", "tiny.yaml")
        self.assertEqual((again, silent), (output, ""))
        self.assertEqual(self.strata("collect", "tiny.yaml")[0], "results: results/tiny.h5\n")

    def test_the_file_opens_in_xarray(self):
        self.strata("run", "tiny.yaml", "--quiet")
        python = os.environ.get("STRATA_PYTHON", sys.executable)
        result = subprocess.run([python, HERE / "open_with_xarray.py", self.folder / "results/tiny.h5"], capture_output=True, text=True, timeout=300)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        # The root, /summary, /scores, /stages, /runs and ten runs.
        self.assertIn("15 groups open with h5netcdf and netcdf4", result.stdout)

    def test_quiet(self):
        output, errors = self.strata("run", "one.yaml", "--quiet", "--results", "some/where")
        self.assertTrue(output.endswith("results: some/where/tiny.h5\n"))
        self.assertEqual(errors, "")

    def test_changes_on_the_command_line(self):
        output, _ = self.strata("run", "one.yaml", "train.steps=3", "seed=0,1", "--quiet")
        rows = list(csv.DictReader(io.StringIO(self.strata("table", "results/tiny.h5", "--format", "csv")[0])))
        self.assertEqual([row["strategy"] for row in rows], ["base", "sequential"])
        self.assertEqual(rows[1]["OP_loss.n"], "2")
        _, errors = self.strata("run", "one.yaml", "train.steps=3", "seed=2")
        self.assertRegex(errors, r"(?m)^\[6/9\] sequential, sums: done in ")
        self.assertNotIn("base: done", errors)
        plan, _ = self.strata("plan", "one.yaml", "train.steps=3", "seed=0,1,2,3")
        self.assertRegex(plan, r"(?m)^all +21 +17 +4 ")
        self.assertIn("sharing  36 stages that runs name are 21;", plan)

    def test_threads_and_instruction_sets_give_the_same_numbers(self):
        available = re.search(r"available: (.*)\)", self.strata("doctor")[0]).group(1).split(", ")

        def numbers(results, *words, **environment):
            self.strata("run", "tiny.yaml", "--quiet", "--results", results, *words, **environment)
            return [untimed(self.strata("table", f"{results}/tiny.h5", "--name", name, "--format", "csv")[0]) for name in ("summary", "stream")]

        first = numbers("one", "--threads", "1")
        self.assertEqual(numbers("three", STRATA_THREADS="3"), first)
        self.assertNotEqual(numbers("other", "seed=2,3"), first)
        with self.subTest("AVX2 and AVX-512"):
            if not {"avx2", "avx512"} <= set(available):
                self.skipTest("this processor does not have both")
            self.assertEqual(numbers("avx2", STRATA_ISA="avx2"), numbers("avx512", STRATA_ISA="avx512"))
            # One family: the stages of the one are those of the other.
            self.assertEqual(self.strata("run", "tiny.yaml", "--results", "avx2", STRATA_ISA="avx512")[1], "")

    def test_a_run_that_fails(self):
        self.write("wild.yaml", TINY + f"sweep:\n  arms:\n    - {{name: wild, strategy: {{kind: sequential}}, train: {WILD}}}\n    - {{strategy: {{kind: lora}}}}\n")
        output, errors = self.strata("run", "wild.yaml", "--quiet", status=1)
        self.assertTrue(output.endswith("results: results/tiny.h5\n"))
        self.assertRegex(
            errors, r"\Astrata: a stage failed; what was measured is kept, and `strata run` tries again\n  arm=wild, sums: the .* is not finite at learning rate 100\.0; .*\n\Z")
        status, _ = self.strata("status", "wild.yaml")
        self.assertRegex(status, r"(?m)^run000 +arm=wild +failed +5/9 +\d+/200 .* arm=wild, sums: the .* is not finite")
        self.assertRegex(status, r"(?m)^run001 +arm=lora +done +9/9$")
        self.assertRegex(status, r"\n2 runs: 1 done, 1 failed; 9 of 13 stages done; about .* left\nstrata run tries again what failed\n\Z")
        self.assertIn("1 of 2 runs are not complete (run000 failed): what they measured is shown, the rest is missing.", output)
        rows = list(csv.DictReader(io.StringIO(self.strata("table", "results/tiny.h5", "--format", "csv")[0])))
        self.assertEqual([(row["arm"], row["loss.sums.n"]) for row in rows], [("base", "1"), ("wild", "0"), ("lora", "1")])
        again = self.strata("run", "wild.yaml", status=1)[1]
        self.assertTrue(again.startswith("[9/13] arm=wild, sums: FAILED: "), again)


class WorkersTest(CommandLineTest):
    """Stages side by side in processes. What stops a process needs /proc."""

    STEPS = 800

    def setUp(self):
        super().setUp()
        train = f"{{steps: {self.STEPS}, logging_steps: 1}}"
        self.write("long.yaml", TINY + f"sweep:\n  arms:\n    - {{name: long, strategy: {{kind: sequential}}, train: {train}}}\n    - {{name: short, strategy: {{kind: sequential}}}}\n")

    def start(self, *words):
        """Starts the program in a process group of its own, as a shell does."""
        environment = {key: value for key, value in os.environ.items() if not key.startswith("STRATA_")}
        process = subprocess.Popen(
            [BINARY, *words], cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)

        def end():
            if process.poll() is None:
                process.kill()
            process.communicate()

        self.addCleanup(end)
        return process

    def wait_for(self, what, condition):
        deadline = time.monotonic() + 120
        while not (found := condition()):
            self.assertLess(time.monotonic(), deadline, f"waited in vain for {what}")
            time.sleep(0.01)
        return found

    def is_alive(self, pid):
        try:
            return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
        except (FileNotFoundError, ProcessLookupError):
            return False

    def workers(self, process):
        """Process identifiers of the workers of a run."""
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and int((entry / "stat").read_text().rpartition(")")[2].split()[1]) == process.pid:
                    found.append(int(entry.name))
            except (FileNotFoundError, ProcessLookupError):
                continue
        return found

    def journal_of_the_long_task(self, results="results"):
        for recipe in self.folder.glob(f"{results}/stages/*/recipe.json"):
            recipe_of_it = json.loads(recipe.read_text())
            if recipe_of_it["stage"] == "task" and recipe_of_it["train"]["steps"] == self.STEPS:
                return recipe.parent / "journal"

    def worker_at_the_long_task(self, process, results="results"):
        """The worker that has its journal open, as soon as it has trained a few steps."""
        journal = self.journal_of_the_long_task(results)
        if journal is None or not journal.exists() or journal.read_bytes().count(b"\n") < 3:
            return None
        for pid in self.workers(process):
            for link in pathlib.Path(f"/proc/{pid}/fd").glob("*"):
                try:
                    if os.path.realpath(link) == os.path.realpath(journal):
                        return pid
                except FileNotFoundError:
                    continue

    def tables(self, results):
        return [untimed(self.strata("table", f"{results}/tiny.h5", "--name", name, "--format", "csv")[0]) for name in ("summary", "stream", "metrics")]

    def test_any_number_of_workers_gives_the_same_tables(self):
        for workers in ("1", "2", "3"):
            _, errors = self.strata("run", "tiny.yaml", "--workers", workers, "--results", workers)
            self.assertEqual(len(re.findall(r"(?m): done in ", errors)), 37, errors)
        self.assertEqual(self.tables("2"), self.tables("1"))
        self.assertEqual(self.tables("3"), self.tables("1"))
        # What workers have done is done for all.
        self.assertEqual(self.strata("run", "tiny.yaml", "--workers", "1", "--results", "2")[1], "")
        with self.subTest("every number but the seconds in the file"):
            try:
                import h5py
            except ImportError:
                self.skipTest("h5py is not installed")

            def contents(results):
                found = {}
                with h5py.File(self.folder / results / "tiny.h5") as file:
                    def visit(name, item):
                        # Seconds, the threads that stages had, and nothing else, differ.
                        if isinstance(item, h5py.Dataset) and not name.endswith(("seconds", "/threads")):
                            found[name] = item.asstr()[...].tolist() if h5py.check_string_dtype(item.dtype) else item[...].tobytes()

                    file.visititems(visit)
                return found

            self.assertGreater(len(contents("1")), 100)
            self.assertEqual(contents("2"), contents("1"))
            self.assertEqual(contents("3"), contents("1"))

    def test_the_instruction_set_reaches_the_workers(self):
        self.strata("run", "one.yaml", "--workers", "2", STRATA_ISA="portable")
        families = {json.loads(recipe.read_text())["numerics"]["family"] for recipe in self.folder.glob("results/stages/*/recipe.json")}
        self.strata("run", "one.yaml", "--workers", "1", "--results", "one", STRATA_ISA="portable")
        self.assertEqual({json.loads(recipe.read_text())["numerics"]["family"] for recipe in self.folder.glob("one/stages/*/recipe.json")}, families)
        self.assertEqual(self.tables("results"), self.tables("one"))

    def test_plan_says_how_it_would_run(self):
        for words, expected in (
            (["--threads", "8"], "workers  up to 8 side by side with 1 thread each; a stage that is alone has all 8 threads"),
            (["--threads", "8", "--workers", "3"], "workers  up to 3 side by side with 2 to 3 threads each; a stage that is alone has all 8 threads"),
            (["--threads", "2", "--workers", "1"], "workers  one stage after another with all 2 threads"),
            (["--threads", "1"], "workers  one stage after another with 1 thread"),
        ):
            self.assertIn(f"\n{expected}\n", self.strata("plan", "tiny.yaml", *words)[0])
        for command in ("run", "plan"):
            for value in ("0", "257"):
                self.assertEqual(self.refused(command, "tiny.yaml", "--workers", value), f"--workers is '{value}', expected a whole number from 1 to 256")
        self.assertFalse((self.folder / "results").exists())

    def test_help_hides_the_command_of_the_workers(self):
        self.assertNotRegex(self.strata("--help")[0], r"(?m)^  work ")
        self.assertIn("--workers <n>", self.strata("run", "--help")[0])

    @unittest.skipUnless(os.path.isdir("/proc/self/fd"), "there is no /proc")
    def test_a_worker_that_is_killed_fails_its_stage_only(self):
        process = self.start("run", "long.yaml", "--workers", "2", "--threads", "1")
        os.kill(self.wait_for("the long task", lambda: self.worker_at_the_long_task(process)), signal.SIGKILL)
        output, errors = process.communicate(timeout=300)
        self.assertEqual(process.returncode, 1, errors)
        reason = r"its worker was ended by SIGKILL \(the system sends it when memory runs out\)"
        self.assertRegex(errors, rf"(?m)^\[\d+/13\] arm=long, sums: FAILED: {reason}$")
        self.assertRegex(errors, rf"strata: a stage failed; what was measured is kept, and `strata run` tries again\n  arm=long, sums: {reason}\n\Z")
        self.assertTrue(output.endswith("results: results/tiny.h5\n"))
        status, _ = self.strata("status", "long.yaml")
        self.assertRegex(status, rf"(?m)^run000 +arm=long +failed +5/9 .* arm=long, sums: {reason}$")
        self.assertRegex(status, r"(?m)^run001 +arm=short +done +9/9$")
        self.assertNotIn("arm=long, sums, evaluation", errors)

        again = self.strata("run", "long.yaml", "--workers", "2", "--threads", "1")[1]
        self.assertEqual(sorted(re.findall(r"\] (.*): done in", again)), [f"arm=long, {stage}" for stage in ("sums", "sums, evaluation", "terms", "terms, evaluation")])
        self.strata("run", "long.yaml", "--workers", "1", "--threads", "1", "--results", "one", "--quiet")
        self.assertEqual(self.tables("results"), self.tables("one"))

    @unittest.skipUnless(os.path.isdir("/proc/self/fd"), "there is no /proc")
    def test_no_worker_outlives_its_run(self):
        def interrupt_all(process):
            os.killpg(process.pid, signal.SIGINT)

        cases = [("Ctrl-C", interrupt_all, 130), ("an interrupt", lambda process: process.send_signal(signal.SIGINT), 130),
                 ("a termination", lambda process: process.terminate(), 130), ("a termination of all", lambda process: os.killpg(process.pid, signal.SIGTERM), 130),
                 ("a kill", lambda process: process.kill(), -signal.SIGKILL)]
        for index, (name, end, status) in enumerate(cases):
            with self.subTest(name):
                words = ["run", "long.yaml", "seed=0,1", "--workers", "2", "--threads", "1", "--results", f"results{index}"]
                process = self.start(*words)
                self.wait_for("a task", lambda: self.worker_at_the_long_task(process, f"results{index}"))
                workers = self.wait_for("two workers", lambda: len(found := self.workers(process)) == 2 and found)
                end(process)
                _, errors = process.communicate(timeout=60)
                self.assertEqual(process.returncode, status, errors)
                self.assertEqual(errors.endswith("\ninterrupted; the same command goes on where it stopped\n"), status == 130, errors)
                self.wait_for("the end of the workers", lambda: not any(map(self.is_alive, workers)))
                # Nothing failed: what was going on goes on, and where it was when it could save.
                self.assertNotIn("FAILED", errors)
                self.assertFalse(list(self.folder.glob(f"results{index}/stages/*/failed")))
                if status == 130:
                    self.assertTrue(list(self.folder.glob(f"results{index}/stages/*/state")))
                    self.assertRegex(self.strata(*words)[1], rf"(?m)^\[\d+/\d+\] arm=long, seed=[01], sums: goes on behind step \d+ of {self.STEPS}$")


class Screen:
    """What a terminal of so many columns shows after all that was written to it; only what progress lines use."""

    def __init__(self, columns):
        self.columns, self.lines, self.row, self.column, self.widest = columns, [""], 0, 0, 0

    def write(self, text):
        for part in re.findall(r"\x1b\[(\d*)([A-Za-z])|([^\x1b])", text):
            number, command, character = part
            if command == "A":
                self.row -= int(number)
                assert self.row >= 0, "above the first line"
            elif command == "K":
                self.lines[self.row] = self.lines[self.row][:self.column]
            elif command == "J":
                self.lines[self.row] = self.lines[self.row][:self.column]
                del self.lines[self.row + 1:]
            elif character == "\r":
                self.column = 0
            elif character == "\n":
                self.row += 1
                self.lines += [""] * (self.row + 1 - len(self.lines))
            elif character:
                line = self.lines[self.row].ljust(self.column)
                self.lines[self.row] = line[:self.column] + character + line[self.column + 1:]
                self.column += 1
            else:
                assert command == "m", part


class ProgressTest(CommandLineTest):
    def on_a_terminal(self, *words, columns=60, rows=5, **environment):
        """What the program writes to a terminal on standard error."""
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("STRATA_") and key != "NO_COLOR"} | {"TERM": "xterm"}
        process = subprocess.Popen([BINARY, *words], cwd=self.folder, env=inherited | environment, stdout=subprocess.DEVNULL, stderr=slave, stdin=subprocess.DEVNULL)
        os.close(slave)
        received = b""
        while True:
            try:
                more = os.read(master, 65536)
            except OSError:  # The other end is closed.
                break
            if not more:
                break
            received += more
        os.close(master)
        self.assertEqual(process.wait(timeout=300), 0)
        return received.decode().replace("\r\n", "\n\r")

    def test_lines_are_rewritten_in_place(self):
        text = self.on_a_terminal("run", "tiny.yaml", "seed=0", "--workers", "2", "--threads", "2")
        screen = Screen(60)
        screen.write(text)
        shown = [re.sub(r" in .* s$", "", line) for line in screen.lines if line]
        # What has ended stays, a line each; what was rewritten is gone.
        self.assertEqual(len(shown), 21)
        self.assertEqual(len(set(shown)), 21)
        for line in shown:
            self.assertRegex(line, "^(arm=|tokenizer|base|random base).*: done$")
        self.assertIn("\x1b[32m", text)
        self.assertNotIn("\x1b[?25l", text)
        # The rewritten lines were no wider than the terminal.
        rewritten = [line for frame in re.split(r"\x1b\[J", text) for line in re.findall(r"(?:\r|\x1b\[\d+A|^)([^\r\x1b]*(?:stages,|step )[^\r\x1b]*)\x1b\[K", frame)]
        self.assertTrue(rewritten)
        self.assertLess(max(map(len, rewritten)), 60)

    def test_plain_terminals(self):
        self.assertNotIn("\x1b[3", self.on_a_terminal("run", "one.yaml", NO_COLOR="1"))
        text = self.on_a_terminal("run", "one.yaml", "train.steps=3", TERM="dumb")
        self.assertNotIn("\x1b", text)
        self.assertIn("[6/9] sequential, sums: done in ", text)
        self.assertEqual(self.on_a_terminal("run", "one.yaml", "train.steps=5", "--quiet"), "")


class PlanAndStatusTest(CommandLineTest):
    def test_before_during_and_after(self):
        plan, _ = self.strata("plan", "tiny.yaml")
        self.assertRegex(plan, r"(?m)^run009 +arm=block-expansion, strategy.blocks=2, seed=1 +9 +0$")
        self.assertRegex(plan, r"(?m)^all +37 +0 +37 +\S+$")
        self.assertIn("10 runs: arm (4), seed (2), strategy.blocks (2)\nsharing  82 stages that runs name are 37; that saves ", plan)
        # Six steps of the base, four of each of the two tasks in eight runs, each of 4 x 32 tokens.
        self.assertRegex(plan, r"(?m)^left     8,960 tokens of training, \S+ FLOP\ntime     about .* s, at the speed of some training steps timed just now\n")
        self.assertRegex(plan, r"memory   about \d+ MB at most\ndisk     about [\d.]+ MB of checkpoints\n\Z")
        self.assertRegex(self.strata("status", "tiny.yaml")[0], r"(?m)^run000 +arm=frozen, seed=0 +pending +0/5$")
        self.assertFalse((self.folder / "results").exists(), "a plan writes nothing")

        self.strata("run", "one.yaml", "--quiet")
        status, _ = self.strata("status", "tiny.yaml")
        self.assertRegex(status, r"(?m)^run000 .* done +5/5$")
        self.assertRegex(status, r"(?m)^run004 .* pending +5/9 ")
        self.assertRegex(status, r"\n10 runs: 3 done, 7 pending; 9 of 37 stages done; about .* left\n\Z")
        self.strata("run", "tiny.yaml", "--quiet")
        self.assertIn("left     nothing: all stages are done", self.strata("plan", "tiny.yaml")[0])
        self.assertTrue(self.strata("status", "tiny.yaml")[0].endswith("10 runs: 10 done; 37 of 37 stages done\n"))

    def test_collect_takes_what_is_there(self):
        self.assertEqual(self.refused("collect", "tiny.yaml"), "no run of 'tiny' has begun in 'results'; is --results right?")
        self.assertFalse((self.folder / "results").exists(), "nothing is made for it")
        # One seed of two: the other's sizes and numbers do not reach a mean.
        self.strata("run", "tiny.yaml", "seed=0", "--quiet", "--results", "R")
        self.assertEqual(self.strata("collect", "tiny.yaml", "--results", "R")[0], "results: R/tiny.h5\n")
        table, _ = self.strata("table", "R/tiny.h5")
        self.assertRegex(table, r"4 of 10 runs are not complete \(run003 not begun|4 of 10 runs are not complete \(run003 at")
        half = list(csv.DictReader(io.StringIO(self.strata("table", "R/tiny.h5", "--format", "csv")[0])))
        self.strata("run", "tiny.yaml", "--quiet", "--results", "R")
        whole = list(csv.DictReader(io.StringIO(self.strata("table", "R/tiny.h5", "--format", "csv")[0])))
        self.assertEqual([row["parameters.trained"] for row in half], [row["parameters.trained"] for row in whole])
        self.assertEqual({row["loss.sums.n"] for row in half if row["arm"] not in ("base", "frozen")}, {"1"})

    def test_the_experiments_of_the_project(self):
        self.assertIn("\n9 runs: arm (3), seed (3)\n", self.strata("plan", ROOT / "experiments/quickstart.yaml", "--no-calibration")[0])
        for path in sorted((ROOT / "experiments").glob("*.yaml")):
            text = path.read_text()
            if "${data}" in text:
                continue
            self.assertRegex(self.strata("plan", path, "--no-calibration")[0], r"\n\d+ runs: ", path.name)
            # What is kept of a real run has all tables that the file describes.
            reference = ROOT / "results/reference" / path.stem
            if path.stem != "quickstart":
                tables = set(yaml.safe_load(text)["tables"])
                self.assertEqual({table.stem for table in reference.glob("*.csv")}, tables, f"scripts/reference {path.stem} makes them")
        # Steps that cost as much, worked out by hand from the sizes: 8388608 operations a token of block expansion, 9633792, 8323482, 6914048 and 15073280.
        plan, _ = self.strata("plan", ROOT / "experiments/equal-flops.yaml", "--no-calibration")
        for arm, steps in {"sequential": 104, "lora": 121, "partial": 146, "moe-expansion": 67}.items():
            self.assertRegex(plan, rf"(?m)^run\d+ +arm={arm}, seed=2 +train.steps={steps} +7 +0$")
        plan, _ = self.strata("plan", ROOT / "experiments/equal-parameters.yaml", "--no-calibration")
        self.assertIn("\nmatched  lora: strategy.r = 9 chosen so that trained parameters are 313,344 against 328,704 of block expansion (-4.7 %).\n", plan)
        real = ROOT / "experiments/real-text.yaml"
        self.assertIn("add data=DIR to the command, or set STRATA_DATA=DIR", self.refused("plan", real))
        for name in ("general/a.txt", "domains/law_uscode.txt", "domains/biomed_pubmedqa.txt"):
            self.write(f"data/{name}", "One.\n<|endoftext|>\nTwo.\n<|endoftext|>\n")
        plan, _ = self.strata("plan", real, "data=data", "--no-calibration")
        self.assertIn("\n18 runs: ", plan)
        self.assertEqual(self.strata("plan", real, "--no-calibration", STRATA_DATA=str(self.folder / "data"))[0], plan)


class TableTest(CommandLineTest):
    def test_names_and_formats(self):
        self.strata("run", "tiny.yaml", "--quiet")
        for name, count in (("summary", 6), ("stream", 11)):
            markdown, _ = self.strata("table", "results/tiny.h5", "--name", name)
            self.assertEqual(sum(line.startswith("|") for line in markdown.splitlines()), count + 2)
            rows = list(csv.reader(io.StringIO(self.strata("table", "results/tiny.h5", "--name", name, "--format", "csv")[0])))
            self.assertEqual(len(rows), count + 1)
            self.assertTrue(all(len(row) == len(rows[0]) for row in rows))
        self.assertIn(markdown, self.strata("run", "tiny.yaml")[0])
        self.assertEqual(self.refused("table", "results/tiny.h5", "--format", "nope"), "format: found 'nope', expected one of markdown, csv, latex, html, json")
        self.assertEqual(
            self.refused("table", "results/tiny.h5", "--name", "sumary"), "table: found 'sumary', expected one of summary, stream, metrics, front; did you mean 'summary'?")
        self.assertTrue(self.refused("table", "none.h5").startswith("none.h5: found no file"))
        self.assertTrue(self.refused("table", "tiny.yaml").startswith("tiny.yaml: found a file of another kind"))


class MetricsTest(CommandLineTest):
    def matrix(self, text):
        """A line a round, a column a task."""
        tasks = [line.split() for line in text.splitlines()]
        rounds = [[tasks[task][end - task] if task <= end else "" for task in range(8)] for end in range(8)]
        return "".join(",".join(row) + "\n" for row in [TASKS] + rounds)

    def test_published_matrices(self):
        for name, (text, expected) in MATRICES.items():
            with self.subTest(name):
                path = self.write(f"{name}.csv", self.matrix(text))
                table, _ = self.strata("metrics", path)
                found = {words[0]: words[1] for words in map(str.split, table.splitlines())}
                self.assertEqual({key: found[key] for key in expected}, {key: f"{value:.4f}" for key, value in expected.items()})
                values = json.loads(self.strata("metrics", path, "--json")[0])
                self.assertEqual(set(values), {"OP", "BWT", "FWT", "forgetting", "intransigence", "LA", "AIA", "reasons"})
                for key, value in expected.items():
                    self.assertAlmostEqual(values[key], value, delta=0.5001e-4)
                self.assertIsNone(values["FWT"])
                self.assertIsNone(values["intransigence"])
                self.assertEqual(set(values["reasons"]), {"FWT", "intransigence"})
                self.assertIn("jointly trained model", values["reasons"]["intransigence"])

    def test_other_rows_and_losses(self):
        matrix = self.write("m.csv", "round,a,b\nbase,0.1,0.2\n1,0.6,0.3\n2,0.4,0.7\n")
        random, joint = self.write("r.csv", "a,b\n0.1,0.1\n"), self.write("j.csv", "0.7,0.9\n")
        values = json.loads(self.strata("metrics", matrix, "--random", random, "--joint", joint, "--json")[0])
        expected = {"OP": 0.55, "BWT": -0.2, "FWT": 0.2, "forgetting": 0.2, "intransigence": 0.15, "LA": 0.65, "AIA": 0.575}
        for key, value in expected.items():
            self.assertAlmostEqual(values[key], value)
        self.assertEqual(values["reasons"], {})
        losses = json.loads(self.strata("metrics", matrix, "--losses", "--json")[0])
        self.assertAlmostEqual(losses["BWT_loss"], 0.2)

    def test_wrong_files(self):
        self.assertEqual(self.refused("metrics", "none.csv"), "none.csv: found no such file, expected a CSV file")
        self.write("m.csv", "a,b\n0.5,\n0.4,x\n")
        self.assertTrue(self.refused("metrics", "m.csv").startswith("m.csv:3:5: found 'x', expected a number"))
        self.write("m.csv", "a,b\n0.5,\n0.4,0.5\n")
        self.write("r.csv", "a,c\n0.5,0.5\n")
        self.assertTrue(self.refused("metrics", "m.csv", "--random", "r.csv").startswith("r.csv:1:1: found no column 'b'"))


class OtherCommandsTest(CommandLineTest):
    def test_doctor(self):
        output, errors = self.strata("doctor", "--threads", "1")
        for line in (r"strata +\d+\.\d+\.\d+, numerics \d+", r"processor +.+", r"instruction set +\w+ \(available: .*portable\)", r"threads +1",
                     r"peak, 1 thread +[\d.]+ GFLOP/s \(multiply-adds in registers\); matrix product [\d.]+, \d+ % of it .*",
                     r"HDF5 +\d+\.\d+\.\d+"):
            self.assertRegex(output, f"(?m)^{line}$")
        self.assertEqual(errors, "")

    def test_schema(self):
        schema = json.loads(self.strata("schema")[0])
        self.assertEqual(schema["then"]["required"], ["base", "data", "name", "strategy", "stream", "train"])
        self.assertNotIn("required", schema)
        self.assertIn("block-expansion", json.dumps(schema["properties"]["strategy"]))

    def test_the_schema_takes_the_experiments_of_the_project(self):
        try:
            import jsonschema
            import yaml
        except ImportError:
            self.skipTest("jsonschema and yaml are not installed")
        schema = json.loads(self.strata("schema")[0])
        validator = jsonschema.validators.validator_for(schema)
        validator.check_schema(schema)
        files = sorted((ROOT / "experiments").glob("*.yaml"))
        self.assertTrue(files)
        for file in files:
            with self.subTest(file.name):
                validator(schema).validate(yaml.safe_load(file.read_text()))
        plots = "plots:\n  a: {kind: axis, axis: seed, metrics: [OP]}\n  b: {kind: curves, arms: [arm]}\n"
        for text, is_valid in (
            (SEQUENTIAL, True), (TINY + ARMS, True), (TINY, False), (SEQUENTIAL.replace("hidden_size", "hiden_size"), False), (TINY + ARMS + plots, True),
            (TINY + ARMS + plots.replace("curves", "curve"), False), (TINY + ARMS + plots.replace("axis: seed, ", ""), False),
            (TINY + ARMS + plots.replace("curves, arms", "curves, metrics"), False),
        ):
            self.assertEqual(validator(schema).is_valid(yaml.safe_load(text)), is_valid)

    def test_help(self):
        output, errors = self.strata("--help")
        for command in (
            "run", "plan", "status", "watch", "clean", "collect", "verify", "table", "plot", "report", "export", "metrics", "statistics", "schema", "doctor", "benchmark",
        ):
            self.assertRegex(output, f"(?m)^  {command} ")
            self.assertIn("USAGE: strata " + command, self.strata(command, "--help")[0])
        self.assertIn("Exit status: 0 done, 1 some run failed, 2 the input is wrong", output)
        self.assertEqual(errors, "")
        self.assertRegex(self.strata("--version")[0], r"\A\d+\.\d+\.\d+\n\Z")

    def test_unknown_options_and_commands(self):
        for words in (["run", "one.yaml", "--frobnicate"], ["run"], ["frobnicate"], ["table", "a.h5", "b.h5"], ["run", "one.yaml", "--threads", "many"], ["metrics"]):
            with self.subTest(" ".join(words)):
                output, errors = self.strata(*words, status=2)
                self.assertEqual(output, "")
                self.assertTrue(errors.startswith("Error: "), errors)


class BenchmarkTest(CommandLineTest):
    SMALL = ["benchmark", "train", "--hidden-size", "16", "--intermediate-size", "24", "--num-hidden-layers", "2", "--num-attention-heads", "4",
             "--num-key-value-heads", "2", "--vocab-size", "32", "--batch", "4", "--sequence", "16", "--steps", "3", "--warmup", "0"]
    SETTINGS = {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
                "vocab_size": 32, "batch": 4, "sequence": 16, "strategy": "full", "threads": 1, "precision": "fp32"}
    MEASURED = ["step_ms", "step_ms_min", "first_step_ms", "tokens_per_second", "flop_per_token", "gflops", "peak_gflops", "percent_of_peak",
                "loss_first", "loss_last"]

    def test_json(self):
        output, errors = self.strata(*self.SMALL, "--threads", "1", "--json")
        self.assertEqual((output.count("\n"), errors), (1, ""))
        values = json.loads(output)
        self.assertEqual({key: values[key] for key in self.SETTINGS}, self.SETTINGS)
        for key in self.MEASURED:
            self.assertGreater(values[key], 0, key)
            self.assertTrue(math.isfinite(values[key]), key)
        self.assertLess(values["loss_last"], values["loss_first"])
        self.assertEqual((values["parameters"], values["trained_parameters"], values["timed_steps"]), (4944, 4944, 3))
        # Three forwards: two blocks of 1,920 weights and 2 x 16 x 17 of attention each, 32 x 16 at the end.
        self.assertEqual(values["flop_per_token"], 3 * (2 * (2 * 1920 + 544) + 1024))
        if sys.platform == "linux":
            self.assertGreater(values["peak_memory_bytes"], 1e6)
            self.assertTrue(0 <= values["ready_seconds"] < 600)

    def test_table(self):
        output, _ = self.strata(*self.SMALL, "--threads", "2", "--strategy", "lora", "--r", "2")
        for line in (r"model +d 16, 2 blocks, 4 heads, FFN 24, V 32; lora", r"parameters +5,\d+, trained \d+", r"step +[\d.]+ ms median, [\d.]+ ms least, of 3",
                     r"speed +[\d,]+ tokens/s", r"GFLOP/s +[\d.]+, [\d.]+ % of the peak of [\d.]+", r"loss +3\.\d{4} in the first step, 3\.\d{4} in the last"):
            self.assertRegex(output, f"(?m)^{line}$")

    def test_kernels(self):
        words = ["benchmark", "kernels", "--only", "norm,exponential", "--repetitions", "1", "--threads", "2"]
        output, errors = self.strata(*words, "--json")
        self.assertEqual((output.count("\n"), errors), (1, "timing: norm\ntiming: exponential\n"))
        values = json.loads(output)
        self.assertEqual([case["kernel"] for case in values["cases"]], ["norm forward", "norm backward"] * 4 + ["exponential"] * 2)
        for case in values["cases"]:
            self.assertEqual((case["unit"], case["openblas"], case["ratio"]), ("GB/s", None, None))
            self.assertGreater(case["speed"], 0)
            self.assertAlmostEqual(case["percent"], 100 * case["speed"] / case["bound"])
        self.assertGreater(values["peak_gflops"], 0)
        table, _ = self.strata(*words, "--no-openblas")
        self.assertIn("\nOpenBLAS: left out\n", table)
        self.assertRegex(table, r"(?m)^norm forward +2048 x 64 +GB/s +[\d.]+ +\d+$")
        self.assertEqual(self.refused("benchmark", "kernels", "--only", "norms"),
                         "only: found 'norms', expected some of product,attention,norm,gate,cross-entropy,adamw,exponential")

    def test_gate(self):
        command = [BINARY, *self.SMALL, "--threads", "1", "--json", "--gate"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            self.assertEqual(process.stdout.readline(), "ready\n")
            output, _ = process.communicate("\n")
        self.assertEqual(process.returncode, 0)
        self.assertEqual(json.loads(output)["timed_steps"], 3)

    def test_refused(self):
        for words, expected in (
            (["--shape", "d65"], "shape: found 'd65', expected one of d64, d128, d256, d512"),
            (["--strategy", "all"], "--strategy is 'all', expected full, block-expansion or lora"),
            (["--blocks", "2"], "--blocks goes with --strategy block-expansion"),
            (["--r", "2"], "--r goes with --strategy lora"),
            (["--strategy", "lora", "--r", "0"], "strategy.r: found 0, expected a whole number from 1"),
            (["--hidden-size", "15"], "num_attention_heads: found 4, expected a divisor of hidden_size, which is 15"),
            (["--steps", "0"], "steps: found 0"),
        ):
            with self.subTest(" ".join(words)):
                found = self.refused(*self.SMALL, *words)
                self.assertTrue(found.startswith(expected), found)


class WrongInputTest(CommandLineTest):
    """Each is refused with one line before anything is trained."""

    def test_experiment_files(self):
        arithmetic = "{generated: arithmetic, documents: 20, questions: 4}"
        empty = self.write("empty.txt", "")
        short = self.write("short.txt", "".join(f"{letter}\n<|endoftext|>\n" for letter in "abcdefgh"))
        cases = [
            ("stream:", "streem:", "bad.yaml:11:1: streem: found an unknown key 'streem'"),
            ("hidden_size: 16", "hidden_size: wide", 'bad.yaml:3:24: base.model.hidden_size: found "wide", expected a whole number'),
            ("num_attention_heads: 2", "num_attention_heads: 3", "bad.yaml:3:94: base.model.num_attention_heads: found 3, expected a divisor of hidden_size"),
            ("{steps: 4,", "{sequence_length: 64, steps: 4,", "bad.yaml:12:26: train.sequence_length: found 64, expected at most 32"),
            ("kind: sequential", "kind: block-expansion, blocks: 0", "bad.yaml:14:43: strategy.blocks: found 0, expected a whole number from 1"),
            ("kind: sequential", "kind: block-expansion, blocks: -2", "bad.yaml:14:43: strategy.blocks: found -2, expected a whole number from 1"),
            ("kind: sequential", "kind: block-expansion, position: [3]", "bad.yaml:14:46: strategy.position[0]: found 3, expected a layer from 0"),
            ("kind: sequential", "kind: sequental", 'bad.yaml:14:18: strategy.kind: found "sequental"'),
            ("strategy: {kind: sequential}", "strategy: {kind: sequential}\nsweep: {grid: {seed: [0], seed: [1]}}", "bad.yaml:15:16: found the key 'seed' more than once"),
            ("[sums, terms]", "[sums, term]", 'bad.yaml:11:16: stream[1]: found "term", expected a domain'),
            ("name: tiny", "name: [", "bad.yaml:3:8: found text that is not YAML"),
            (arithmetic, "{text: none.txt}", "none.txt: found no such file"),
            (arithmetic, f"{{text: {empty}}}", f"data.sums: found no text in {empty}"),
            (arithmetic, f"{{text: {short}, held_out: 0.5}}", "data.sums: found "),
            ("{kind: byte}", "{kind: bpe, vocab_size: 100000}", "tokenizer: found vocab_size 100000, expected at most "),
            ("hidden_size: 16, intermediate_size: 32", "hidden_size: 262144, intermediate_size: 262144", "random base: needs about "),
        ]
        for part, replacement, expected in cases:
            with self.subTest(replacement):
                self.assertIn(part, SEQUENTIAL)
                self.write("bad.yaml", SEQUENTIAL.replace(part, replacement, 1))
                found = self.refused("run", "bad.yaml", "--quiet")
                self.assertTrue(found.startswith(expected), found)
        self.assertFalse(list(self.folder.glob("results/stages/*/model.safetensors")), "nothing was trained")

    def test_unreadable_files(self):
        self.assertEqual(self.refused("run", "none.yaml"), "none.yaml: found no such file, expected an experiment file in YAML")
        self.assertTrue(self.refused("run", ".").startswith(".: found a folder"))
        self.write("empty.yaml", "")
        self.assertTrue(self.refused("plan", "empty.yaml").startswith("empty.yaml: found nothing in it"))

    def test_words_of_the_command_line(self):
        for word, expected in (
            ("train.stepps=3", "command line, 'train.stepps=3': train.stepps: found an unknown key 'stepps'"),
            ("nonsense", "command line, 'nonsense': found no '='"),
            ("seed=range(0)", "command line, 'seed=range(0)': seed: found range(0), which is empty"),
            ("data=here", "command line, 'data=here': found a data folder that one.yaml does not use"),
        ):
            with self.subTest(word):
                found = self.refused("run", "one.yaml", word)
                self.assertTrue(found.startswith(expected), found)

    def test_processor(self):
        self.assertEqual(self.refused("run", "one.yaml", STRATA_ISA="nope"), "STRATA_ISA is 'nope', expected one of avx512bf16, avx512, avx2, portable")
        self.assertEqual(self.refused("run", "one.yaml", STRATA_THREADS="0"), "STRATA_THREADS is '0', expected a whole number from 1 to 256")
        self.assertEqual(self.refused("doctor", "--threads", "0"), "--threads is '0', expected a whole number from 1 to 256")
        self.assertEqual(self.refused("run", "one.yaml", STRATA_SAVE_SECONDS="soon"), "STRATA_SAVE_SECONDS is 'soon', expected a number of at least 0")
        self.assertTrue(self.refused("doctor", STRATA_ISA="avx3").startswith("STRATA_ISA is 'avx3'"))

    def test_a_results_folder_that_is_a_file(self):
        self.write("results", "")
        found = self.refused("run", "one.yaml")
        self.assertRegex(found, r"\Aresults\S*: cannot be made as a folder: (Not a directory|File exists)\Z")


if __name__ == "__main__":
    unittest.main()
