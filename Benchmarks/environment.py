"""What a report says of the machine and the programs, found out without changing either."""

import datetime
import json
import os
import pathlib
import platform
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
KERNEL_TARGETS = {"avx512bf16": "KernelsAVX512BF16", "avx512": "KernelsAVX512", "avx2": "KernelsAVX2", "portable": "KernelsPortable"}


def output(*command, timeout=120):
    """What a command prints, or None when it is missing or fails."""
    try:
        result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return result.stdout.strip() if result.returncode == 0 else None


def first_line(text):
    return text.splitlines()[0].strip() if text else None


def processor_count():
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def processor_name():
    try:
        with open("/proc/cpuinfo") as file:
            return next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return output("sysctl", "-n", "machdep.cpu.brand_string") or platform.processor() or "unknown"


def processor_details():
    """Family and model tell processors apart that bear one name."""
    try:
        with open("/proc/cpuinfo") as file:
            facts = dict(tuple(part.strip() for part in line.split(":", 1)) for line in file.read().split("\n\n")[0].splitlines() if ":" in line)
        return f" (family {facts['cpu family']}, model {facts['model']}, cache {facts['cache size']})"
    except (OSError, KeyError):
        return ""


def memory():
    try:
        return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 1e9:.1f} GB"
    except (OSError, ValueError):
        return "unknown"


def compiler():
    """The C++ compiler that PyTorch's compiled mode needs: (command, first line of its version), or None."""
    for name in [os.environ.get("CXX"), "g++", "clang++", "c++"]:
        if name and shutil.which(name):
            return name, first_line(output(name, "--version")) or name
    return None


def kernel_flags(instruction_set):
    """The flags that the kernels of an instruction set are compiled with, as the package says itself."""
    text = output("swift", "package", "dump-package")
    if text is None:
        return None
    for target in json.loads(text)["targets"]:
        if target["name"] == KERNEL_TARGETS.get(instruction_set):
            flags = []
            for setting in target["settings"]:
                for kind, values in setting["kind"].items():
                    words = values.get("_0", []) if isinstance(values, dict) else []
                    flags += [f"-D{words}"] if kind == "define" else words if kind == "unsafeFlags" else []
            return " ".join(flags)
    return None


def revision():
    commit = output("git", "rev-parse", "--short", "HEAD")
    if commit is None:
        return "unknown"
    return commit + (", with changes" if output("git", "status", "--porcelain", "--untracked-files=no") else "")


def load():
    return f"{os.getloadavg()[0]:.2f}"


def facts(threads, rounds, instruction_set, versions, load_before):
    """Names and values for the head of a report, in order."""
    found = compiler()
    now = datetime.datetime.now(datetime.timezone.utc)
    return {
        "date": now.strftime("%Y-%m-%d %H:%M UTC"),
        "processor": processor_name() + processor_details(),
        "processors": str(processor_count()),
        "threads": str(threads),
        "instruction set of strata": instruction_set or "unknown",
        "memory": memory(),
        "system": f"{platform.system()} {platform.release()}",
        "load before the first process": load_before,
        "rounds": str(rounds),
        "revision": revision(),
        "Swift": first_line(output("swift", "--version")) or "unknown",
        "build": f"swift build -c release; kernels {kernel_flags(instruction_set) or 'with unknown flags'}",
        "C++ compiler (compiled mode)": found[1] if found else "missing",
        **versions,
    }
