"""`strata watch` on a terminal, in a pipe, and beside a sweep that runs.

STRATA_BINARY names the program; without it these tests are left out.
"""

import fcntl
import os
import pathlib
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
import unittest

from test_cli import BINARY, SEQUENTIAL, CommandLineTest

ENTER, LEAVE = b"\x1b[?1049h\x1b[?7l\x1b[?25l\x1b[2J", b"\x1b[?25h\x1b[?7h\x1b[?1049l"


# What a shell is to a program: a parent in the same session, without which nothing is suspended.
SHELL = """
import subprocess, sys
child = subprocess.Popen(sys.argv[1:], process_group=0)
print(child.pid, file=sys.stderr, flush=True)
sys.exit(child.wait())
"""


class Terminal:
    """The program on a terminal of its own."""

    def __init__(self, test, *words, columns=80, rows=24, has_shell=False):
        self.master, slave = pty.openpty()
        self.resize(columns, rows)
        environment = {key: value for key, value in os.environ.items() if not key.startswith("STRATA_")} | {"TERM": "xterm"}
        program = [sys.executable, "-c", SHELL] if has_shell else []
        self.process = subprocess.Popen([*program, BINARY, *words], start_new_session=has_shell, cwd=test.folder, env=environment, stdin=subprocess.DEVNULL, stdout=slave, stderr=subprocess.PIPE)
        os.close(slave)
        self.received = b""
        test.addCleanup(self.end)

    def resize(self, columns, rows):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read_until(self, condition, seconds=60):
        """Reads until the condition holds of what was received."""
        deadline = time.monotonic() + seconds
        while not condition(self.received):
            if not select.select([self.master], [], [], max(0, deadline - time.monotonic()))[0]:
                raise AssertionError(f"waited in vain; received {self.received[-2000:]!r}")
            try:
                more = os.read(self.master, 65536)
            except OSError:  # The other end is closed.
                more = b""
            if not more:
                return
            self.received += more

    def wait(self):
        """Exit status, after everything was read."""
        self.read_until(lambda _: False)
        _, self.errors = self.process.communicate(timeout=60)
        return self.process.returncode

    def frames(self):
        """The drawings, a list of lines each."""
        return [part.decode().replace("\r", "").split("\n") for part in re.findall(rb"\x1b\[H(.*?)\x1b\[J", self.received.replace(b"\x1b[K", b""), re.DOTALL)]

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()
        os.close(self.master)


class WatchTest(CommandLineTest):
    def setUp(self):
        super().setUp()
        self.write("one.yaml", SEQUENTIAL)

    def test_a_pipe_gets_one_look(self):
        self.assertEqual(
            self.strata("watch", "one.yaml")[0].splitlines()[2:],
            ["", "nothing runs", "no stage has begun: is --results right? It is looked at again until there is something"])
        self.assertFalse((self.folder / "results").exists())
        self.strata("run", "one.yaml", "--quiet")
        lines = self.strata("watch", "one.yaml", "--measure", "accuracy")[0].splitlines()
        self.assertEqual(lines[0], "tiny: 1 run: 1 done")
        self.assertRegex(lines[1], "^█+  9/9 stages$")
        self.assertEqual(lines[4], "all runs are done")
        self.assertEqual(lines[6], "accuracy of run000 (sequential)")
        self.assertEqual([line.split()[0] for line in lines[8:]], ["base", "sums", "terms"])
        for line in lines[8:]:
            self.assertEqual(len(line.split()), 4)

    def test_it_ends_with_the_sweep(self):
        self.strata("run", "one.yaml", "--quiet")
        terminal = Terminal(self, "watch", "one.yaml", columns=70)
        self.assertEqual(terminal.wait(), 0)
        self.assertTrue(terminal.received.startswith(ENTER))
        # What was seen last stays below what stood on the terminal before.
        _, _, rest = terminal.received.partition(LEAVE)
        self.assertTrue(rest.startswith(b"tiny: 1 run: 1 done\r\n"), rest)
        self.assertNotIn(b"\x1b", rest)
        self.assertLessEqual(max(len(line) for line in rest.decode().splitlines()), 70)

    def test_interrupted_and_resized(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            terminal = Terminal(self, "watch", "one.yaml", "--interval", "60", columns=40, rows=6)
            terminal.read_until(lambda text: b"\x1b[J" in text)
            terminal.resize(30, 3)
            terminal.read_until(lambda text: text.count(b"\x1b[J") == 2)
            terminal.process.send_signal(number)
            self.assertEqual(terminal.wait(), 130)
            self.assertEqual(terminal.errors, b"")
            self.assertEqual(terminal.received.count(LEAVE), 1)
            first, second = terminal.frames()
            self.assertTrue(len(first) <= 6 and max(map(len, first)) <= 40 and len(first) > 3, first)
            self.assertTrue(len(second) <= 3 and max(map(len, second)) <= 30, second)

    def test_suspended(self):
        terminal = Terminal(self, "watch", "one.yaml", "--interval", "60", has_shell=True)
        program = int(terminal.process.stderr.readline())
        terminal.read_until(lambda text: b"\x1b[J" in text)
        os.kill(program, signal.SIGTSTP)
        terminal.read_until(lambda text: text.endswith(LEAVE))
        deadline = time.monotonic() + 30
        while pathlib.Path(f"/proc/{program}/stat").read_text().rpartition(")")[2].split()[0] != "T":
            self.assertLess(time.monotonic(), deadline, "it is not suspended")
            time.sleep(0.01)
        os.kill(program, signal.SIGCONT)
        terminal.read_until(lambda text: text.count(ENTER) == 2 and text.count(b"\x1b[J") == 2)
        os.kill(program, signal.SIGINT)
        self.assertEqual(terminal.wait(), 130)

    def test_beside_a_sweep(self):
        self.write("long.yaml", SEQUENTIAL.replace("eval_steps: 2", "logging_steps: 1").replace("train: {steps: 4", "train: {steps: 400"))
        terminal = Terminal(self, "watch", "long.yaml", "--interval", "0.1", columns=90, rows=20)
        terminal.read_until(lambda text: b"\x1b[J" in text)
        self.strata("run", "long.yaml", "--quiet", "--workers", "1", "--threads", "1")
        self.assertEqual(terminal.wait(), 0)
        text = "\n".join("\n".join(frame) for frame in terminal.frames())
        self.assertRegex(text, r"(?m)^sequential, (sums|terms) +\d+/400  loss \d+\.\d{3}  [▁▂▃▄▅▆▇█]+")
        self.assertRegex(text, r"(?m)^held-out loss \(nats/token\) of run000 \(sequential\)$")
        for frame in terminal.frames():
            self.assertLessEqual(len(frame), 20)
            self.assertLessEqual(max(map(len, frame)), 90)

    def test_wrong_input(self):
        self.assertEqual(self.refused("watch", "one.yaml", "--interval", "0"), "--interval is '0.0', expected seconds from 0.1 to 86400")
        self.assertEqual(self.refused("watch", "one.yaml", "--measure", "x"), "--measure is 'x', expected one of loss, bits_per_byte, accuracy")
        self.assertTrue(self.refused("watch", "one.yaml", "--run", "run9").startswith("--run is 'run9', expected the id of a run, run000"))
        self.assertIn("none.yaml", self.refused("watch", "none.yaml"))


if __name__ == "__main__":
    unittest.main()
