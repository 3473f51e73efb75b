"""Medians and ratios of what was measured in rounds, and their Markdown."""

import statistics

OWN = "strata"


class Mode:
    """One program's results at one part, a list of processes a round: one process, or several that ran beside each other."""

    def __init__(self, name, precision="fp32"):
        self.name, self.precision = name, precision
        self.rounds = []
        self.failure = None

    @property
    def is_own(self):
        return self.name.startswith(OWN)

    def speeds(self):
        """Tokens a second of each round, those of processes beside each other added up."""
        return [sum(process["tokens_per_second"] for process in processes) for processes in self.rounds]

    def speed(self):
        return statistics.median(self.speeds())

    def median(self, key, together=statistics.mean):
        """Median over the rounds of a figure; None where a process did not know it."""
        values = [[process.get(key) for process in processes] for processes in self.rounds]
        if any(value is None for processes in values for value in processes):
            return None
        return statistics.median(together(processes) for processes in values)


def best(modes):
    """The mode with the highest median speed."""
    return max(modes, key=Mode.speed)


def ratio_of_medians(own, peers):
    """Own median speed over that of the fastest peer."""
    return own.speed() / best(peers).speed()


def ratios_of_rounds(own, peers):
    """Own speed over that of the peer that was fastest in the same round, round by round."""
    return [mine / max(theirs) for mine, *theirs in zip(own.speeds(), *(peer.speeds() for peer in peers))]


def peak(modes):
    """The most GFLOP/s that the units did in a round, as our processes saw it; of those beside each other, added up."""
    return max((sum(process["peak_gflops"] for process in processes) for mode in modes if mode.is_own for processes in mode.rounds), default=None)


def flop_per_token(modes):
    """One count for all: that of the model, not of what an implementation does."""
    for mode in modes:
        if mode.is_own and mode.rounds:
            return mode.rounds[0][0]["flop_per_token"]
    return None


def table(header, rows):
    """Markdown, the first column to the left and the others to the right."""
    lines = [header, ["---"] + ["---:"] * (len(header) - 1), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def shown(value, form):
    return "—" if value is None else format(value, form)


def part_table(modes):
    """A row a mode that ran; below it the peak, the ratios and what failed."""
    limit, operations = peak(modes), flop_per_token(modes)
    rows = []
    for mode in modes:
        if not mode.rounds:
            continue
        speeds = mode.speeds()
        rate = None if operations is None else mode.speed() * operations / 1e9
        memory, first = mode.median("peak_memory_bytes", sum), mode.median("first_step_ms", max)
        rows.append([
            mode.name, f"{mode.speed():,.0f}", f"{min(speeds):,.0f} … {max(speeds):,.0f}", f"{mode.median('step_ms'):.2f}", shown(rate, ".1f"),
            shown(None if rate is None or limit is None else 100 * rate / limit, ".1f"), shown(None if memory is None else memory / 1e6, ",.0f"),
            shown(mode.median("ready_seconds", max), ".2f"), shown(None if first is None else first / 1e3, ".2f"),
            f"{mode.median('loss_first'):.3f} → {mode.median('loss_last'):.3f}",
        ])
    header = ["mode", "tokens/s", "least … most", "step, ms", "GFLOP/s", "% of peak", "memory, MB", "ready, s", "first step, s", "loss"]
    notes = [ratio_note(modes, precision) for precision in dict.fromkeys(mode.precision for mode in modes)]
    notes += [f"{mode.name} failed: {mode.failure}" for mode in modes if mode.failure]
    if limit is not None:
        notes.insert(0, f"Peak of the multiply-add units in this part: {limit:.1f} GFLOP/s; {operations:,.0f} FLOP a token.")
    return table(header, rows) + "".join(f"\n\n{note}" for note in notes if note)


def ratio_note(modes, precision):
    own = [mode for mode in modes if mode.is_own and mode.precision == precision and mode.rounds]
    peers = [mode for mode in modes if not mode.is_own and mode.precision == precision and mode.rounds]
    if not own or not peers:
        return None
    ratios = ratios_of_rounds(own[0], peers)
    return (f"{own[0].name} against the best PyTorch mode ({best(peers).name}): **{ratio_of_medians(own[0], peers):.2f}**, "
            f"{min(ratios):.2f} … {max(ratios):.2f} over {len(ratios)} round{'s' if len(ratios) > 1 else ''}.")


def kernels_table(report):
    """The kernels of one call of `strata benchmark kernels --json`."""
    rows = [[
        case["kernel"], case["size"], case["unit"], f"{case['speed']:.1f}", f"{case['percent']:.0f}", shown(case["openblas"], ".1f"),
        shown(case["openblas_percent"], ".0f"), shown(case["ratio"], ".2f"),
    ] for case in report["cases"]]
    lines = [["kernel", "size", "unit", "speed", "%", "OpenBLAS", "%", "ratio"], ["---"] * 3 + ["---:"] * 5, *rows]
    text = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    return f"{text}\n\nPeak of the multiply-add units: {report['peak_gflops']:.1f} GFLOP/s."
