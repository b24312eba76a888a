"""Check unchanged notebooks where rounding is another, and see that no alarm is raised.

    python tests/false_alarms.py [--framework jax] [--repeats 5] [--whole] [--json FILE]

Another processor adds up in another order. Its instruction sets can be imitated on one machine by
environment variables; so can threads. Every check should pass, and well within the tolerances: the
table tells how much of one was used, and where. Beside it runs plain nbval, once a setting.
The notebooks come in another order in each repeat. Without ``--whole``, they are trimmed as for the
mutants.
"""

import argparse
import functools
import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "mutants"))
try:
    import checks
    import copies
    import forked_kernels
    from processes import forked

    from tabbook.pages import source
except ModuleNotFoundError as error:
    sys.exit(f"This needs {error.name}. Run: pip install -r requirements.txt -c constraints.txt")

PAGES = [page.name for page in source.pages(copies.CHAPTERS)]
XLA = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1 --xla_cpu_max_isa="
TWO = {
    name: "2"
    for name in (
        "OMP_NUM_THREADS",
        "MKL_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "TF_NUM_INTRAOP_THREADS",
        "TF_NUM_INTEROP_THREADS",
    )
} | {"XLA_FLAGS": "", "OMP_WAIT_POLICY": "PASSIVE"}  # passive: else they idle at full speed
#: framework -> setting -> what it changes in the environment of the record
SETTINGS: dict[str, dict[str, dict[str, str]]] = {
    "pytorch": {
        "as recorded": {},
        "AVX-512": {"ATEN_CPU_CAPABILITY": "avx512", "ONEDNN_MAX_CPU_ISA": "AVX512_CORE"},
        "AVX2": {
            "ATEN_CPU_CAPABILITY": "avx2",
            "ONEDNN_MAX_CPU_ISA": "AVX2",
            "MKL_ENABLE_INSTRUCTIONS": "AVX2",
        },
        "no vectors": {
            "ATEN_CPU_CAPABILITY": "default",
            "ONEDNN_MAX_CPU_ISA": "SSE41",
            "MKL_ENABLE_INSTRUCTIONS": "SSE4_2",
        },
        "two threads": TWO,
    },
    "tensorflow": {
        "as recorded": {},
        "oneDNN on": {"TF_ENABLE_ONEDNN_OPTS": "1"},
        "oneDNN on, AVX2": {"TF_ENABLE_ONEDNN_OPTS": "1", "ONEDNN_MAX_CPU_ISA": "AVX2"},
        "two threads": TWO,
    },
    "jax": {
        "as recorded": {},
        "AVX2": {"XLA_FLAGS": f"{XLA}AVX2"},
        "SSE4.2": {"XLA_FLAGS": f"{XLA}SSE4_2"},
        "two threads": TWO,
    },
    "mxnet": {
        "as recorded": {},
        "AVX2": {"ONEDNN_MAX_CPU_ISA": "AVX2", "DNNL_MAX_CPU_ISA": "AVX2"},
        "SSE4.1": {"ONEDNN_MAX_CPU_ISA": "SSE41", "DNNL_MAX_CPU_ISA": "SSE41"},
        "OpenBLAS for Haswell": {"OPENBLAS_CORETYPE": "Haswell"},
        "two threads": TWO,
    },
}


def try_setting(
    framework: str, setting: str, pages: Sequence[str], repeats: int, whole: bool, plain: bool
) -> dict:
    """Check a framework's notebooks, ``repeats`` times, and once with plain nbval."""
    environment = SETTINGS[framework][setting]
    forked_kernels.import_framework(
        framework, checks.BOOK.kernel_environment(framework) | environment
    )
    work = copies.workplace()
    copies.write_pages(work, pages, framework, trim=not whole)
    check = functools.partial(
        checks.check, work, framework, environment=environment, first_only=False
    )
    runs = []
    for repeat in range(repeats):
        verdict = check(shuffled=repeat)
        runs.append(
            {
                "failed_cells": verdict.cells,
                "where": verdict.where,
                "seconds": verdict.seconds,
                "used": used(verdict.facts),
                "deviations": [value for name, value in verdict.facts if name == "deviation"],
            }
        )
    theirs = None
    if plain:
        theirs = checks.check(
            work, framework, environment=environment, first_only=False, plain=True
        )
    shutil.rmtree(work)
    return {
        "framework": framework,
        "setting": setting,
        "plain_failed_cells": theirs.cells if theirs else "not tried",
        "runs": runs,
    }


def used(facts: list) -> list[tuple[float, str]]:
    """The shares of tolerances that were used, and where, the largest first."""
    shares, pairs = 0.0, []
    for name, value in facts:
        if name == "worst_use_of_tolerance":
            shares = value
        elif name == "worst_at":
            pairs.append((shares, value))
    return sorted(pairs, reverse=True)


def row(result: dict) -> str:
    """A line of the table."""
    runs = result["runs"]
    share, where = max((use for run in runs for use in run["used"][:1]), default=(0, ""))
    where = where.partition("/")[2].replace("application/vnd.d2lcompat.series+json", "figure")
    cells = (
        f"{result['framework']} | {result['setting']}",
        f"{sum(not run['failed_cells'] for run in runs)} of {len(runs)} pass",
        f"{share:.0%}" + (f" ({where})" if where else ""),
        f"{result['plain_failed_cells']}",
    )
    return f"| {' | '.join(cells)} |"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--framework", action="append", type=checks.BOOK.framework_id, choices=SETTINGS
    )
    parser.add_argument("--setting", action="append", help="one of the settings' names")
    parser.add_argument("--page", action="append", choices=PAGES)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--whole", action="store_true", help="with the cells that train ten epochs")
    parser.add_argument("--no-plain", action="store_true", help="without plain nbval")
    parser.add_argument("--json", type=Path, help="where to keep every verdict and deviation")
    options = parser.parse_args(arguments)
    if options.repeats < 1:
        parser.error(f"--repeats expected a positive integer; received {options.repeats}")
    frameworks = options.framework or list(SETTINGS)
    known = [setting for framework in frameworks for setting in SETTINGS[framework]]
    for setting in options.setting or ():
        if setting not in known:
            names = ", ".join(dict.fromkeys(known))
            parser.error(f"unknown setting {setting!r}; expected one of: {names}")
    reason = checks.cannot_run(frameworks, options.json)
    if reason:
        print(f"False alarms cannot be looked for here. {reason}", file=sys.stderr)
        return 2
    print("| framework | setting | verdict | most of a tolerance used | nbval's false alarms |")
    print("|---|---|---|---|---|")
    results = []
    for framework in frameworks:
        for setting in SETTINGS[framework]:
            if options.setting and setting not in options.setting:
                continue
            result = forked(
                lambda f=framework, s=setting: try_setting(
                    f,
                    s,
                    options.page or PAGES,
                    options.repeats,
                    options.whole,
                    not options.no_plain,
                ),
                patience=24 * 3600,
            )
            results.append(result)
            print(row(result), flush=True)
            if options.json:
                options.json.write_text(json.dumps(results, indent=1))
    alarms = [
        f"{result['framework']}, {result['setting']}: {run['where']}"
        for result in results
        for run in result["runs"]
        if run["failed_cells"]
    ]
    print("No false alarm." if not alarms else "False alarms:\n" + "\n".join(alarms))
    return int(bool(alarms))


if __name__ == "__main__":
    sys.exit(main())
