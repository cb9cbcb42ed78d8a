#!/usr/bin/env python3
"""Stands in for OCEAN's ocean.pl in tests: it computes nothing, but plays a recorded run back.

It does so only if its input is physically that of the recorded run: cell, atoms, edges, photons and
every other keyword. How it then goes wrong is said by a file ``fault`` beside it.
"""

import json
import os
import re
import shutil
import signal
import sys
import time
from pathlib import Path

# How a run is computed in parallel, and whether edges are named by atom or element.
FREE = {"computer.para_prefix", "calc.edges"}


def read_keywords(path: Path) -> dict[str, list[str]]:
    """Keywords of an ``ocean.in`` and the words of their values; the cell in bohr."""
    pattern = re.compile(r"^\s*([a-z][\w.]*)\s+(?:\{([^}]*)\}|(\S+))", re.MULTILINE)
    words = {name: (many or one).split() for name, many, one in pattern.findall(path.read_text())}
    scale = float(words.pop("structure.rscale")[0])
    words["structure.rprim"] = [str(scale * float(word)) for word in words["structure.rprim"]]
    return words


def alike(words: list[str], others: list[str]) -> bool:
    """Whether words are the same, numbers to a relative 1e-6."""
    try:
        pairs = zip(map(float, words), map(float, others), strict=True)
        return all(abs(one - other) <= 1e-6 * max(1, abs(other)) for one, other in pairs)
    except ValueError:
        return words == others


def main(recorded: Path) -> None:
    """Copy the output of the recorded run to the working directory, or refuse."""
    words, others = read_keywords(Path(sys.argv[1])), read_keywords(recorded / "ocean.in")
    for name in sorted((set(words) | set(others)) - FREE):
        if not alike(words.get(name, []), others.get(name, [])):
            sys.exit(f"stand-in: {name} is {words.get(name)}, recorded is {others.get(name)}")
    edges = json.loads((recorded / "CNBSE" / "bse.json").read_text())["calc"]["edges"]
    if " ".join(words["calc.edges"]) != " ".join(edges):
        sys.exit(f"stand-in: edges are {words['calc.edges']}, recorded are {edges}")
    for photon in ("photon1", "photon2", "photon3"):
        if Path(photon).read_text().split() != (recorded / photon).read_text().split():
            sys.exit(f"stand-in: {photon} is not the recorded one")
    for name in words["psp.pp_list"]:
        if not Path(name).is_file():
            sys.exit(f"stand-in: {name} is missing")
    fault = Path(__file__).with_name("fault")
    fail(fault.read_text() if fault.is_file() else "", recorded)


def fail(fault: str, recorded: Path) -> None:
    """Leave what a run leaves that goes wrong in some way, or all of it."""
    if fault == "scf":
        Path("DFT").mkdir()
        line = "     convergence NOT achieved after 100 iterations: stopping\n"
        (Path("DFT") / "scf.out").write_text(line)
        sys.exit("DFT Stage Failed")
    if fault == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if fault == "rank killed":
        sys.exit("mpirun noticed that process rank 0 exited on signal 9 (Killed).\nBSE failed")
    if fault == "hang":
        Path(__file__).with_name("pid").write_text(str(os.getpid()))
        time.sleep(600)
    Path("CNBSE").mkdir()
    for path in (recorded / "CNBSE").iterdir():
        shutil.copyfile(path, Path("CNBSE") / path.name)
    if fault == "stale":
        path = Path("CNBSE") / "absspct_O_.0001_1s_02"
        path.write_text(path.read_text().replace("iter=  100", "iter=   40", 1))


if __name__ == "__main__":
    main(Path(Path(__file__).with_name("recorded").read_text()))
