"""Sweeps as jobs of Slurm: on a real one of one node (slurm_node.py), and on one that is played (fake_slurm.py)."""

import json
import os
import re
import shutil
import signal
import subprocess
import time
import unittest

import fake_slurm
import slurm_node
from test_cli import BINARY, TINY, WILD, CommandLineTest
from test_kills import contents

SWEEP = """\
sweep:
  arms:
    - {strategy: {kind: frozen}}
    - {strategy: {kind: sequential}}
    - {strategy: {kind: lora, r: 2}}
    - {strategy: {kind: block-expansion, blocks: 1}}
  grid: {seed: [0, 1]}
slurm: {memory: 512M}
"""


class SlurmTest(CommandLineTest):
    environment = {}

    def setUp(self):
        super().setUp()
        self.write("sweep.yaml", TINY + SWEEP)

    def slurm(self, *words, status=0, results="results"):
        return self.strata("run", *words, "--executor", "slurm", "--results", results, status=status, **self.environment)

    def start(self, *words):
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("STRATA_")}
        with open(self.folder / "errors", "wb") as errors:
            process = subprocess.Popen(
                [BINARY, "run", *words, "--executor", "slurm"], cwd=self.folder, env=inherited | self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=errors, start_new_session=True)

        def end():
            if process.poll() is None:
                process.kill()
                process.wait()

        self.addCleanup(end)
        return process

    def errors(self):
        """What the program that was started last has said until now."""
        return (self.folder / "errors").read_text()

    def ended(self, process, status):
        self.assertEqual(process.wait(60), status, self.errors())
        return self.errors()

    def wait_for(self, what, condition, seconds=60):
        deadline = time.monotonic() + seconds
        while not (found := condition()):
            self.assertLess(time.monotonic(), deadline, f"waited in vain for {what}")
            time.sleep(0.05)
        return found

    def submissions(self):
        """Arrays that the ledger knows by number."""
        ledger = self.folder / "results/slurm/tiny/jobs.json"
        return [entry["array"] for entry in json.loads(ledger.read_text()) if entry["array"]] if ledger.exists() else []

    def contents(self, results):
        return contents(self.folder / results / "tiny.h5")

    def assert_same_numbers(self, a, b):
        first = self.contents(a)
        self.assertGreater(len(first), 40)
        self.assertEqual(first, self.contents(b))


@unittest.skipIf(slurm_node.missing(), f"not installed: {', '.join(slurm_node.missing())} (Debian: apt-get install slurm-wlm munge)")
class RealSlurmTest(SlurmTest):
    @classmethod
    def setUpClass(cls):
        if not BINARY:
            raise unittest.SkipTest("STRATA_BINARY is not set")
        cls.node = slurm_node.SlurmNode().__enter__()
        cls.addClassCleanup(cls.node.__exit__)
        cls.environment = {key: cls.node.environment[key] for key in ("SLURM_CONF", "PATH")}

    def tearDown(self):
        self.node.run("scancel", "--full", "-p", "all")
        self.wait_for("an empty queue", lambda: not self.jobs())

    def jobs(self, *words):
        """State and reason of the jobs in the queue by number and index."""
        lines = self.node.run("squeue", "-h", "-r", "-o", "%i|%T|%r", *words).splitlines()
        return {line.split("|")[0]: line.split("|")[1:] for line in lines}

    def release(self):
        for number in self.submissions():
            self.node.run("scontrol", "release", str(number), check=False)

    def test_a_sweep_gives_the_same_numbers_as_here(self):
        output, errors = self.slurm("sweep.yaml")
        self.assertTrue(output.endswith("\nresults: results/tiny.h5\n"), output)
        # The base and the random one; then two tasks of six runs, the second behind the first.
        found = re.search(r"(?m)^submitted 14 jobs in (\d+) arrays: ", errors)
        self.assertTrue(found, errors)
        self.assertLessEqual(int(found.group(1)), 4)
        self.assertEqual(len(re.findall(r"(?m): done in ", errors)), 29, errors)
        # Nothing is left but the empty ledger, and logs of jobs that had something to say.
        self.assertEqual(sorted(str(path.relative_to(self.folder)) for path in self.folder.glob("results/slurm/tiny/**/*") if path.is_file()), ["results/slurm/tiny/jobs.json"])
        self.assertEqual(self.submissions(), [])
        for workers in ("1", "2"):
            self.strata("run", "sweep.yaml", "--quiet", "--workers", workers, "--results", workers)
            self.assert_same_numbers("results", workers)
        # What is done is done for all.
        for again in (self.slurm("sweep.yaml"), self.strata("run", "sweep.yaml")):
            self.assertEqual(again, (output, ""))
        # New values of an axis are new jobs, and nothing else.
        self.assertIn("submitted 6 jobs in ", self.slurm("sweep.yaml", "seed=0,1,2")[1])

    def test_a_stage_that_fails(self):
        self.write("wild.yaml", TINY + f"sweep:\n  arms:\n    - {{name: wild, strategy: {{kind: sequential}}, train: {WILD}}}\n    - {{name: tame, strategy: {{kind: sequential}}}}\n")
        output, errors = self.slurm("wild.yaml", status=1)
        self.assertTrue(output.endswith("results: results/tiny.h5\n"))
        self.assertRegex(errors, r"(?m)^1 job was not begun: it needs what failed$")
        self.assertRegex(errors, r"strata: a stage failed; what was measured is kept, and `strata run` tries again\n  arm=wild, sums: the .* is not finite at learning rate 100\.0; .*\n\Z")
        status, _ = self.strata("status", "wild.yaml", **self.environment)
        self.assertRegex(status, r"(?m)^run000 +arm=wild +failed .*: the .* is not finite")
        self.assertRegex(status, r"(?m)^run001 +arm=tame +done +9/9$")
        self.assertEqual(self.jobs(), {}, "what waited for it is not left in the queue")
        again = self.slurm("wild.yaml", status=1)[1]
        self.assertRegex(again, r"\Asubmitted 2 jobs in 2 arrays")

    def test_a_job_that_is_cancelled_and_submitted_again(self):
        self.write("long.yaml", TINY + "strategy: {kind: sequential}\nslurm: {memory: 512M}\n")
        words = ("long.yaml", "train.steps=1500", "train.eval_steps=0")
        process = self.start(*words)
        title = "sequential, sums"
        task = self.wait_for("the first task", lambda: self.begun_task() and next((job for job, (state, _) in self.jobs().items() if state == "RUNNING"), None))
        self.node.run("scancel", task)
        errors = self.ended(process, 1)
        self.assertIn(f"{title}: its job {task} was cancelled", errors)
        self.assertIn("1 job was not begun: it needs what failed", errors)
        _, errors = self.slurm(*words)
        self.assertRegex(errors, r"submitted 2 jobs in 2 arrays")
        self.assertNotIn("] base: done", errors)
        self.strata("run", *words, "--quiet", "--results", "local")
        self.assert_same_numbers("results", "local")

    def begun_task(self):
        for recipe in self.folder.glob("results/stages/*/recipe.json"):
            journal = recipe.parent / "journal"
            if json.loads(recipe.read_text())["stage"] == "task" and journal.exists() and journal.read_bytes().count(b"\n") > 1:
                return journal

    def test_the_coordinator_may_end(self):
        words = ("sweep.yaml", "slurm.extra=[--hold]")

        def waiting(count):
            self.wait_for("the jobs", lambda: len(self.jobs()) == count and len(self.submissions()) > 1)
            return set(self.jobs())

        process = self.start(*words)
        held = waiting(14)
        process.kill()
        self.ended(process, -signal.SIGKILL)
        # Its jobs are there and are found.
        process = self.start(*words)
        self.wait_for("the second run", lambda: "14 jobs are in the queue already" in self.errors())
        process.send_signal(signal.SIGINT)
        errors = self.ended(process, 130)
        self.assertNotIn("submitted", errors)
        self.assertRegex(errors, r"interrupted; the jobs go on, and the same command waits for them again\nto cancel them: scancel \d+")
        self.assertEqual(set(self.jobs()), held, "nothing is submitted twice, and nothing cancelled")
        with self.subTest("status tells of them"):
            status, _ = self.strata("status", "sweep.yaml", **self.environment)
            self.assertRegex(status, r"(?m)^run002 .* 1/9 .*job \d+_\d+ pending \((JobHeldUser|Dependency)\)$")
            alone, _ = self.strata("status", "sweep.yaml", PATH="/nowhere")
            self.assertRegex(alone, r"(?m)^run002 .* 1/9 .*job \d+_\d+, of which this machine cannot ask Slurm$")
        with self.subTest("cancelled when that was asked for"):
            process = self.start(*words, "--cancel-on-interrupt")
            self.wait_for("the third run", lambda: "14 jobs are in the queue already" in self.errors())
            process.send_signal(signal.SIGINT)
            self.assertIn("interrupted; the jobs are cancelled", self.ended(process, 130))
            self.wait_for("the end of the jobs", lambda: not self.jobs())
        with self.subTest("submitted and left alone"):
            _, errors = self.slurm("sweep.yaml", "--submit-only")
            self.assertIn("submitted 14 jobs", errors)
            self.assertIn("the jobs go on without this command", errors)
            self.wait_for("the end of the jobs", lambda: not self.jobs())
            status, _ = self.strata("status", "sweep.yaml", **self.environment)
            self.assertTrue(status.endswith("8 runs: 8 done; 29 of 29 stages done\n"), status)

    def test_what_slurm_refuses(self):
        self.write("one.yaml", TINY + "strategy: {kind: frozen}\n")
        self.assertEqual(self.slurm("one.yaml", "slurm.partition=nope", "--quiet", status=2)[1],
                         "strata: sbatch failed: invalid partition specified: nope; Batch job submission failed: Invalid partition name specified\n")
        with self.subTest("the program is gone when the job begins"):
            program = self.folder / "strata-elsewhere"
            shutil.copy2(BINARY, program)
            words = [program, "run", "one.yaml", "--executor", "slurm", "slurm.memory=512M", "slurm.extra=[--hold]"]
            subprocess.run([*words, "--submit-only"], cwd=self.folder, env=os.environ | self.environment, check=True, capture_output=True)
            program.unlink()
            self.release()
            self.wait_for("the end of the jobs", lambda: not self.jobs())
            status, _ = self.strata("status", "one.yaml", **self.environment)
            self.assertRegex(status, r"job \d+_\d+ has ended \(FAILED\); its last words: node .* has no program .*/strata-elsewhere; it has to be in a folder that all nodes share\n")
        with self.subTest("the orders are not on the node"):
            process = self.start("one.yaml", "slurm.memory=512M", "slurm.extra=[--hold]")
            self.wait_for("the jobs", lambda: len(self.jobs()) == 2 and self.submissions())
            for orders in self.folder.glob("results/slurm/tiny/orders/*"):
                orders.unlink()
            self.release()
            errors = self.ended(process, 1)
            self.assertRegex(errors, r"random base: its job \d+_\d+ failed; its last words: node .* has no file .*; the results folder has to be one that all nodes share")


class PlayedSlurmTest(SlurmTest):
    def play(self, **options):
        programs = fake_slurm.install(self.folder / "slurm-programs", **options)
        self.environment = {"PATH": f"{programs}:{os.environ['PATH']}", "FAKE_SLURM": str(programs)}
        return programs

    def test_lost_jobs_are_submitted_again(self):
        programs = self.play(plans=[(0, "NODE_FAIL"), (1, "PREEMPTED"), (2, "TIMEOUT")])
        self.write("one.yaml", TINY + "strategy: {kind: sequential}\n")
        _, errors = self.slurm("one.yaml")
        for state in ("NODE_FAIL", "PREEMPTED", "TIMEOUT"):
            self.assertRegex(errors, rf"(?m)base: its job \d+_\d+ ended \({state}\); it is submitted again$")
        self.strata("run", "one.yaml", "--quiet", "--results", "local")
        self.assert_same_numbers("results", "local")
        self.assertEqual(fake_slurm.active(fake_slurm.load(programs)), 0)

    def test_runs_that_choose_come_first(self):
        self.play()
        self.write("tune.yaml", TINY + "strategy: {kind: sequential}\ntune: {key: train.learning_rate, values: [1.0e-3, 1.0e-2], seed: 100}\n")
        _, errors = self.slurm("tune.yaml")
        self.assertIn("\ntuned: train.learning_rate of 1 arm by OP_loss with the held-out seed 100: sequential ", errors)
        self.strata("run", "tune.yaml", "--quiet", "--results", "local")
        self.assert_same_numbers("results", "local")

    def test_a_job_that_is_stopped_before_its_time_limit(self):
        # Random base, base, and the task, which goes on in another job.
        self.play(plans=[(2, "TERM")])
        self.write("one.yaml", TINY + "strategy: {kind: sequential}\n")
        words = ("one.yaml", "stream=[sums]", "train.steps=3000", "train.eval_steps=0")
        _, errors = self.slurm(*words)
        self.assertRegex(errors, r"(?m)^sequential, sums: its job \d+_\d+ was stopped before its time limit; it is submitted again$")
        self.strata("run", *words, "--quiet", "--results", "local")
        self.assert_same_numbers("results", "local")

    def test_a_job_that_never_gets_on(self):
        self.play(plans=[(number, "TIMEOUT") for number in range(6)])
        self.write("one.yaml", TINY + "strategy: {kind: frozen}\n")
        _, errors = self.slurm("one.yaml", "--quiet", status=1)
        self.assertRegex(errors, r"  base: its job \d+_\d+ ended \(TIMEOUT\), as did 2 before it, without getting on; a longer slurm.time may help\n")

    def test_memory_and_jobs_without_a_word(self):
        self.play(plans=[(0, "OUT_OF_MEMORY"), (1, "FAILED")])
        self.write("one.yaml", TINY + "strategy: {kind: frozen}\n")
        _, errors = self.slurm("one.yaml", "--quiet", status=1)
        self.assertRegex(errors, r"  random base: its job \d+_\d+ ran out of memory; raise slurm.memory \(it had 512M\)\n")
        self.assertRegex(errors, r"  base: its job \d+_\d+ failed and left nothing in .*/results/slurm/tiny/logs; is that folder the same one on every node\?\n")
        # Another run tries again.
        self.slurm("one.yaml", "--quiet")

    def test_a_stage_behind_the_stream(self):
        """The instruction stage, and the stream with it, has the same numbers from jobs, worker processes and one process."""
        text = (TINY + SWEEP).replace("stream: ", "  pairs: {generated: clauses, form: examples, documents: 20, questions: 4}\nstream: ")
        self.play()
        self.write("told.yaml", text + "instruction:\n  data: pairs\n  train: {steps: 4, batch_size: 4, logging_steps: 2, eval_steps: 2}\n")
        self.slurm("told.yaml", "--quiet")
        for workers in ("1", "2"):
            self.strata("run", "told.yaml", "--quiet", "--workers", workers, "--results", workers)
            self.assert_same_numbers("results", workers)
        self.assertIn("scores/instructed_loss", self.contents("1"))
        self.assertIn("| instruction ", self.strata("table", "results/tiny.h5", "--name", "stream")[0])

    def test_waves(self):
        cases = [("as the file says", {}, ["slurm.max_jobs=5"], 5, "slurm.max_jobs"), ("as Slurm says", {"submit_limit": 6}, [], 6, "Slurm takes no more jobs now: sbatch failed: QOSMaxSubmitJobPerUserLimit"),
                 ("short arrays", {"maximum_array_size": 3}, [], 14, "submitted 14 jobs in ")]
        for name, options, words, largest, message in cases:
            with self.subTest(name):
                shutil.rmtree(self.folder / "slurm-programs", ignore_errors=True)
                shutil.rmtree(self.folder / "results", ignore_errors=True)
                programs = self.play(pretend=True, **options)
                _, errors = self.slurm("sweep.yaml", *words)
                self.assertIn(message, errors)
                self.assertLessEqual(fake_slurm.load(programs)["largest"], largest)

    def test_slurm_is_away_for_a_while(self):
        programs = self.play()
        self.write("one.yaml", TINY + "strategy: {kind: frozen}\n")
        fake_slurm.save(programs, fake_slurm.load(programs) | {"silent": 2})
        output, errors = self.slurm("one.yaml")
        self.assertEqual(errors.count("squeue failed: slurm_load_jobs error: Unable to contact slurm controller (connect failure); waiting for it\n"), 1)
        self.assertIn("results: results/tiny.h5", output)

    def test_wrong_use(self):
        self.write("one.yaml", TINY + "strategy: {kind: frozen}\n")
        self.assertEqual(
            self.strata("run", "one.yaml", "--executor", "slurm", status=2, PATH="/nowhere")[1].splitlines()[-1],
            "strata: 'sbatch' is not in PATH: --executor slurm needs a machine from which jobs are submitted to Slurm, with sbatch, squeue and scancel")
        for words, message in (
            (["--submit-only"], "--submit-only needs --executor slurm"),
            (["--cancel-on-interrupt"], "--cancel-on-interrupt needs --executor slurm"),
            (["--executor", "slurm", "--workers", "2"], "--workers has no meaning with --executor slurm"),
        ):
            self.assertIn(message, self.strata("run", "one.yaml", *words, status=2)[1])
        for word, message in (
            ("slurm.time=soon", "slurm.time: found \"soon\", expected minutes, \"hours:minutes:seconds\""),
            ("slurm.memory=4GB", "slurm.memory: found \"4GB\", expected megabytes"),
            ("slurm.extra=[--array=1]", "slurm.extra[0]: found \"--array=1\", expected an option that strata does not set itself"),
            ("slurm.cpu=1", "slurm.cpu: found an unknown key 'cpu'"),
            ("slurm.time=1,2", "slurm.time: found several values inside 'slurm', expected one"),
        ):
            self.assertIn(message, self.refused("plan", "one.yaml", word))


if __name__ == "__main__":
    unittest.main()
