"""How a step grows with the size of the work, and how the threads of a machine are best shared out."""

import statistics

import comparison

# Each over a factor of 16, the others as in the shape d64.
GROWTH = {"blocks": ("--num-hidden-layers", [2, 8, 32]), "sequences a step": ("--batch", [4, 16, 64]), "tokens a sequence": ("--sequence", [32, 128, 512])}
SHAPES = ["d64", "d128", "d256", "d512"]


def growth(time, rounds):
    """`time(words)` gives the JSON of one process; sizes take turns."""
    sizes = [(name, option, size) for name, (option, sizes) in GROWTH.items() for size in sizes]
    found = {key: [] for key in sizes}
    for _ in range(rounds):
        for key in sizes:
            found[key].append(time(["--shape", "d64", key[1], key[2]]))
    rows = []
    for key in sizes:
        step = statistics.median(result["step_ms"] for result in found[key])
        rate = statistics.median(result["gflops"] for result in found[key])
        memory = statistics.median(result["peak_memory_bytes"] for result in found[key])
        rows.append([f"{key[0]}: {key[2]}", f"{step:.2f}", f"{step / key[2]:.3f}", f"{rate:.1f}", f"{memory / 1e6:,.0f}"])
    return comparison.table(["d 64 with", "step, ms", "ms for one", "GFLOP/s", "memory, MB"], rows)


def sharing(time, rounds, threads):
    """`time(words, processes)` gives the JSON of processes beside each other: all threads in one, or one in each of as many."""
    found = {(shape, count): [] for shape in SHAPES for count in (1, threads)}
    for _ in range(rounds):
        for shape, count in found:
            results = time(["--shape", shape, "--threads", threads // count], count)
            found[shape, count].append((sum(result["tokens_per_second"] for result in results), sum(result["peak_memory_bytes"] for result in results)))
    rows = []
    for shape in SHAPES:
        (one, own), (many, together) = ([statistics.median(values) for values in zip(*found[shape, count])] for count in (1, threads))
        ratios = [b[0] / a[0] for a, b in zip(found[shape, 1], found[shape, threads])]
        rows.append([
            shape, f"{one:,.0f}", f"{many:,.0f}", f"{many / one:.2f}", f"{min(ratios):.2f} … {max(ratios):.2f}", f"{own / 1e6:,.0f}", f"{together / 1e6:,.0f}",
        ])
    header = ["shape", f"1 process, {threads} threads: tokens/s", f"{threads} processes, 1 thread: tokens/s", "ratio", "over the rounds", "memory, MB", "memory, MB"]
    return comparison.table(header, rows)
