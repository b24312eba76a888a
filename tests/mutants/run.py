"""Apply every declared fault in every framework, and count what the regression check finds.

    python tests/mutants/run.py [--framework jax] [--only 'learning rate*'] [--check ours]

First the notebooks are checked as they are: without that, the counts would mean nothing. Beside
it runs plain nbval on the same mutants. The status is 1 if an unchanged notebook failed, or
less than 95 % of the faults were found in some framework.
"""

import argparse
import contextlib
import fnmatch
import functools
import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

try:
    import checks
    import copies
    import forked_kernels
    from all_faults import FAULTS, FRAMEWORKS, MISSES, PAGES, Fault
    from processes import forked
except ModuleNotFoundError as error:
    sys.exit(f"This needs {error.name}. Run: pip install -r requirements.txt -c constraints.txt")

ENOUGH = 0.95
KINDS = ("ours", "plain")


def mutant(folder: Path, fault: Fault, framework: str, page: str, records: Path) -> dict:
    """Write one mutant of one page, and return the environment that its kernel needs.

    Raises:
        copies.DoesNotApply: the page or the package is not what the fault was declared for.
    """
    record = None
    if fault.variant:
        record = records / framework / f"{page}.ipynb"
        if not record.exists():
            copies.execute(records, page, framework, fault.variant)
    edits = page_edits(fault, framework)
    path = copies.write_page(
        folder / "chapters", page, framework, edits, trim=not fault.whole, record=record
    )
    if fault.kind == "package":
        return {"PYTHONPATH": str(copies.package_copy(folder, fault.edits[framework]))}
    if fault.kind == "stored":
        notebook = json.loads(path.read_text(encoding="utf-8"))
        fault.act(notebook)
        path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False), encoding="utf-8")
    elif fault.kind == "file":
        fault.act(path)
    elif fault.kind == "environment":
        return fault.act(folder)
    return {}


def page_edits(fault: Fault, framework: str) -> list[tuple[str, str]]:
    """What a fault changes in the code cells of its page."""
    edits = [(old, new) for file, old, new in fault.edits.get(framework, ()) if not file]
    return [*fault.variant, *edits]


def apply(fault: Fault, framework: str) -> None:
    """Apply a fault to texts in memory only.

    Raises:
        copies.DoesNotApply: the page or the package is not what the fault was declared for.
    """
    if fault.kind == "package":
        copies.patched(fault.edits[framework])
    if fault.kind == "cell":
        copies.edited(fault.pages[0], framework, page_edits(fault, framework), not fault.whole)


def try_fault(work: Path, fault: Fault, framework: str, plain: bool = False) -> checks.Verdict:
    """Check a fault's mutants page by page, until one fails."""
    for page in fault.pages:
        folder = work / "mutant"
        shutil.rmtree(folder, ignore_errors=True)
        environment = mutant(folder, fault, framework, page, work / "variants" / page)
        # What is only stored may be wrong; what comes is what came when nothing was.
        kept = work / "outputs" if fault.kind == "stored" and not plain else None
        check = functools.partial(checks.check, plain=plain, environment=environment, kept=kept)
        # Of what a new Python finds at its start, a fork of an old one sees nothing.
        cold = fault.kind == "environment"
        with forked_kernels.cold() if cold else contextlib.nullcontext():
            verdict = check(folder / "chapters", framework, timeout=fault.timeout)
        if fault.told and not verdict.failed and fault.told in verdict.log:
            verdict = replace(verdict, failed=True, by="told", where=fault.told)
        if verdict.failed:
            break
    return verdict


def unchanged(work: Path, framework: str, pages: Sequence[str], plain: bool) -> checks.Verdict:
    """Check the trimmed notebooks of a framework as they are, to the last cell."""
    folder = work / "unchanged"
    shutil.rmtree(folder, ignore_errors=True)
    copies.write_pages(folder / "chapters", pages, framework)
    kept = None if plain else work / "outputs"
    return checks.check(folder / "chapters", framework, plain=plain, first_only=False, kept=kept)


def run_framework(framework: str, faults: list[Fault], kinds: Sequence[str]) -> list[dict]:
    """Try the faults in one framework and return every verdict, the unchanged notebooks' first."""
    forked_kernels.import_framework(framework, checks.BOOK.kernel_environment(framework))
    work = copies.workplace()
    pages = [page for page in PAGES if any(page in fault.pages for fault in faults)]
    results = []
    for kind in kinds:
        plain = kind == "plain"
        name = "plain nbval" if plain else "our check"
        told = {"framework": framework, "plain": plain}

        def note(fault: str, verdict: checks.Verdict, told=told) -> None:
            verdict = asdict(verdict) | {"log": "", "facts": []}
            results.append(told | {"fault": fault} | verdict)

        verdict = unchanged(work, framework, pages, plain)
        note("", verdict)
        print(f"{framework}, {name}, unchanged: {verdict.cells} cells fail", flush=True)
        if verdict.failed and not plain:
            print(verdict.log)
            break
        for number, fault in enumerate(faults, start=1):
            verdict = try_fault(work, fault, framework, plain)
            note(fault.name, verdict)
            what = f"{verdict.by}: {verdict.where.splitlines()[0]}" if verdict.failed else "MISSED"
            counted = f"{framework}, {name}, {number}/{len(faults)}"
            print(f"{counted}: {fault.name}: {what} ({verdict.seconds} s)", flush=True)
    shutil.rmtree(work)
    return results


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--framework", action="append", type=checks.BOOK.framework_id, choices=FRAMEWORKS
    )
    parser.add_argument(
        "--only", action="append", default=[], help="a fault's name, or a pattern: 'lr *'"
    )
    parser.add_argument("--check", action="append", choices=KINDS, help="default: both")
    parser.add_argument("--whole", action="store_true", help="also faults that need ten epochs")
    parser.add_argument("--json", type=Path, help="where to keep every verdict")
    options = parser.parse_args(arguments)
    patterns = options.only or ["*"]
    for pattern in patterns:
        if not fnmatch.filter((fault.name for fault in FAULTS), pattern):
            parser.error(
                f"--only {pattern!r} matches no fault; tests/mutants/faults/ declares them"
            )
    chosen = [f for f in FAULTS if any(fnmatch.fnmatchcase(f.name, p) for p in patterns)]
    reason = checks.cannot_run(options.framework or FRAMEWORKS, options.json)
    if reason:
        print(f"The mutants cannot be tried here. {reason}", file=sys.stderr)
        return 2
    for fault in chosen:
        for framework in fault.frameworks:
            apply(fault, framework)  # rather now than after an hour
    results = []
    for framework in options.framework or FRAMEWORKS:
        faults = [f for f in chosen if framework in f.frameworks and (options.whole or not f.whole)]
        # A fork for each, since each has another framework imported.
        results += forked(
            lambda f=framework, faults=faults: run_framework(f, faults, options.check or KINDS),
            patience=24 * 3600,
        )
        if options.json:
            options.json.write_text(json.dumps(results, indent=1))
    print("\nFound by our check / by plain nbval / declared; unchanged cells that fail:")
    enough = [summary(results, framework) for framework in options.framework or FRAMEWORKS]
    left_out = [f.name for f in chosen if f.whole]
    if left_out and not options.whole:
        print("Seen only where ten epochs are trained, tried with --whole:", "; ".join(left_out))
    return int(not all(enough))


def summary(results: list[dict], framework: str) -> bool:
    """Print a framework's counts and misses; whether enough was found."""
    ours, theirs = (
        [r for r in results if r["framework"] == framework and r["plain"] == plain]
        for plain in (False, True)
    )
    found = [r for r in ours if r["fault"] and r["failed"]]
    missed = [r["fault"] for r in ours if r["fault"] and not r["failed"]]
    by = {k: sum(r["by"] == k for r in found) for k in ("preflight", "comparison", "error", "told")}
    plain = sum(r["failed"] for r in theirs if r["fault"]) if theirs else "not tried"
    alarms = [sum(r["cells"] for r in some if not r["fault"]) for some in (ours, theirs)]
    print(f"{framework}: {len(found)} / {plain} / {len(found) + len(missed)}, {by};", *alarms)
    for name in missed:
        print(f"  missed: {name} ({MISSES.get(name, 'not known before')})")
    sound = not any(r["failed"] for r in ours if not r["fault"])
    return sound and len(found) >= ENOUGH * (len(found) + len(missed))


if __name__ == "__main__":
    sys.exit(main())
