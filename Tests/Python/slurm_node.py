"""A real Slurm of one node on loopback, with all its files in a temporary folder and ports of its own.

    with SlurmNode() as node:
        subprocess.run(["sbatch", ...], env=node.environment)

`python slurm_node.py` starts one, prints the line that a shell needs to use it, and ends it with Ctrl-C. Needs Debian's
slurm-wlm and munge, or the same programs from elsewhere; `missing()` names what is not there. Root is not needed.
"""

import contextlib
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

PROGRAMS = ["munged", "slurmctld", "slurmd", "slurmstepd", "sbatch", "squeue", "scancel", "scontrol", "sinfo"]
# Daemons are not on everybody's path.
PATH = os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin"


def missing():
    """The programs of Slurm that are not installed."""
    if sys.platform != "linux":
        return PROGRAMS
    # Debian keeps slurmstepd beside slurmd.
    return [name for name in PROGRAMS if not shutil.which(name, path=PATH)]


def free_port():
    with contextlib.closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class SlurmNode:
    """Starts the daemons when it is entered, and ends them, by their process identifiers, when it is left."""

    def __init__(self, cpus=4, memory=8000, settings=()):
        self.cpus, self.memory, self.settings = cpus, memory, list(settings)

    def __enter__(self):
        self.temporary = tempfile.TemporaryDirectory(prefix="strata-slurm-")
        self.folder = pathlib.Path(self.temporary.name)
        self.folder.chmod(0o755)
        self.daemons = []
        self.environment = os.environ | {"SLURM_CONF": str(self.folder / "slurm.conf"), "PATH": PATH}
        try:
            self.configure()
            self.start("munged", "--foreground", "--force", "--num-threads=2", f"--key-file={self.folder}/munge.key", f"--socket={self.folder}/munge.socket",
                       f"--pid-file={self.folder}/munged.pid", f"--seed-file={self.folder}/munge.seed", f"--log-file={self.folder}/munged.log")
            self.wait_for("munged", lambda: (self.folder / "munge.socket").exists())
            self.start("slurmctld", "-D", "-f", self.folder / "slurm.conf")
            self.start("slurmd", "-D", "-f", self.folder / "slurm.conf", "-N", "node")
            self.wait_for("a node that takes jobs", lambda: self.run("sinfo", "-h", "-o", "%T", check=False).strip() in ("idle", "mixed"))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        # Jobs first: they are no children of the daemons' that end with them.
        if len(self.daemons) == 3:
            self.run("scancel", "--full", "-p", "all", check=False)
            with contextlib.suppress(TimeoutError):
                self.wait_for("the end of the jobs", lambda: not self.run("squeue", "-h", check=False).strip(), seconds=15)
        for daemon in reversed(self.daemons):
            daemon.terminate()
            try:
                daemon.wait(10)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        self.temporary.cleanup()

    def configure(self):
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o600)
        user, host = pwd.getpwuid(os.getuid()).pw_name, socket.gethostname().split(".")[0]
        for name in ("state", "spool"):
            (self.folder / name).mkdir()
        settings = [
            "ClusterName=strata", f"SlurmctldHost={host}(127.0.0.1)", f"SlurmUser={user}", f"SlurmdUser={user}",
            f"SlurmctldPort={free_port()}", f"SlurmdPort={free_port()}", f"AuthInfo=socket={self.folder}/munge.socket",
            f"StateSaveLocation={self.folder}/state", f"SlurmdSpoolDir={self.folder}/spool",
            f"SlurmctldPidFile={self.folder}/slurmctld.pid", f"SlurmdPidFile={self.folder}/slurmd.pid",
            f"SlurmctldLogFile={self.folder}/slurmctld.log", f"SlurmdLogFile={self.folder}/slurmd.log",
            "ProctrackType=proctrack/pgid", "TaskPlugin=task/none", "SwitchType=switch/none", "MpiDefault=none",
            "SelectType=select/cons_tres", "SelectTypeParameters=CR_CPU_Memory", "ReturnToService=2",
            "SchedulerParameters=batch_sched_delay=0,sched_min_interval=0,bf_interval=1", "MinJobAge=120", "KillWait=3", "SlurmdParameters=config_overrides",
            f"NodeName=node NodeHostname={host} NodeAddr=127.0.0.1 CPUs={self.cpus} RealMemory={self.memory}",
            "PartitionName=all Nodes=node Default=YES MaxTime=INFINITE State=UP",
        ]
        # What is set again takes the place of what stands here.
        names = {setting.split("=")[0] for setting in self.settings}
        lines = [setting for setting in settings if setting.split("=")[0] not in names] + self.settings
        (self.folder / "slurm.conf").write_text("\n".join(lines) + "\n")

    def start(self, name, *words):
        with open(self.folder / f"{name}.out", "wb") as output:
            self.daemons.append(subprocess.Popen(
                [shutil.which(name, path=PATH), *map(str, words)], env=self.environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True))

    def run(self, *words, check=True):
        result = subprocess.run(words, env=self.environment, capture_output=True, text=True, timeout=60)
        if check and result.returncode:
            raise RuntimeError(f"{' '.join(words)}: {result.stderr}")
        return result.stdout

    def wait_for(self, what, condition, seconds=30):
        deadline = time.monotonic() + seconds
        while not condition():
            if any(daemon.poll() is not None for daemon in self.daemons) or time.monotonic() > deadline:
                logs = "\n".join(f"{file.name}: {file.read_text(errors='replace')[-2000:]}" for file in sorted(self.folder.glob("*.out")))
                raise TimeoutError(f"waited in vain for {what}\n{logs}")
            time.sleep(0.05)


if __name__ == "__main__":
    if missing():
        sys.exit(f"not installed: {', '.join(missing())} (Debian: apt-get install slurm-wlm munge)")
    with SlurmNode() as running:
        print(f"export SLURM_CONF={running.folder}/slurm.conf", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            signal.pause()
