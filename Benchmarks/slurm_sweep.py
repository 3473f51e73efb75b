#!/usr/bin/env python3
"""What a large sweep through Slurm asks of the machine that coordinates it, and what a job asks of the shared folder.

    Benchmarks/slurm_sweep.py [--stages 10000] [--nodes 500] [--keep DIR]

Slurm is played (Tests/Python/fake_slurm.py): its jobs take no time and their results are made up, so that what is measured is strata alone:
seconds of processor and memory of `strata run`, calls of Slurm's programs, and how long a second call and `strata status` take when all is
done. Then one job of a real sweep runs under strace, and its operations on the results folder are counted.
"""

import argparse
import collections
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "Tests/Python"))

import fake_slurm  # noqa: E402

SWEEP = """\
name: sweep
base:
  model: {hidden_size: 16, intermediate_size: 32, num_hidden_layers: 2, num_attention_heads: 2, max_position_embeddings: 32}
  tokenizer: {kind: byte}
  data: lives
  train: {steps: 4, batch_size: 4, learning_rate: 1.0e-2}
data:
  lives: {generated: biographies, documents: 20, questions: 4}
  sums: {generated: arithmetic, documents: 20, questions: 4}
stream: [sums, lives]
train: {steps: 20, batch_size: 4, learning_rate: 1.0e-2}
evaluation: {tokens: 256, questions: 4, batch_size: 8}
strategy: {kind: sequential}
"""


def measured(words, folder, environment):
    """Wall seconds, own processor seconds, those of the programs it called, peak memory in MB, and standard error."""
    start = time.monotonic()
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(words, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors)
        peak = 0
        while True:
            ended = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG)
            if ended:
                break
            found = re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{process.pid}/status").read_text())
            peak = max(peak, int(found.group(1)) if found else 0)
            time.sleep(0.02)
        wall = time.monotonic() - start
        # Not reaped yet: its own time and that of its children are still told apart.
        times = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        tick = os.sysconf("SC_CLK_TCK")
        own, children = (int(times[11]) + int(times[12])) / tick, (int(times[13]) + int(times[14])) / tick
        status = process.wait()
        errors.seek(0)
        text = errors.read()
    if status != 0:
        sys.exit(f"{' '.join(map(str, words))}: exit status {status}\n{text[-2000:]}")
    return wall, own, children, peak / 1000, text


def templates(results):
    """Recipes of the stages behind the base, in their order, of a run that was really made."""
    found = [path.read_text() for path in results.glob("stages/*/recipe.json")]
    parsed = {text: json.loads(text) for text in found}
    base = next(text for text, recipe in parsed.items() if recipe["stage"] == "pretraining" and recipe["train"]["steps"] > 0)
    chain, parent = [], hashlib.sha256(base.encode()).hexdigest()
    while task := next((text for text, recipe in parsed.items() if recipe["stage"] == "task" and recipe["parent"] == parent), None):
        parent = hashlib.sha256(task.encode()).hexdigest()
        chain += [task, next(text for text, recipe in parsed.items() if recipe["stage"] == "evaluation" and recipe["parent"] == parent)]
    return chain


def operations(strata, folder, environment):
    """Calls of the system on the results folder by one job: a training stage and its evaluation."""
    programs = fake_slurm.install(folder / "real", nodes=1000)
    environment = environment | {"PATH": f"{programs}:{os.environ['PATH']}", "FAKE_SLURM": str(programs)}
    subprocess.run([strata, "run", "sweep.yaml", "--results", "real-results", "--quiet"], cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
    subprocess.run([strata, "run", "sweep.yaml", "seed=1", "--executor", "slurm", "--results", "real-results", "--quiet", "--submit-only"], cwd=folder, env=environment, check=True)
    state = fake_slurm.load(programs)
    # The first task behind the base, whose jobs all wait for one another.
    array = next(array for array in state["arrays"].values() if not array["dependency"])
    script = array["script"].replace('exec "$program"', f"exec strace -f -y -e trace=%file,%desc -o '{folder}/trace' \"$program\"")
    job = environment | {"SLURM_ARRAY_TASK_ID": next(iter(array["tasks"])), "SLURM_CPUS_PER_TASK": "1"}
    subprocess.run(["sh"], input=script.encode(), cwd=folder, env=job, check=True)
    counts = collections.Counter()
    for line in (folder / "trace").read_text(errors="replace").splitlines():
        found = re.match(r"\d+\s+(\w+)\(", line)
        if found and f"{folder}/real-results/" in line:
            counts[found.group(1)] += 1
    return counts


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stages", type=int, default=10_000, help="stages of the played sweep")
    parser.add_argument("--nodes", type=int, default=500, help="jobs that run at once")
    parser.add_argument("--strata", default=ROOT / ".build/release/strata", type=pathlib.Path, help="the program")
    parser.add_argument("--keep", type=pathlib.Path, help="leave the files there")
    options = parser.parse_args()
    options.strata = options.strata.resolve()

    with tempfile.TemporaryDirectory(prefix="strata-sweep-") as temporary:
        folder = options.keep or pathlib.Path(temporary)
        folder.mkdir(exist_ok=True)
        folder = folder.resolve()
        (folder / "sweep.yaml").write_text(SWEEP)
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("STRATA_")}
        subprocess.run([options.strata, "run", "sweep.yaml", "--quiet"], cwd=folder, env=inherited, check=True, stdout=subprocess.DEVNULL)
        programs = fake_slurm.install(folder / "programs", nodes=options.nodes, pretend=True, templates=templates(folder / "results"))
        environment = inherited | {"PATH": f"{programs}:{os.environ['PATH']}", "FAKE_SLURM": str(programs)}
        # A tokenizer and two bases with an evaluation each, which are there already; then two tasks with an evaluation each a run.
        runs = max(2, (options.stages - 5) // 4)
        words = ["sweep.yaml", f"seed=range(0,{runs})"]
        rows = []
        for name, command in (
            ("sweep", ["run", *words, "--executor", "slurm", "slurm.max_jobs=2000"]), ("again", ["run", *words, "--executor", "slurm"]), ("status", ["status", *words]),
        ):
            *figures, errors = measured([options.strata, *command], folder, environment)
            rows.append((name, *figures))
            if name == "sweep":
                print(errors[errors.find("submitted"):].splitlines()[0], file=sys.stderr)
        state = fake_slurm.load(programs)
        jobs = sum(len(array["tasks"]) for array in state["arrays"].values())
        print(f"{4 * runs + 5} stages, {jobs} jobs in {len(state['arrays'])} arrays, at most {state['largest']} in the queue, {options.nodes} nodes")
        print(f"calls: {', '.join(f'{count} {program}' for program, count in state['calls'].items() if count)}\n")
        print(f"{'':8}{'wall, s':>10}{'own, s':>10}{'Slurm, s':>10}{'MB':>8}")
        for name, wall, own, children, memory in rows:
            print(f"{name:8}{wall:10.1f}{own:10.1f}{children:10.1f}{memory:8.0f}")
        counts = operations(options.strata, folder, inherited)
        print(f"\na job (training and evaluation): {sum(counts.values())} calls on the results folder: {', '.join(f'{count} {call}' for call, count in counts.most_common())}")
