"""Quality control: which sites of a dataset should not be learnt from, and why."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from ase import Atoms

from nearedge.datasets._faults import (
    odd_intensities,
    odd_potentials,
    same_spectra,
    same_structures,
    unusable_sites,
    wrong_labels,
)
from nearedge.datasets._folder import read_folder, save_dataset
from nearedge.datasets._limits import QualityLimits
from nearedge.datasets._neighbours import Objection, compared_classes, odd_scales, odd_shapes
from nearedge.datasets._sites import SiteSpectra, check_table
from nearedge.errors import InputError
from nearedge.records import replacing
from nearedge.spectra import check_spectra
from nearedge.structures import Sanity

FAILURES = "failures.json"
"""In a dataset folder: sites that the campaign behind it left out, with reasons."""
REJECTED = "rejected.json"
"""In a dataset folder: sites that quality control took out, with reasons."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a site, or with a whole snapshot.

    Attributes
    ----------
    snapshot : str
        Name of the snapshot.
    atom : int or None
        Index of the atom in it; None if the whole snapshot is meant.
    environment : str or None
        The site's class, as stored.
    test : str
        Short name of the test that found it.
    reason : str
        What is wrong in plain words, with the value.
    rejected : bool
        Whether the site is unfit; else a person should look at it.
    """

    snapshot: str
    atom: int | None
    environment: str | None
    test: str
    reason: str
    rejected: bool


@dataclass(frozen=True)
class Quality:
    """What quality control found in a dataset.

    Attributes
    ----------
    source : str
        Names the dataset.
    sites : int
        Number of its sites.
    findings : tuple of Finding
        Rejections and warnings, in the order of the tests.
    left_out : tuple of mapping
        Sites that are not in the dataset, each with ``snapshot``, ``atom``, ``reason`` and ``by``
        (``"campaign"`` or ``"earlier check"``).
    too_few : dict of str to int
        Classes with too few sites or atoms for their spectra to be compared, and the number of
        sites.
    kept : SiteSpectra or None
        The dataset without its rejected sites; None if no site is left.
    """

    source: str
    sites: int
    findings: tuple[Finding, ...]
    left_out: tuple[Mapping[str, Any], ...]
    too_few: dict[str, int]
    kept: SiteSpectra | None

    @property
    def rejected(self) -> int:
        """Number of rejected sites."""
        return self.sites - (0 if self.kept is None else len(self.kept))

    def counts(self) -> dict[str, dict[str, int]]:
        """Count rejections and warnings of each test."""
        rejected = Counter(one.test for one in self.findings if one.rejected)
        warned = Counter(one.test for one in self.findings if not one.rejected)
        return {
            test: {"rejections": rejected[test], "warnings": warned[test]}
            for test in dict.fromkeys(one.test for one in self.findings)
        }

    def to_dict(self) -> dict[str, Any]:
        """Give everything but the spectra, ready for JSON."""
        return {
            "source": self.source,
            "sites": self.sites,
            "rejected": self.rejected,
            "tests": self.counts(),
            "findings": [asdict(one) for one in self.findings],
            "left_out": [dict(one) for one in self.left_out],
            "too_few_to_compare": self.too_few,
        }

    def save_kept(self, path: str | Path, *, force: bool = False) -> None:
        """Write the dataset without its rejected sites, and beside it the list of these.

        Parameters
        ----------
        path : str or Path
            The folder to make. ``rejected.json`` in it lists each rejected site with the reason,
            those of earlier checks included, ``failures.json`` what the campaign left out.
        force : bool
            Whether an existing one may be replaced.

        Raises
        ------
        InputError
            If no site is left, or `path` exists and `force` is false.
        """
        if self.kept is None:
            raise InputError(f"{self.source}: all {self.sites} sites are rejected; nothing is left")
        rejected = [
            {key: value for key, value in asdict(one).items() if key != "rejected"}
            for one in self.findings
            if one.rejected
        ]
        gone: dict[str, list[Any]] = {FAILURES: [], REJECTED: []}
        for one in self.left_out:
            said = {key: value for key, value in one.items() if key != "by"}
            gone[FAILURES if one["by"] == "campaign" else REJECTED].append(said)
        gone[REJECTED] += rejected
        with replacing(path, force=force) as folder:
            save_dataset(self.kept, folder)
            for name, sites in gone.items():
                if sites or name == REJECTED:
                    (folder / name).write_text(json.dumps(sites, indent=1) + "\n")


def check_quality(data: SiteSpectra, limits: QualityLimits | None = None) -> Quality:
    """Look for sites that should not be learnt from.

    Rejected are sites whose spectrum is negative, flat or upside down, whose self-consistent field
    did not converge or whose Fermi level is not that of the snapshot, whose label contradicts the
    structure, copies, and extreme outliers. Milder outliers are warnings. Spectra are compared
    with those of the same class by robust statistics (median and median absolute deviation); see
    `QualityLimits` for each line that is drawn.

    Parameters
    ----------
    data : SiteSpectra
        The dataset.
    limits : QualityLimits, optional
        Where the lines are drawn.

    Returns
    -------
    Quality

    Examples
    --------
    >>> import nearedge
    >>> data = nearedge.load_dataset("li3feo35")
    >>> check_quality(data).rejected
    0
    """
    return _judge(data.table, data.structures, data.source, (), limits or QualityLimits())


def check_folder(path: str | Path, limits: QualityLimits | None = None) -> Quality:
    """Look for bad sites in a dataset folder, even one that `load_dataset` refuses for them.

    Not finite numbers, missing structures and repeated sites are listed beside what
    `check_quality` finds, and so are sites that a campaign or an earlier check left out.

    Parameters
    ----------
    path : str or Path
        The dataset folder.
    limits : QualityLimits, optional
        Where the lines are drawn.

    Returns
    -------
    Quality

    Raises
    ------
    InputError
        If the folder is no dataset, its energies are unusable, or a list beside it is damaged.
    """
    path = Path(path)
    table, structures = read_folder(path)
    check_table(table, str(path))
    check_spectra(table["energy"].values, np.zeros((1, table.sizes["energy"])), str(path))
    left_out = [
        *_left_out(path / FAILURES, "campaign"),
        *_left_out(path / REJECTED, "earlier check"),
    ]
    return _judge(table, structures, str(path), left_out, limits or QualityLimits())


def _judge(
    table: xr.Dataset,
    structures: Mapping[str, Atoms],
    source: str,
    left_out: Iterable[Mapping[str, Any]],
    limits: QualityLimits,
) -> Quality:
    fit = np.ones(table.sizes["site"], bool)
    snapshot, atom = (table[name].values.tolist() for name in ("snapshot", "atom"))
    environment = table.get("environment", table["absorber"]).values.tolist()
    findings: list[Finding] = []

    def note(objections: Iterable[Objection], rows: np.ndarray) -> None:
        for place, test, reason, rejected in objections:
            row = int(rows[place])
            fit[row] &= not rejected
            findings.append(
                Finding(snapshot[row], atom[row], environment[row], test, reason, rejected)
            )

    def rest() -> SiteSpectra | None:
        if not fit.any():
            return None
        left = table.isel(site=np.flatnonzero(fit))
        names = set(left["snapshot"].values.tolist())
        return SiteSpectra(left, {n: a for n, a in structures.items() if n in names}, source)

    note(unusable_sites(table, structures), np.arange(len(fit)))
    # Each group of tests sees only sites that passed those before: a bad one must neither
    # set the usual nor hide behind its copy.
    too_few: dict[str, int] = {}
    if (data := rest()) is not None:
        rows = np.flatnonzero(fit)
        findings += _odd_structures(data)
        note(odd_intensities(data, limits), rows)
        note(odd_potentials(data, limits), rows)
        note(wrong_labels(data), rows)
        note(same_structures(data, limits), rows)
    if (data := rest()) is not None:
        note(same_spectra(data, limits), np.flatnonzero(fit))
    if (data := rest()) is not None:
        note(odd_scales(data, limits), np.flatnonzero(fit))
    if (data := rest()) is not None:
        compared = compared_classes(data, limits)
        too_few = {name: n for name, n in data.counts().items() if name not in compared}
        note(odd_shapes(data, limits), np.flatnonzero(fit))
    return Quality(source, len(fit), tuple(findings), tuple(left_out), too_few, rest())


def _odd_structures(data: SiteSpectra) -> list[Finding]:
    """Say which snapshots are not physical: atoms too close, three absorbers in a cluster."""
    sanity = Sanity()
    found = []
    for name in dict.fromkeys(data.snapshot.tolist()):
        reason = sanity.objection(data.structures[name])
        if reason is not None:
            found.append(Finding(name, None, None, "close atoms", reason, False))
    return found


def _left_out(path: Path, by: str) -> list[dict[str, Any]]:
    if not path.is_file():
        return []
    try:
        said = json.loads(path.read_text())
        return [
            {
                **one,
                "snapshot": str(one["snapshot"]),
                "atom": int(one["atom"]),
                "reason": str(one["reason"]),
                "by": by,
            }
            for one in said
        ]
    except (ValueError, TypeError, KeyError, OSError) as error:
        raise InputError(
            f"{path}: is no list of sites with snapshot, atom and reason ({error!r}); repair or "
            "remove it"
        ) from None
