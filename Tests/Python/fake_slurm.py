"""Programs that stand in for Slurm's: sbatch, squeue, scancel and scontrol of a cluster whose clock ticks with every call of squeue.

    folder = install(path, nodes=100)       # puts them there; FAKE_SLURM=path and path first in PATH make them be found

At a tick, running jobs end and waiting ones begin, as many as there are nodes. A job is really run, by its script, or pretended: then
its stages' folders are filled with made-up results. `state.json` holds everything; what it has under "plans" makes jobs end otherwise.
"""

import contextlib
import hashlib
import json
import math
import os
import pathlib
import re
import subprocess
import sys
import time
import zlib

PROGRAMS = ["sbatch", "squeue", "scancel", "scontrol"]


def install(folder, nodes=100, pretend=False, maximum_array_size=1001, submit_limit=None, plans=(), templates=()):
    """Puts the programs into a folder.

    `plans`: pairs of a job's number from 0 in the order of their beginnings and how it ends: "TIMEOUT" runs nothing, "OUT_OF_MEMORY" as well;
    "TERM" sends its script SIGTERM after a second, as Slurm does before a time limit.
    `templates`: recipes, canonical and in their order, of the stages of a run with seed 0 behind the base; from them follow those of other
    seeds. Without them pretended stages are marked as done and hold nothing that can be read.
    """
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True)
    for name in PROGRAMS:
        program = folder / name
        program.write_text(f"#!/bin/sh\nexec '{sys.executable}' '{pathlib.Path(__file__).resolve()}' {name} \"$@\"\n")
        program.chmod(0o755)
    save(folder, {"nodes": nodes, "pretend": pretend, "maximum_array_size": maximum_array_size, "submit_limit": submit_limit, "plans": dict(plans), "templates": list(templates), "silent": 0,
                  "begun": 0, "calls": dict.fromkeys(PROGRAMS, 0), "arrays": {}, "largest": 0})
    return folder


def load(folder):
    return json.loads((pathlib.Path(folder) / "state.json").read_text())


def save(folder, state):
    partial = pathlib.Path(folder) / "state.partial"
    partial.write_text(json.dumps(state))
    partial.rename(pathlib.Path(folder) / "state.json")


def indices(text):
    found = []
    for part in text.partition("%")[0].split(","):
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found


def compact(numbers):
    """0-3,7 of [0, 1, 2, 3, 7]."""
    ranges = []
    for number in numbers:
        if ranges and ranges[-1][1] + 1 == number:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in ranges)


ENDED = {"COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "PREEMPTED", "OUT_OF_MEMORY"}


def active(state):
    return sum(task["state"] not in ENDED for array in state["arrays"].values() for task in array["tasks"].values())


def sbatch(state, words, script):
    options = dict(word[2:].split("=", 1) if "=" in word else (word[2:], None) for word in words)
    tasks = indices(options["array"])
    if max(tasks) >= state["maximum_array_size"]:
        sys.exit("sbatch: error: Batch job submission failed: Invalid job array specification")
    if state["submit_limit"] is not None and active(state) + len(tasks) > state["submit_limit"]:
        sys.exit("sbatch: error: QOSMaxSubmitJobPerUserLimit\nsbatch: error: Batch job submission failed: Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)")
    number = len(state["arrays"]) + 1
    state["arrays"][str(number)] = {
        "name": options["job-name"], "script": script, "options": options, "dependency": options.get("dependency"),
        "tasks": {str(index): {"state": "PENDING", "reason": "None"} for index in tasks}}
    state["largest"] = max(state["largest"], active(state))
    print(number)


def dependency(state, array, index):
    """Whether a task may begin: True, False for never, None for not yet."""
    if not array["dependency"]:
        return True
    kind, _, target = array["dependency"].partition(":")
    number, _, task = target.partition("_")
    parent = state["arrays"][number]["tasks"].get(task if kind == "afterok" else index)
    return True if parent is None or parent["state"] == "COMPLETED" else False if parent["state"] in ENDED else None


def record(value):
    text = json.dumps(value, separators=(",", ":"), sort_keys=True)
    return f"{zlib.crc32(text.encode()):08x} {text}\n"


def recipes(templates, seed):
    """Recipes by their keys."""
    texts = {}
    keys = {}
    for template in templates:
        text = re.sub(r'"seed":0,"stage"', f'"seed":{seed},"stage"', template)
        for old, new in keys.items():
            text = text.replace(old, new)
        key = hashlib.sha256(text.encode()).hexdigest()
        keys[hashlib.sha256(template.encode()).hexdigest()] = key
        texts[key] = text
    return texts


def pretend(script, index, templates):
    """Fills the folders of the task's stages."""
    orders = re.search(r"^orders='(.*)'$", script, re.M).group(1)
    results = re.search(r"--results '([^']*)'", script).group(1)
    with open(orders, "rb") as file:
        file.seek(89 * index)
        offset, length, _ = file.read(89).split()
        file.seek(int(offset))
        order = json.loads(file.read(int(length)))
    settings = order["settings"]
    base = settings["base"]["data"]
    domains = dict.fromkeys(([base] if isinstance(base, str) else base) + settings["stream"])
    known = recipes(templates, settings["seed"])
    for place, key in enumerate(order["stages"]):
        folder = pathlib.Path(results) / "stages" / key
        if (folder / "done").exists():
            continue
        folder.mkdir(parents=True, exist_ok=True)
        if place == 0:
            journal = record({"added": 0, "base": 1000, "record": "parameters", "trained": 1000})
            journal += record({"gradient_norm": 1.0, "learning_rate": 0.01, "loss": 2.5, "record": "curve", "seconds": 0.5, "step": settings["train"]["steps"], "tokens": 100})
        else:
            values = [{"accuracy": 0.5, "bits_per_byte": 2.0, "loss": 1.0 + math.sin(len(name) + settings["seed"])} for name in domains]
            journal = record({"domains": values, "record": "evaluation", "step": 0})
        (folder / "journal").write_text(journal)
        (folder / "recipe.json").write_text(known[key] if templates else "{}")
        # The key is the hash of the recipe.
        done = {"files": {"journal": hashlib.sha256(journal.encode()).hexdigest(), "recipe.json": key}, "seconds": 0.5, "threads": 1}
        (folder / "done").write_text(json.dumps(done, separators=(",", ":"), sort_keys=True))


def begin(state, number, array, index):
    """Runs a task to its end, which shows at the next tick."""
    plan = state["plans"].get(str(state["begun"]))
    state["begun"] += 1
    if plan not in (None, "TERM"):
        return plan
    if state["pretend"]:
        pretend(array["script"], int(index), state["templates"])
        return "COMPLETED"
    output = array["options"]["output"].replace("%A", number).replace("%a", index)
    environment = os.environ | {"SLURM_ARRAY_JOB_ID": number, "SLURM_ARRAY_TASK_ID": index, "SLURM_CPUS_PER_TASK": "1"}
    with open(output, "ab") as log:
        process = subprocess.Popen(["sh"], stdin=subprocess.PIPE, stdout=log, stderr=log, env=environment, cwd=array["options"]["chdir"])
        process.stdin.write(array["script"].encode())
        process.stdin.close()
        if plan == "TERM":
            time.sleep(1)
            process.terminate()
        status = process.wait()
    return "COMPLETED" if status == 0 else "FAILED"


def squeue(state):
    if state["silent"] > 0:
        state["silent"] -= 1
        sys.exit("slurm_load_jobs error: Unable to contact slurm controller (connect failure)")
    running = 0
    for array in state["arrays"].values():
        for task in array["tasks"].values():
            if task["state"] == "RUNNING":
                task["state"] = task.pop("end")
    for number, array in state["arrays"].items():
        for index, task in array["tasks"].items():
            if task["state"] != "PENDING" or running >= state["nodes"]:
                continue
            may_begin = dependency(state, array, index)
            if may_begin:
                task["state"], running = "RUNNING", running + 1
                task["end"] = begin(state, number, array, index)
            elif may_begin is False:
                task["state"], task["reason"] = "CANCELLED", "DependencyNeverSatisfied"
            else:
                task["reason"] = "Dependency"
    for number, array in state["arrays"].items():
        alike = {}
        for index, task in array["tasks"].items():
            if task["state"] == "PENDING":
                alike.setdefault(task["reason"], []).append(int(index))
            else:
                print(f"{number}_{index}|{task['state']}|{task['reason']}|{array['name']}")
        for reason, waiting in alike.items():
            print(f"{number}_[{compact(waiting)}]|PENDING|{reason}|{array['name']}")


def scancel(state, numbers):
    for number in numbers:
        for task in state["arrays"][number]["tasks"].values():
            if task["state"] not in ENDED:
                task["state"] = "CANCELLED"


if __name__ == "__main__":
    folder, (program, *words) = os.environ["FAKE_SLURM"], sys.argv[1:]
    state = load(folder)
    state["calls"][program] += 1
    with contextlib.ExitStack() as stack:
        # Also when a call fails.
        stack.callback(lambda: save(folder, state))
        if program == "sbatch":
            sbatch(state, words, sys.stdin.read())
        elif program == "squeue":
            squeue(state)
        elif program == "scancel":
            scancel(state, words)
        else:
            print(f"MaxArraySize            = {state['maximum_array_size']}")
