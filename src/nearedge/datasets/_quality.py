"""Quality control: which sites of a dataset should not be learnt from, and why."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import xarray as xr
from ase import Atoms

from nearedge.datasets._copies import same_groups, same_spectra, same_structures
from nearedge.datasets._faults import (
    odd_fermi_levels,
    odd_intensities,
    unconverged_fields,
    wrong_labels,
)
from nearedge.datasets._folder import folder_of, read_folder, save_dataset
from nearedge.datasets._neighbours import compared_classes, odd_scales, odd_shapes
from nearedge.datasets._sites import SiteSpectra, selected
from nearedge.datasets._table import Objection, check_table, unusable_sites
from nearedge.errors import InputError
from nearedge.records import Json, replacing, write_json
from nearedge.spectra import check_spectra
from nearedge.structures import unsoundness

FAILURES = "failures.json"
"""In a dataset folder: sites that the campaign behind it left out, with reasons."""
REJECTED = "rejected.json"  # in a dataset folder: sites that quality control took out, with reasons
LISTS = {"campaign": FAILURES, "earlier check": REJECTED}
"""Where it is listed, by who left a site out."""

STAGES: Sequence[Sequence[Callable[[SiteSpectra], Iterator[Objection]]]] = (
    (odd_intensities, unconverged_fields, odd_fermi_levels, wrong_labels, same_structures),
    (same_groups,),
    (same_spectra,),
    (odd_scales,),
    (odd_shapes,),
)
"""Each stage sees sites that passed those before: a bad one must not set the usual, nor hide."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a site or, without an atom, with a whole snapshot."""

    snapshot: str
    atom: int | None
    environment: str | None
    test: str
    reason: str
    rejected: bool  # whether the site is unfit; else a person should look at it


@dataclass(frozen=True)
class Quality:
    """What quality control found in a dataset."""

    source: str
    sites: int
    findings: tuple[Finding, ...]
    left_out: tuple[Json, ...]
    """Sites that are not in the dataset: snapshot, atom, reason, and by whom, see `LISTS`."""
    too_few: dict[str, int]
    """Classes with too few sites or atoms for their spectra to be compared, and their sites."""
    kept: SiteSpectra | None  # the dataset without its rejected sites; None if no site is left

    @property
    def rejected(self) -> int:
        """Number of rejected sites."""
        return self.sites - (0 if self.kept is None else len(self.kept))

    def counts(self) -> dict[str, dict[str, int]]:
        """Count rejections and warnings of each test."""
        counted = Counter((finding.test, finding.rejected) for finding in self.findings)
        return {
            test: {"rejections": counted[test, True], "warnings": counted[test, False]}
            for test in dict.fromkeys(finding.test for finding in self.findings)
        }

    def to_dict(self) -> Json:
        """Give everything but the spectra, ready for JSON."""
        return {
            "source": self.source,
            "sites": self.sites,
            "rejected": self.rejected,
            "tests": self.counts(),
            "findings": [asdict(finding) for finding in self.findings],
            "left_out": list(self.left_out),
            "too_few_to_compare": self.too_few,
        }

    def save_kept(self, path: str | Path, *, force: bool = False) -> None:
        """Write the dataset without its rejected sites, and the lists of all that are left out."""
        if self.kept is None:
            raise InputError(f"{self.source}: all {self.sites} sites are rejected; nothing is left")
        rejections = [asdict(finding) for finding in self.findings if finding.rejected]
        lists: dict[str, list[Json]] = {FAILURES: [], REJECTED: []}
        for site in (*self.left_out, *rejections):
            words = {key: value for key, value in site.items() if key not in ("by", "rejected")}
            lists[LISTS[site.get("by", "earlier check")]].append(words)
        with replacing(path, force=force) as folder:
            save_dataset(self.kept, folder)
            for name, sites in lists.items():
                if sites or name == REJECTED:
                    write_json(folder / name, sites)


def check_quality(data: SiteSpectra) -> Quality:
    """Look for sites that should not be learnt from.

    Rejected are sites whose spectrum is negative, flat or upside down, whose self-consistent field
    did not converge or whose Fermi level is not that of the snapshot, whose label contradicts the
    structure, copies, and extreme outliers. Milder outliers are warnings. Spectra are compared
    with those of the same class by robust statistics (median and median absolute deviation).
    """
    return _judge(data.table, data.structures, data.source)


def check_folder(path: str | Path) -> Quality:
    """Look for bad sites in a dataset folder, even one that `load_dataset` refuses for them.

    Not finite numbers, missing structures and repeated sites are listed beside what
    `check_quality` finds, and so are sites that a campaign or an earlier check left out.
    """
    path = folder_of(path)
    table, structures = read_folder(path)
    check_table(table, str(path))
    check_spectra(table["energy"].values, np.zeros((1, table.sizes["energy"])), str(path))
    left_out = [site for by, name in LISTS.items() for site in _left_out(path / name, by)]
    return _judge(table, structures, str(path), left_out)


def _judge(
    table: xr.Dataset,
    structures: Mapping[str, Atoms],
    source: str,
    left_out: Sequence[Json] = (),
) -> Quality:
    fit = np.ones(table.sizes["site"], bool)
    columns = (table["snapshot"], table["atom"], table.get("environment", table["absorber"]))
    sites = list(zip(*(column.values.tolist() for column in columns), strict=True))
    findings: list[Finding] = []

    def note(objections: Iterator[Objection], rows: np.ndarray) -> None:
        for row, test, reason, rejected in objections:
            fit[rows[row]] &= not rejected
            snapshot, atom, environment = sites[rows[row]]
            findings.append(Finding(snapshot, atom, environment, test, reason, rejected))

    def rest() -> SiteSpectra | None:
        return selected(table, structures, np.flatnonzero(fit), source) if fit.any() else None

    note(unusable_sites(table, structures), np.arange(len(fit)))
    data = rest()
    for name, atoms in data.structures.items() if data else ():
        if reason := unsoundness(atoms):
            findings.append(Finding(name, None, None, "close atoms", reason, False))
    for stage in STAGES:
        data, rows = rest(), np.flatnonzero(fit)
        if data is None:
            break
        for check in stage:
            note(check(data), rows)
    compared = compared_classes(data) if data else ()
    too_few = {name: n for name, n in data.counts().items() if name not in compared} if data else {}
    return Quality(source, len(fit), tuple(findings), tuple(left_out), too_few, rest())


def _left_out(path: Path, by: str) -> list[Json]:
    kinds = {"snapshot": str, "atom": int, "reason": str}
    try:
        sites = json.loads(path.read_text()) if path.is_file() else []
        return [
            {**site, **{name: kind(site[name]) for name, kind in kinds.items()}, "by": by}
            for site in sites
        ]
    except (ValueError, TypeError, KeyError, OSError) as error:
        raise InputError(
            f"{path}: is not a list of sites with snapshot, atom and reason ({error!r}); repair or "
            "remove it"
        ) from None
