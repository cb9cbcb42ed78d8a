"""Running a campaign: tasks to workers, results to one dataset."""

import os
import shutil
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import asdict
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import numpy as np
from rich.console import Console

from nearedge.campaigns._executor import LocalExecutor
from nearedge.campaigns._state import FAILURES, CampaignState, FinishedSites
from nearedge.campaigns._tasks import Group, compute_groups
from nearedge.datasets import SiteSpectra, assemble, load_dataset, save_dataset
from nearedge.engines import Engine, OceanInput
from nearedge.errors import EngineError, InputError
from nearedge.records import check_free, replacing, write_json
from nearedge.structures import (
    Snapshot,
    equivalent_atoms,
    fingerprint,
    first_shells,
    reduced_formula,
    repeated_names,
    write_snapshots,
)
from nearedge.targets import EnvironmentRule, absorbers

STRUCTURE = "structure.extxyz"
"""Beside the inputs of a run that is started by hand: what they are for."""


def simulate(
    snapshots: Sequence[Snapshot],
    engine: Engine,
    rule: EnvironmentRule | str,
    path: str | Path,
    *,
    every: int = 1,
    sites: Sequence[int] | None = None,
    symmetry: bool = True,
    workers: int | None = None,
    timeout: float = 3600.0,
    executor: Executor | None = None,
    resume: bool = False,
    force: bool = False,
) -> SiteSpectra:
    """Compute the spectra of the absorbers of many structures and save them as a dataset.

    Each task runs in a worker process; one that fails, crashes or hangs costs its own sites, which
    are listed with the reason at the end and in ``failures.json`` of the dataset. Finished sites
    are kept in ``PATH.campaign``: however a run ends, the next with `resume` goes on from there,
    on any executor (and tries again what failed). That folder is removed when every site is done.

    Parameters
    ----------
    snapshots : sequence of Snapshot
        The structures, with unique names.
    engine : Engine
        What computes the spectra.
    rule : EnvironmentRule or str
        Which element absorbs and how sites are labelled; or the element alone, for crystals: sites
        are labelled by their first shells, see `nearedge.structures.first_shells`.
    path : str or Path
        The dataset's folder.
    every : int
        Take the first snapshot of each trajectory and every so many after it.
    sites : sequence of int, optional
        Indices of the atoms to compute in every structure, from 0; all absorbers by default.
    symmetry : bool
        Whether one atom is computed for all that the space group makes equal; the dataset's
        coordinate ``multiplicity`` says for how many.
    workers : int, optional
        Number of worker processes; one for each core by default.
    timeout : float
        Longest time in s that one task may take.
    executor : concurrent.futures.Executor, optional
        What runs the tasks, instead of worker processes of this machine with that limit; it is
        shut down at the end. Its workers must see the folder of `path`.
    resume : bool
        Whether to go on with what an earlier run left.
    force : bool
        Whether to replace an existing dataset and to throw away what an earlier run left.

    Returns
    -------
    SiteSpectra
        The finished sites.

    Raises
    ------
    InputError
        If structures, sites or path cannot be used, or a resumed campaign differs from its record.
    EngineError
        If no site was finished.
    """
    path = Path(path)
    state = CampaignState(path.with_name(f"{path.name}.campaign"))
    check_free(path, force=force or resume)
    chosen = choose_sites(snapshots, rule, every, sites, symmetry=symmetry)
    if resume and not force and path.exists() and not state.folder.exists():
        raise InputError(f"{path}: {_completion(load_dataset(path), engine, chosen)}")
    groups = [group for frame, atoms in chosen for group in site_groups(engine, frame, list(atoms))]
    total = sum(len(atoms) for _, atoms in chosen)
    with state.opened(engine, resume=resume, force=force) as finished:
        slots = max(1, min(workers or os.cpu_count() or 1, total))
        with executor or LocalExecutor(slots, timeout) as pool:
            failures = compute_groups(state, finished, engine, groups, pool)
        if len(failures) == total:
            raise EngineError(
                f"none of {total} sites was finished ({state.folder / FAILURES} says why): "
                f"{failures[0].reason}"
            )
        data = _collect(state, finished, engine, rule, chosen)
        with replacing(path, force=force or resume) as temporary:
            save_dataset(data, temporary)
            if failures:
                write_json(temporary / FAILURES, list(map(asdict, failures)))
    if failures:
        Console(stderr=True).print(
            f"{len(failures)} of {total} sites failed; --resume tries them again:",
            *(f"  {lost.snapshot} atom {lost.atom}: {lost.reason}" for lost in failures),
            sep="\n",
            style="yellow",
            markup=False,
            highlight=False,
        )
    else:
        shutil.rmtree(state.folder)
    return data


def _completion(
    data: SiteSpectra, engine: Engine, chosen: list[tuple[Snapshot, dict[int, int]]]
) -> str:
    """Say why a dataset that is complete is not resumed, and whether it is what is asked for."""
    again = "pass --force to compute it again"
    now = engine.attributes()
    if changed := [name for name in now if data.attributes.get(name) != now[name]]:
        return f"is complete, but was computed with other {', '.join(changed)}; {again}"
    asked = {(snapshot.name, atom) for snapshot, atoms in chosen for atom in atoms}
    there = set(zip(data.snapshot.tolist(), data.atom.tolist(), strict=True))
    if missing := sorted(asked - there):
        name, atom = missing[0]
        return (
            f"is complete, but lacks {len(missing)} of the {len(asked)} sites that are asked for "
            f"now, {name} atom {atom} first; compute them to another output and merge the two, or "
            "pass --force to compute all again"
        )
    return f"is complete, there is nothing to resume; {again}"


def write_inputs(
    snapshots: Sequence[Snapshot],
    inputs: OceanInput,
    rule: EnvironmentRule | str,
    path: str | Path,
    *,
    every: int = 1,
    sites: Sequence[int] | None = None,
    symmetry: bool = True,
    force: bool = False,
) -> list[Path]:
    """Write what `simulate` would give OCEAN; return the folders, of one structure each.

    They hold it as well, in ``structure.extxyz``.
    """
    path = Path(path)
    chosen = choose_sites(snapshots, rule, every, sites, symmetry=symmetry)
    folders = []
    with replacing(path, force=force) as temporary:
        for snapshot, atoms in chosen:
            run = temporary / snapshot.name.replace("/", "_")
            run.mkdir(parents=True)
            try:
                inputs.write(snapshot.atoms, list(atoms), run)
            except InputError as error:
                raise InputError(f"{snapshot.name}: {error}") from None
            write_snapshots(run / STRUCTURE, [snapshot])
            folders.append(path / run.name)
    return folders


def choose_sites(
    snapshots: Sequence[Snapshot],
    rule: EnvironmentRule | str,
    every: int,
    sites: Sequence[int] | None,
    *,
    symmetry: bool,
) -> list[tuple[Snapshot, dict[int, int]]]:
    """Choose structures, see `simulate`, and of each the atoms, with for how many each stands."""
    if repeated := repeated_names(snapshots):
        raise InputError(f"several snapshots are named {', '.join(repeated)}; rename them")
    if every < 1:
        raise InputError(f"every is {every}; take every 1st, 2nd, ... snapshot")
    runs: dict[str, list[Snapshot]] = {}
    for snapshot in snapshots:
        runs.setdefault(snapshot.trajectory, []).append(snapshot)
    taken = {snapshot.name for run in runs.values() for snapshot in run[::every]}
    if not taken:
        raise InputError("no structures to compute; name at least one file")
    return [
        (snapshot, _sites(snapshot, rule, sites, symmetry=symmetry))
        for snapshot in snapshots
        if snapshot.name in taken
    ]


def _sites(
    snapshot: Snapshot, rule: EnvironmentRule | str, sites: Sequence[int] | None, *, symmetry: bool
) -> dict[int, int]:
    absorber = rule if isinstance(rule, str) else rule.absorber
    try:
        atoms = snapshot.atoms
        there = absorbers(atoms, rule) if isinstance(rule, str) else rule.sites(atoms)
    except InputError as error:
        raise InputError(f"{snapshot.name}: {error}") from None
    if sites is None and symmetry:
        return dict(sorted(Counter(equivalent_atoms(atoms)[there].tolist()).items()))
    wrong = sorted(set(sites or ()) - set(there.tolist()))
    if wrong:
        raise InputError(
            f"{snapshot.name}: atoms {', '.join(map(str, wrong))} are not {absorber} atoms; "
            f"these are {there[0]} to {there[-1]} (counted from 0)"
        )
    return dict.fromkeys(sorted(set(sites or there.tolist())), 1)


def site_groups(engine: Engine, snapshot: Snapshot, sites: Sequence[int]) -> list[Group]:
    """Divide the sites of a structure as the engine wants them."""
    try:
        named = engine.groups(snapshot.atoms, sites)
    except InputError as error:
        raise InputError(f"{snapshot.name}: {error}") from None
    return [
        Group(snapshot.name, snapshot.atoms, label, members) for label, members in named.items()
    ]


def _collect(
    state: CampaignState,
    finished: FinishedSites,
    engine: Engine,
    rule: EnvironmentRule | str,
    chosen: list[tuple[Snapshot, dict[int, int]]],
) -> SiteSpectra:
    """Make a dataset of the finished sites."""
    there, snapshots = finished.sites(), [snapshot for snapshot, _ in chosen]
    keys = [fingerprint(snapshot.atoms) for snapshot in snapshots]
    done = {
        (number, atom): count
        for number, (_, atoms) in enumerate(chosen)
        for atom, count in atoms.items()
        if atom in there[keys[number]]
    }
    first, atom = next(iter(done))
    energy = finished.spectrum(keys[first], atom).energy
    mu = np.empty((len(done), len(energy)), np.float32)  # as datasets keep it
    # The numbers that the provenance of every site holds.
    provenance: dict[str, list[float | int]] = {}
    for row, (number, atom) in enumerate(done):
        spectrum = finished.spectrum(keys[number], atom)
        if not np.array_equal(spectrum.energy, energy):
            raise EngineError(
                f"{snapshots[number].name} atom {atom}: its energies differ from those of the "
                "other sites; the engine must use one grid"
            )
        mu[row] = spectrum.mu
        for name, value in spectrum.provenance.items():
            provenance.setdefault(name, []).append(value)
    extra = {n: np.array(vs) for n, vs in sorted(provenance.items()) if len(vs) == len(done)}
    if max(done.values()) > 1:
        extra["multiplicity"] = np.array(list(done.values()))
    if isinstance(rule, str):
        extra |= _first_shells(snapshots, list(done))
    return assemble(
        snapshots,
        list(done),
        energy,
        mu,
        None if isinstance(rule, str) else rule,
        engine.attributes(),
        extra=extra,
        source=str(state.folder),
    )


def _first_shells(snapshots: list[Snapshot], sites: list[tuple[int, int]]) -> dict[str, np.ndarray]:
    """Describe the sites of crystals; where two rules of the first shell disagree, by nothing."""
    rows = []
    for number, members in groupby(sites, itemgetter(0)):
        crystal = snapshots[number]
        for shell in first_shells(crystal.atoms, [atom for _, atom in members]):
            state = shell.oxidation_state
            row = {
                "coordination": shell.coordination,
                "bond_length": shell.bond_length,
                "bond_valence": shell.bond_valence,
                "oxidation_state": np.nan if state is None else state,
                "distortion": shell.distortion,
                "ligands": "".join(shell.ligands),
                "crystal": crystal.name,
                "composition": reduced_formula(crystal.atoms),
            }
            unclear = () if shell.agrees else ("coordination", "bond_length", "bond_valence")
            rows.append(row | dict.fromkeys(unclear, np.nan))
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}
