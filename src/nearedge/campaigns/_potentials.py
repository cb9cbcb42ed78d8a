"""Reference potentials: self-consistent fields of several structures, one of which serves all."""

import os
import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import as_completed
from dataclasses import asdict, replace
from operator import itemgetter
from pathlib import Path

from nearedge.campaigns._executor import LocalExecutor, reason_of_failure
from nearedge.campaigns._run import site_groups
from nearedge.campaigns._state import CampaignState
from nearedge.campaigns._tasks import Group, prepare_group
from nearedge.drawing.progress import counting_bar
from nearedge.engines import FeffSettings, Preparation, Reference, write_reference
from nearedge.engines.feff import FeffEngine
from nearedge.errors import EngineError, InputError
from nearedge.records import check_free, replacing
from nearedge.structures import Snapshot
from nearedge.targets import absorbers

# Structures whose self-consistent field is computed unless told otherwise.
TRIALS = 9
# Longest time in s that one may take.
_TIMEOUT = 3600.0


def reference_potentials(
    snapshots: Sequence[Snapshot],
    path: str | Path,
    absorber: str,
    settings: FeffSettings,
    *,
    trials: int = TRIALS,
    workers: int | None = None,
    resume: bool = False,
    force: bool = False,
) -> dict[str, Reference]:
    """Compute potentials that the sites of many similar structures can share.

    FEFF's Fermi level depends on the atoms that happen to stand for each element, by more than an
    eV in a disordered material; spectra of structures with potentials of their own therefore
    differ by what is no physics. Here the SCF runs on the most typical site of the first snapshot
    of each of `trials` trajectories, and the one with the median Fermi level is kept: for every
    class of ordinary sites, and for dimers.
    """
    path = Path(path)
    check_free(path, force=force)
    engine = FeffEngine(replace(settings, trials=1))
    first: dict[str, Snapshot] = {}
    for snapshot in snapshots:
        first.setdefault(snapshot.trajectory, snapshot)
    if not first:
        raise InputError(f"{path}: no structures to compute potentials for; name at least one file")
    groups = [
        group
        for snapshot in list(first.values())[:trials]
        for group in site_groups(engine, snapshot, absorbers(snapshot.atoms, absorber).tolist())
    ]
    state = CampaignState(path.with_name(f"{path.name}.campaign"))
    with state.opened(engine, resume=resume, force=force):
        slots, reasons = max(1, min(workers or os.cpu_count() or 1, len(groups))), {}
        with counting_bar() as bar, LocalExecutor(slots, _TIMEOUT) as pool:
            shown = bar.add_task("potentials", total=len(groups))
            running = {pool.submit(prepare_group, engine, group, state): group for group in groups}
            for future in as_completed(running):
                reasons[running[future].name] = reason_of_failure(future, _TIMEOUT)
                bar.advance(shown)
        members: dict[str, list[Group]] = {}
        for group in groups:
            members.setdefault(engine.kind(group.label), []).append(group)
        references = {name: _median(state, trials, reasons) for name, trials in members.items()}
        with replacing(path, force=force) as temporary:
            temporary.mkdir()
            write_reference(temporary, engine.settings, references)
    shutil.rmtree(state.folder)
    return {label: reference for label, (_, reference) in references.items()}


def _median(
    state: CampaignState, trials: Sequence[Group], reasons: Mapping[str, str | None]
) -> tuple[Path, Reference]:
    """Choose the potentials of one class of sites: their folder, and what is known of them."""
    done: list[tuple[float, Group, Preparation]] = []
    for trial in sorted(trials, key=lambda trial: f"{trial.structure} {trial.label}"):
        field = state.preparation(trial.name)
        if field is not None and field.fermi_level is not None:
            done.append((field.fermi_level, trial, field))
    if not done:
        raise EngineError(
            f"the SCF of {trials[0].label} converged in none of the structures: "
            f"{reasons[trials[0].name]}"
        )
    done.sort(key=itemgetter(0))
    _, chosen, preparation = done[(len(done) - 1) // 2]
    levels = {
        f"{trial.structure} atom {field.representative}": level for level, trial, field in done
    }
    reference = Reference(**asdict(replace(preparation, trials=levels)), snapshot=chosen.structure)
    return state.group(chosen.name), reference
