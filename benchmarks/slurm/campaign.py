"""Prove that a campaign survives a cluster: a real Slurm on this machine, three kills, one dataset.

Installs Debian's ``slurm-wlm`` and ``munge`` (as root, with apt), starts their daemons in a scratch
folder (two nodes of one core, both this machine), computes O K-edges of rattled MgO with FEFF10
once with local processes, once through Parsl's SlurmProvider in two jobs, where it

- kills a worker process while it computes,
- cancels a job with ``scancel`` while it computes, and waits until Parsl has another,
- kills the process that submitted, and waits until Slurm has none of its jobs any more,

goes on with ``--resume`` in one job of two nodes, and compares: the two datasets must be equal to
the bit, and no task may have run twice but those that were running when something was killed.

Run it with::

    python benchmarks/slurm/campaign.py [-o FOLDER] [--frames N]

It needs some ten minutes, and says what it skipped where there is no apt or where it is not root.
Its daemons end with it. ``results.json`` holds what it measured: with Slurm 22.05 on two busy cores
(load 9) and ``--frames 10`` two runs gave

    sites                                    40          40
    local, s                                134         323
    killed a worker at sites                  2           1
    cancelled a job at sites                  6           6
    another job after, s                     35          13
    killed the submitting process at sites   14          11
    its jobs ended after, s                  23          21
    slurm with kills, s                     298         267
    tasks needed                             50          50
    tasks begun                              62          57
    equal to the bit                       True        True

Of the tasks begun beyond those needed up to four were running when something was killed; the others
are preparations that were there and return at once.
"""

import argparse
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from ase.build import bulk

from nearedge.datasets import load_dataset
from nearedge.structures import Snapshot, write_snapshots

SITES = 4
"""Of a frame."""
PACKAGES = {"slurmctld": "slurm-wlm", "slurmd": "slurm-wlm", "munged": "munge"}
CONFIGURATION = """\
ClusterName=bench
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort=16817
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
KillWait=5
SlurmdSpoolDir={folder}/%n
StateSaveLocation={folder}/state
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/%n.log
NodeName=n[1-2] NodeHostname={host} NodeAddr=127.0.0.1 Port=[17001-17002] CPUs=1
PartitionName=main Nodes=n[1-2] Default=YES State=UP
"""
SIMULATE = ("--absorber", "O", "--neighbour", "Mg", "--cutoff", 2.6)
CHEAP = ("--cluster-radius", 3.2, "--scf-radius", 2.5, "--fms-radius", 2.5)
LIMIT = 1800.0


def install() -> str | None:
    """Install what is not there; say why not where that may not be."""
    wanted = sorted({PACKAGES[name] for name in PACKAGES if shutil.which(name) is None})
    if os.geteuid() != 0:
        return "not root: slurmd starts jobs of users"
    if wanted and shutil.which("apt-get") is None:
        return f"no apt-get to install {', '.join(wanted)} with"
    if wanted:
        quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        for words in (["update"], ["install", "-y", "--no-install-recommends", *wanted]):
            if subprocess.run(["apt-get", "-qq", *words], env=quiet).returncode:
                return f"apt-get {words[0]} failed"
    return None


@contextmanager
def slurm(folder: Path) -> Iterator[None]:
    """Run munged, slurmctld and two slurmd; their commands find them by the environment."""
    (folder / "state").mkdir(parents=True)
    key, file = folder / "munge.key", folder / "slurm.conf"
    key.write_bytes(os.urandom(1024))
    key.chmod(0o600)
    file.write_text(CONFIGURATION.format(host=socket.gethostname().split(".")[0], folder=folder))
    os.environ["SLURM_CONF"] = str(file)
    munged = ["munged", "-F", "--force", f"--key-file={key}", f"--socket={folder}/munge.socket"]
    munged += [f"--{name}-file={folder}/munge.{name}" for name in ("pid", "log", "seed")]
    commands = [munged, ["slurmctld", "-D"], *(["slurmd", "-D", "-N", n] for n in ("n1", "n2"))]
    daemons = []
    try:
        for command in commands:
            daemons.append(
                subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            )
            time.sleep(2)
        wait_for(
            lambda: output("sinfo", "-h", "-o", "%D %t").startswith("2 idle"), "two idle nodes"
        )
        yield
    finally:
        subprocess.run(["scancel", "--user", "root"], check=False)
        time.sleep(2)
        for daemon in reversed(daemons):
            daemon.terminate()
            daemon.wait()


def output(*command: str) -> str:
    """Run a command; give what it prints."""
    return subprocess.run(command, capture_output=True, text=True).stdout.strip()


def wait_for(condition: Callable[[], bool], what: str) -> float:
    """Wait until something holds; give how long that took, s."""
    start = time.monotonic()
    while not condition():
        if time.monotonic() - start > LIMIT:
            sys.exit(f"waited {LIMIT:g} s for {what}")
        time.sleep(0.5)
    return time.monotonic() - start


def jobs(state: str) -> list[str]:
    """Numbers of the jobs that are in a state."""
    return output("squeue", "-h", "-o", "%i", "-t", state).split()


def finished(campaign: Path) -> set[tuple[str, int]]:
    """Read what a campaign has finished from a copy of its database."""
    with tempfile.TemporaryDirectory() as copy:
        for path in campaign.glob("sites.sqlite*"):
            shutil.copy(path, copy)
        try:
            with sqlite3.connect(Path(copy) / "sites.sqlite") as database:
                return set(database.execute("SELECT structure, atom FROM sites"))
        except sqlite3.Error:  # not written yet
            return set()


def busy_worker(campaign: Path) -> int | None:
    """Find a worker of Parsl that runs FEFF: the parent of its stages."""
    for path in Path("/proc").glob("[0-9]*"):
        try:
            words = (path / "cmdline").read_bytes().decode().split("\0")
            parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if any("_feff_stages" in word for word in words) and str(campaign) in " ".join(words):
            return parent
    return None


def tasks(campaign: Path) -> int:
    """Count the tasks that workers began, from their logs."""
    logs = (campaign / "parsl").rglob("worker_*.log")
    return sum(log.read_text().count("Received executor task") for log in logs)


def simulate(frames: Path, path: Path, *options: object) -> "subprocess.Popen[bytes]":
    """Start a campaign."""
    command = [sys.executable, "-m", "nearedge", "simulate", frames, *SIMULATE, *CHEAP]
    command += ["-o", path, *options]
    # Parsl's workers compute in the folder where they are found by `busy_worker`.
    env = os.environ | {"TMPDIR": str(path.with_name(f"{path.name}.campaign") / "work")}
    return subprocess.Popen([str(word) for word in command], env=env)


def configuration(file: Path, *words: object) -> Path:
    """Keep what ``nearedge cluster slurm`` prints, with the impatience of a test."""
    command = [sys.executable, "-m", "nearedge", "cluster", "slurm", "--cores", 1, *words]
    text = output(*map(str, command))
    file.write_text(
        re.sub(r"threshold=\d+", "threshold=20", text) + "\nconfig.strategy_period = 1\n"
    )
    return file


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("-o", "--output", type=Path, default=Path("slurm-campaign"))
    parser.add_argument("--frames", type=int, default=12, help="of four sites")
    arguments = parser.parse_args()
    if reason := install():
        print(f"skipped: {reason}")
        return
    folder = arguments.output.absolute()
    folder.mkdir(parents=True)
    frames, local, path = folder / "frames.extxyz", folder / "local", folder / "slurm"
    snapshots = []
    for number in range(arguments.frames):
        atoms = bulk("MgO", "rocksalt", a=4.21, cubic=True)
        atoms.rattle(0.05, seed=number)
        snapshots.append(Snapshot(f"frame-{number}", "rattled", None, None, atoms))
    write_snapshots(frames, snapshots)
    results: dict[str, object] = {"sites": SITES * len(snapshots), "load": os.getloadavg()[0]}
    results["slurm"] = output("slurmd", "-V")

    start = time.monotonic()
    if simulate(frames, local).wait():
        sys.exit("the local campaign failed")
    results["local, s"] = round(time.monotonic() - start)

    with slurm(folder / "daemons"):
        campaign = folder / "slurm.campaign"
        two_jobs = configuration(folder / "two_jobs.py", "--jobs", 2)
        start = time.monotonic()
        first = simulate(frames, path, "--parsl", two_jobs)
        results["first site after, s"] = round(
            wait_for(lambda: len(finished(campaign)) >= 1, "a first site")
        )
        wait_for(lambda: busy_worker(campaign) is not None, "a worker at FEFF")
        worker = busy_worker(campaign)
        assert worker is not None
        os.kill(worker, signal.SIGKILL)
        results["killed a worker at sites"] = len(finished(campaign))
        wait_for(lambda: len(finished(campaign)) >= 6, "six sites")
        wait_for(lambda: len(jobs("R")) == 2, "two jobs")
        cancelled = jobs("R")[0]
        subprocess.run(["scancel", cancelled], check=True)
        results["cancelled a job at sites"] = len(finished(campaign))
        results["another job after, s"] = round(
            wait_for(lambda: len(set(jobs("R")) - {cancelled}) == 2, "another job")
        )
        there = len(finished(campaign))
        wait_for(lambda: len(finished(campaign)) >= there + 3, "three more sites")
        if first.poll() is not None:
            sys.exit("the campaign ended before it was killed: take more --frames")
        first.kill()
        first.wait()
        before = finished(campaign)
        results["killed the submitting process at sites"] = len(before)
        results["its jobs ended after, s"] = round(
            wait_for(lambda: not jobs("R"), "the end of the jobs")
        )
        begun = tasks(campaign)
        shutil.move(campaign / "parsl", folder / "parsl-of-first")
        two_nodes = configuration(folder / "two_nodes.py", "--nodes", 2)
        second = simulate(frames, path, "--parsl", two_nodes, "--resume")
        while second.poll() is None:
            if (campaign / "parsl").exists():
                shutil.copytree(campaign / "parsl", folder / "parsl-of-second", dirs_exist_ok=True)
            time.sleep(1)
        if second.returncode:
            sys.exit("the resumed campaign failed")
        results["slurm with kills, s"] = round(time.monotonic() - start)
    logs = (folder / "parsl-of-second").rglob("worker_*.log")
    begun += sum(log.read_text().count("Received executor task") for log in logs)
    results["tasks needed"] = (SITES + 1) * len(snapshots)
    results["tasks begun"] = begun
    one, other = load_dataset(local), load_dataset(path)
    results["equal to the bit"] = bool(
        np.array_equal(one.mu, other.mu)
        and one.table.drop_attrs().identical(other.table.drop_attrs())
    )
    (folder / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    for name, value in results.items():
        print(f"{name}: {value}")
    if not results["equal to the bit"]:
        sys.exit("the datasets differ")


if __name__ == "__main__":
    main()
