"""Opens every group of a published file as a researcher would: xarray, both engines, warnings as errors.

usage: open_with_xarray.py FILE.h5      exit status 0: all groups open and are as documented; 1: a message says what is not

Needs xarray, pandas, h5netcdf with h5py, and netCDF4.
"""
import sys
import warnings

warnings.simplefilter("error")
with warnings.catch_warnings():
    # What these packages say while they load is not about the file.
    warnings.simplefilter("ignore")
    import h5py
    import h5netcdf  # noqa: F401
    import netCDF4  # noqa: F401
    import numpy as np
    import xarray as xr

ENGINES = ("h5netcdf", "netcdf4")
SCORES = {
    "loss": ("run", "trained", "evaluated"),
    "bits_per_byte": ("run", "trained", "evaluated"),
    "score": ("run", "trained", "evaluated"),
    "loss_random": ("run", "evaluated"),
    "score_random": ("run", "evaluated"),
    "flops": ("run", "trained"),
    "seconds": ("run", "trained"),
}
SCORES_TEXT = {"task": ("run", "trained"), "stage": ("run", "trained"), "metric": ("run", "evaluated")}
STAGES = {name: ("stage",) for name in ("kind", "title", "parent", "state", "seconds", "threads", "flops", "memory")}
TUNING = {"metric": ("arm", "value"), "state": ("arm", "value"), "stage": ("arm", "value"), "chosen": ("arm",)}
DRIFT = {name: ("run", "trained", "layer") for name in ("weights", "alignment", "rank")} | {name: ("run", "trained") for name in ("divergence", "cross_entropy")}
RUN = {
    "loss": ("step",),
    "learning_rate": ("step",),
    "gradient_norm": ("step",),
    "tokens_seen": ("step",),
    "seconds": ("step",),
    "evaluation_loss": ("evaluation", "evaluated"),
}


def group_paths(path):
    paths = ["/"]
    with h5py.File(path) as file:
        file.visititems(lambda name, item: paths.append("/" + name) if isinstance(item, h5py.Group) else None)
    return paths


def check(condition, message):
    if not condition:
        raise AssertionError(message)


def check_dimensions(dataset, expected):
    for name, dims in expected.items():
        check(name in dataset, f"no variable '{name}'")
        check(dataset[name].dims == dims, f"'{name}' has the dimensions {dataset[name].dims}, expected {dims}")


def check_group(dataset, group):
    for name, variable in dataset.variables.items():
        for dim in variable.dims:
            check(dim in dataset.coords, f"the dimension '{dim}' of '{name}' has no coordinates")
        check(len(set(variable.dims)) == len(variable.dims), f"'{name}' has a dimension twice: {variable.dims}")
        check(variable.dtype.kind in "ifOUT", f"'{name}' has the type {variable.dtype}, expected a number or text")
    if group == "/":
        for name in ("schema_version", "experiment", "strata_version", "numerics_version", "host", "instruction_set", "created"):
            check(name in dataset.attrs, f"no attribute '{name}'")
        check(dataset.attrs.get("complete") == 1, "the attribute 'complete' is not 1")
    elif group == "/summary":
        check(dataset.sizes.keys() == {"run"}, f"found the dimensions {list(dataset.sizes)}, expected 'run' alone")
        frame = dataset.to_dataframe()
        check(len(frame) == dataset.sizes["run"], f"the data frame has {len(frame)} rows for {dataset.sizes['run']} runs")
        for name, variable in dataset.variables.items():
            role = variable.attrs.get("role")
            check((role in ("axis", "label", "setting")) == (name in dataset.coords and name != "run"), f"'{name}' is a coordinate or is not, against its role")
    elif group == "/scores":
        check_dimensions(dataset, SCORES | SCORES_TEXT)
        check(np.issubdtype(dataset["seconds"].dtype, np.floating), "'seconds' was read as a time, not as a number")
        check(list(dataset["trained"].values) == list(range(dataset.sizes["trained"])), "'trained' does not count from 0")
    elif group == "/drift":
        check_dimensions(dataset, DRIFT)
        check(list(dataset["layer"].values) == list(range(dataset.sizes["layer"])), "'layer' does not count from 0")
    elif group == "/stages":
        check_dimensions(dataset, STAGES)
    elif group == "/tuning":
        check_dimensions(dataset, TUNING)
        for name in ("key", "column", "seed"):
            check(name in dataset.attrs, f"no attribute '{name}'")
    elif group.startswith("/runs/"):
        check_dimensions(dataset, RUN)
        for name in ("configuration", "data", "strategy"):
            check(name in dataset.attrs, f"no attribute '{name}'")
        check(np.issubdtype(dataset["seconds"].dtype, np.floating), "'seconds' was read as a time, not as a number")


def check_tree(path, groups):
    """All groups at once, as a tree."""
    for engine in ENGINES:
        with xr.open_datatree(path, engine=engine) as tree:
            found = {node.path for node in tree.subtree}
            check(found == set(groups), f"open_datatree finds other groups with {engine}: {sorted(found ^ set(groups))}")
            check(tree["summary"].to_dataset().sizes.keys() == {"run"}, "the tree's summary has another dimension")


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 1
    path = sys.argv[1]
    try:
        groups = group_paths(path)
        check({"/summary", "/scores", "/runs", "/stages"} <= set(groups), f"found the groups {groups}")
    except Exception as error:
        print(f"{path}: {type(error).__name__}: {error}", file=sys.stderr)
        return 1
    failures = 0
    for group in groups:
        found = []
        for engine in ENGINES:
            try:
                with xr.open_dataset(path, group=group, engine=engine) as dataset:
                    check_group(dataset, group)
                    found.append(dataset.load())
            except Exception as error:
                print(f"{path}: group {group}, engine {engine}: {type(error).__name__}: {error}", file=sys.stderr)
                failures += 1
        if len(found) == 2 and not found[0].equals(found[1]):
            print(f"{path}: group {group}: the two engines read different values", file=sys.stderr)
            failures += 1
    if not failures:
        try:
            check_tree(path, groups)
        except Exception as error:
            print(f"{path}: open_datatree: {type(error).__name__}: {error}", file=sys.stderr)
            failures += 1
    if not failures:
        print(f"{path}: {len(groups)} groups open with {' and '.join(ENGINES)}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
