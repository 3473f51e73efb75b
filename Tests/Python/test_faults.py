"""What a results folder has to survive: full disks, folders that cannot be written, damaged files, interruptions, lack of memory, two runs at once."""

import json
import os
import re
import resource
import shutil
import signal
import subprocess
import time
import unittest

from test_cli import BINARY, TINY, CommandLineTest, WorkersTest
from test_kills import contents

LONG = TINY.replace("train: {steps: 4,", "train: {steps: 1500, logging_steps: 10,").replace("eval_steps: 2", "eval_steps: 400") + "strategy: {kind: sequential}\n"


class FaultTest(CommandLineTest):
    def limited(self, *words, status, limit=None, value=0):
        """Runs the program under a limit of the system and returns its standard error."""
        environment = {key: value for key, value in os.environ.items() if not key.startswith("STRATA_")}
        result = subprocess.run(
            [BINARY, *words], cwd=self.folder, env=environment, capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL,
            preexec_fn=lambda: resource.setrlimit(limit, (value, resource.getrlimit(limit)[1])))
        self.assertEqual(result.returncode, status, result.stdout + result.stderr)
        return result.stderr

    def numbers(self, results="results"):
        try:
            return contents(self.folder / results / "tiny.h5")
        except ImportError:
            return [self.strata("table", f"{results}/tiny.h5", "--name", name, "--format", "csv")[0] for name in ("summary", "stream", "metrics")]

    def stage(self, kind, **recipe):
        """The folders of the stages of a kind whose recipes have these values."""
        found = []
        for path in sorted(self.folder.glob("results/stages/*/recipe.json")):
            values = json.loads(path.read_text())
            if values["stage"] == kind and all(values.get(key) == value for key, value in recipe.items()):
                found.append(path.parent)
        return found

    def partial_files(self):
        return list(self.folder.glob("results/**/*partial*"))


class FullDiskTest(FaultTest):
    def check(self, error, workers):
        self.assertEqual(error.count("\n"), 1, error)
        # Another worker is ended in the middle of whatever it does; what it was writing is never read, and removed when the stage goes on.
        if workers == "1":
            self.assertFalse(self.partial_files())
        self.assertFalse(list(self.folder.glob("results/stages/*/failed")), "the disk is to blame, not the stage")
        if (self.folder / "results/stages").exists():
            self.assertIn("all sound", self.strata("verify", "results")[0])

    def test_files_that_may_not_grow(self):
        self.strata("run", "tiny.yaml", "--quiet", "--results", "plain")
        for workers in ("1", "2"):
            # Too little for a checkpoint, enough for one but not for an expanded one with its state, and for all but the HDF5 file.
            for kilobytes in (1, 8, 30, 60):
                error = self.limited(
                    "run", "tiny.yaml", "--quiet", "--workers", workers, status=1, limit=resource.RLIMIT_FSIZE, value=kilobytes * 1024)
                self.assertIn("File too large", error)
                self.check(error, workers)
            done = {path: path.stat().st_ino for path in self.folder.glob("results/stages/*/done")}
            self.assertTrue(done)
            self.strata("run", "tiny.yaml", "--quiet")
            self.assertFalse(self.partial_files())
            self.assertEqual({path: path.stat().st_ino for path in done}, done, "what was finished was kept")
            self.assertEqual(self.numbers(), self.numbers("plain"))
            shutil.rmtree(self.folder / "results")

    def mounted(self, *options):
        (self.folder / "results").mkdir()
        command = ["mount", "-t", "tmpfs", *options, "tmpfs", str(self.folder / "results")]
        if os.geteuid() != 0 or shutil.which("mount") is None or subprocess.run(command, capture_output=True).returncode != 0:
            self.skipTest("mounting is not allowed here")
        self.addCleanup(subprocess.run, ["umount", "-l", str(self.folder / "results")])

    def remount(self, options):
        subprocess.run(["mount", "-o", f"remount,{options}", str(self.folder / "results")], check=True)

    def test_a_disk_that_is_full(self):
        self.strata("run", "tiny.yaml", "--quiet", "--results", "plain")
        self.mounted("-o", "size=300k")
        for workers in ("1", "2"):
            _, error = self.strata("run", "tiny.yaml", "--quiet", "--workers", workers, status=1)
            self.assertIn("No space left on device", error)
            self.check(error, workers)
        self.remount("size=100m")
        self.strata("run", "tiny.yaml", "--quiet")
        self.assertEqual(self.numbers(), self.numbers("plain"))

    def test_a_folder_that_cannot_be_written(self):
        self.mounted()
        self.strata("run", "one.yaml", "--quiet")
        self.remount("ro")
        for workers in ("1", "2"):
            output, error = self.strata("run", "tiny.yaml", "--quiet", "--workers", workers, status=1)
            self.assertEqual((output, error), ("", f"strata: {error.removeprefix('strata: ')}"))
            self.assertRegex(error, r"\Astrata: results/\S+: cannot be made\S*.*: Read-only file system\n\Z")
        # What is there can be read.
        self.assertIn("1 done", self.strata("status", "one.yaml")[0])
        self.assertIn("all sound", self.strata("verify", "results")[0])
        self.strata("table", "results/tiny.h5")

    @unittest.skipIf(os.geteuid() == 0, "nothing is forbidden to this user")
    def test_a_folder_that_may_not_be_written(self):
        self.strata("run", "one.yaml", "--quiet")
        for folder in ("results/locks", "results/stages"):
            (self.folder / folder).chmod(0o555)
            self.addCleanup((self.folder / folder).chmod, 0o755)
            _, error = self.strata("run", "tiny.yaml", "--quiet", status=1)
            self.assertRegex(error, r"\Astrata: results/\S+: cannot be made\S*.*: Permission denied\n\Z")


class DamageTest(FaultTest):
    def flip(self, path):
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)

    def test_damaged_stages_are_found_and_made_again(self):
        self.strata("run", "one.yaml", "seed=0,1", "--quiet", "--results", "plain")
        self.strata("run", "one.yaml", "--quiet")
        self.assertEqual(self.strata("verify", "results")[0], "9 finished stages, 1 file: all sound\n")
        base = next(folder for folder in self.stage("pretraining") if b'"steps":6' in (folder / "recipe.json").read_bytes())
        self.flip(base / "model.safetensors")
        last = next(folder for folder in self.stage("task") if not self.stage("task", parent=folder.name))
        row = self.stage("evaluation", parent=last.name)[0]
        with open(row / "journal", "r+b") as journal:
            journal.truncate(journal.seek(0, 2) - 5)
        output, _ = self.strata("verify", "results", status=1)
        hash = "does not have the hash that it was finished with"
        self.assertEqual(sorted(output.splitlines()[:2]), sorted(f"results/stages/{folder.name}/{file} {hash}" for folder, file in ((base, "model.safetensors"), (row, "journal"))))
        self.assertEqual(output.splitlines()[2], "9 finished stages, 1 file: 2 damaged")
        self.assertEqual(self.strata("verify", f"results/stages/{base.name}", status=1)[0].splitlines()[-1], "1 finished stage: 1 damaged")

        _, errors = self.strata("collect", "one.yaml")
        self.assertIn(f"strata: sequential, terms, evaluation: results/stages/{row.name}/journal {hash}; it is left out, and `strata run` makes it again\n", errors)
        self.assertIn("1 of 1 runs are not complete (run000 at 8 of 9 stages)", self.strata("table", "results/tiny.h5")[0])

        for workers in ("1", "2"):
            _, errors = self.strata("run", "one.yaml", "seed=0,1", "--workers", workers)
            if workers == "1":
                self.assertRegex(errors, rf"(?m)^\[\d+/13\] base: results/stages/{base.name}/model.safetensors {hash}; it is made again$")
                self.assertEqual(len(re.findall(": done in ", errors)), 2 + 4, errors)
            self.assertEqual(self.numbers(), self.numbers("plain"))
            self.assertIn("all sound", self.strata("verify", "results")[0])
            self.flip(row / "done")

    def test_a_damaged_file_is_built_again(self):
        self.strata("run", "one.yaml", "--quiet")
        numbers = self.numbers()
        file = self.folder / "results/tiny.h5"
        whole = file.read_bytes()
        for damaged in (whole[: len(whole) // 2], whole[:3000] + b"\xff" + whole[3001:], b""):
            file.write_bytes(damaged)
            if damaged:
                self.assertIn("1 damaged", self.strata("verify", "results", status=1)[0])
            self.strata("table", "results/tiny.h5", status=2)
            self.strata("collect", "one.yaml")
            self.assertEqual(self.numbers(), numbers)
            self.assertEqual(self.strata("verify", "results/tiny.h5")[0], "1 file: all sound\n")

    def test_verify_refuses_other_things(self):
        self.assertEqual(self.refused("verify", "none"), "none: found nothing there, expected a results folder, the folder of a stage or an HDF5 file")
        self.assertTrue(self.refused("verify", ".").startswith(".: has no stages"))


class InterruptionTest(FaultTest):
    start, wait_for, is_alive, workers = WorkersTest.start, WorkersTest.wait_for, WorkersTest.is_alive, WorkersTest.workers

    def setUp(self):
        super().setUp()
        self.write("long.yaml", LONG)

    def trained_lines(self):
        """Records of the task that is being trained."""
        lines = [(path / "journal").read_bytes().count(b"\n") for path in self.stage("task") if not (path / "done").exists() and (path / "journal").exists()]
        return max(lines, default=0)

    def test_an_interrupted_run_goes_on(self):
        self.strata("run", "long.yaml", "--quiet", "--results", "plain")
        for workers in ("1", "2"):
            process = self.start("run", "long.yaml", "--workers", workers, "--threads", "2")
            self.wait_for("some steps", lambda: self.trained_lines() > 10)
            os.killpg(process.pid, signal.SIGINT)
            _, errors = process.communicate(timeout=60)
            self.assertEqual(process.returncode, 130, errors)
            self.assertTrue(errors.endswith("\nstopping after this step; once more stops at once\ninterrupted; the same command goes on where it stopped\n"), errors)
            self.assertEqual(len(list(self.folder.glob("results/stages/*/state"))), 1)
            self.assertFalse(list(self.folder.glob("results/locks/*")))
            # Clocks that were set back, or forward, do not matter.
            for path in self.folder.glob("results/**/*"):
                os.utime(path, (0, 0) if workers == "1" else (4e9, 4e9))
            _, errors = self.strata("run", "long.yaml")
            self.assertRegex(errors, r"(?m)^\[\d/9\] sequential, sums: goes on behind step \d+ of 1500$")
            self.assertEqual(self.numbers(), self.numbers("plain"))
            self.assertFalse(list(self.folder.glob("results/stages/*/state")))
            shutil.rmtree(self.folder / "results")

    def test_a_second_interrupt_ends_at_once(self):
        # One step takes seconds.
        self.write("slow.yaml", LONG.replace("batch_size: 4", "batch_size: 16, gradient_accumulation_steps: 500"))
        for workers in ("1", "2"):
            process = self.start("run", "slow.yaml", "--workers", workers, "--threads", "1")
            self.wait_for("the base", lambda: [path for path in self.stage("pretraining") if (path / "journal").exists() and not (path / "done").exists()])
            found = self.workers(process)
            time.sleep(0.3)
            process.send_signal(signal.SIGINT)
            time.sleep(0.2)
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=20)
            self.assertEqual(process.returncode, 130, errors)
            self.assertFalse(list(self.folder.glob("results/stages/*/state")), "nothing is saved any more")
            self.wait_for("the end of the workers", lambda: not any(map(self.is_alive, found)))
            shutil.rmtree(self.folder / "results")

    def test_a_killed_run_is_taken_over_at_once(self):
        self.strata("run", "long.yaml", "--quiet", "--results", "plain")
        first = self.start("run", "long.yaml", "--workers", "1", "--threads", "1")
        self.wait_for("some steps", lambda: self.trained_lines() > 3)
        second = self.start("run", "long.yaml", "--workers", "2", "--threads", "1")
        # Its place: it waits for the first, and says for whom.
        while "waits for" not in (line := second.stderr.readline()):
            self.assertNotEqual(line, "")
        self.assertRegex(line, rf"^\[\d/9\] sequential, sums: waits for process {first.pid} on \S+, since \d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        first.kill()
        first.communicate()
        _, errors = second.communicate(timeout=100)
        self.assertEqual(second.returncode, 0, errors)
        self.assertEqual(self.numbers(), self.numbers("plain"))
        self.assertFalse(list(self.folder.glob("results/locks/*")))

    def test_two_runs_at_once_share_the_stages(self):
        self.strata("run", "tiny.yaml", "--quiet", "--results", "plain")
        runs = [self.start("run", "tiny.yaml", "--workers", workers, "--threads", "1") for workers in ("1", "2", "2")]
        for run in runs:
            output, errors = run.communicate(timeout=200)
            self.assertEqual(run.returncode, 0, errors)
            self.assertTrue(output.endswith("results: results/tiny.h5\n"))
            self.assertNotIn("FAILED", errors)
        self.assertEqual(self.numbers(), self.numbers("plain"))
        self.assertIn("37 finished stages, 1 file: all sound", self.strata("verify", "results")[0])
        self.assertFalse(list(self.folder.glob("results/locks/*")))

    def test_a_worker_without_memory_fails_its_stage_only(self):
        # One arm needs gigabytes for its batch, which the limit does not give.
        arms = "sweep:\n  arms:\n    - {name: large, strategy: {kind: sequential}, train: {steps: 1, batch_size: 16384}}\n    - {name: small, strategy: {kind: sequential}}\n"
        self.write("memory.yaml", TINY + arms)
        error = self.limited("run", "memory.yaml", "--quiet", "--workers", "2", "--threads", "2", status=1, limit=resource.RLIMIT_AS, value=1 << 30)
        self.assertRegex(error, r"strata: a stage failed; what was measured is kept, and `strata run` tries again\n  arm=large, sums: its worker was ended by SIG\w+")
        status = self.strata("status", "memory.yaml")[0]
        self.assertRegex(status, r"(?m)^run000 +arm=large +failed .*: its worker was ended by SIG")
        self.assertRegex(status, r"(?m)^run001 +arm=small +done +9/9$")
        # It, and only it, is tried again.
        _, errors = self.strata("run", "memory.yaml", "--workers", "2")
        self.assertEqual(sorted(re.findall(r"\] (.*): done in", errors)), [f"arm=large, {stage}" for stage in ("sums", "sums, evaluation", "terms", "terms, evaluation")])


del CommandLineTest, WorkersTest

if __name__ == "__main__":
    unittest.main()
