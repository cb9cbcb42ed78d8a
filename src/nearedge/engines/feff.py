"""FEFF10, through the wheel feff10-rs: real-space multiple scattering on clusters."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from importlib.util import find_spec
from math import ceil
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.data import chemical_symbols
from ase.neighborlist import neighbor_list
from jaxtyping import Bool, Float, Int

from nearedge.engines import _feff_stages
from nearedge.engines._feff_potentials import Reference, copy_potentials, read_reference
from nearedge.engines._feff_runs import ENERGY_ZERO, MU_UNIT, read_xmu
from nearedge.engines._feff_settings import FeffSettings
from nearedge.engines._protocol import Preparation, SiteSpectrum
from nearedge.errors import EngineError, InputError
from nearedge.structures.clusters import Cluster, cut_cluster

_SCF_STAGES = ("rdinp", "atomic", "pot")
_SITE_STAGES = ("rdinp", "xsph", "fms", "mkgtr", "path", "genfmt", "ff2x")
_LOG = "feff.log"
_DIMER = re.compile(r"_dimer\d+$")
# `FeffSettings.scf_mixing` of fields that do not converge otherwise.
_SLOW_MIXING = "0 60 0.05 5"
# Elements whose f electrons take part.
_F_ELEMENTS = {*range(58, 72), *range(90, 104)}
# Times the limit of a stage after which all of them are given up, whatever they do.
_PATIENCE = 20
# FEFF allocates its large arrays anew at each energy. glibc returns them to the kernel each time,
# whose zeroing of fresh pages took half the time of a 3d K-edge's site.
_KEEP_MEMORY = {
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": str(2**32),
    "MALLOC_TOP_PAD_": str(2**26),
}

# Sites from which the potentials of a group are worth more than one trial.
LARGE = 12


@dataclass(frozen=True)
class _Site:
    """One absorber as FEFF sees it: its cluster, and which potential stands for each atom."""

    cluster: Cluster
    partner: Bool[np.ndarray, " atom"]  # the other atoms of the absorber's dimer
    elements: Int[np.ndarray, " element"]  # around it
    types: Int[np.ndarray, " atom"]  # absorber 0, then elements, then the partner

    @property
    def kind(self) -> str:
        """Sites of one kind can share potentials: the same types, and the same dimer if any."""
        surroundings = "".join(chemical_symbols[number] for number in self.elements)
        if not self.partner.any():
            return f"in_{surroundings}"
        # A dimer is named by its first atom.
        first = min(self.cluster.atom[0], *self.cluster.atom[self.partner])
        return f"in_{surroundings}_dimer{first}"


@dataclass(frozen=True)
class FeffEngine:
    """FEFF10 as an engine.

    The self-consistent field (SCF) is costly: one serves a group of chemically similar sites.

    Parameters
    ----------
    settings : FeffSettings
        What to compute.
    potentials : Path, optional
        Folder of reference potentials: groups they hold potentials of need no SCF of their own.
        Other groups of ordinary sites are refused; dimers have their own SCF if it holds none of
        dimers.

    Raises
    ------
    EngineError
        If feff10-rs is not installed.
    InputError
        If the folder holds no potentials, or those of other settings.

    Examples
    --------
    >>> from ase.build import bulk
    >>> engine = FeffEngine(FeffSettings(cluster_radius=5.0))
    >>> engine.groups(bulk("MgO", "rocksalt", a=4.2), [1])
    {'O_in_OMg': (1,)}
    """

    settings: FeffSettings = field(default_factory=FeffSettings)
    potentials: Path | None = None
    _reference: dict[str, Reference] = field(init=False, default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        if find_spec("feff10") is None:
            raise EngineError("FEFF10 is not installed; get its wheel with: pip install feff10-rs")
        if self.potentials is not None:
            reference = read_reference(self.potentials, self.settings)
            object.__setattr__(self, "_reference", reference)

    def groups(self, atoms: Atoms, sites: Sequence[int]) -> dict[str, tuple[int, ...]]:
        """Divide sites by the potential types they need.

        Ordinary sites of one element with the same elements around them share their potentials;
        the sites of each dimer are a group of their own, with the partner as a type of its own:
        else the partner would stand for all atoms of the element.
        """
        groups: dict[str, list[int]] = {}
        for site in sites:
            groups.setdefault(self._label(atoms, site), []).append(int(site))
        for label, members in groups.items():
            if self._reference and label not in self._reference and not _DIMER.search(label):
                raise InputError(
                    f"{self.potentials}: holds potentials of {', '.join(self._reference)}, none of "
                    f"{label} (atom {members[0]}); compute some for these structures"
                )
        return {label: tuple(members) for label, members in groups.items()}

    @staticmethod
    def kind(label: str) -> str:
        """Kind of a group that `groups` made: its label, but all dimers are of one kind."""
        return _DIMER.sub("_dimer", label)

    def prepare(self, atoms: Atoms, sites: Sequence[int], folder: Path) -> Preparation:
        """Compute the self-consistent potentials of a group on its most typical sites.

        Of a group of at least `LARGE` sites, `FeffSettings.trials` are tried and the median Fermi
        level decides; a smaller one has a single trial. What does not converge is tried again with
        slower mixing. Reference potentials are copied.
        """
        kind = self.kind(self._label(atoms, sites[0]))
        if self.potentials is not None and kind in self._reference:
            copy_potentials(self.potentials / kind, folder)
            return self._reference[kind].preparation
        count = self.settings.trials if len(sites) >= LARGE else 1
        trials: list[tuple[float, Preparation]] = []
        failures: list[EngineError] = []
        for site in self.representatives(atoms, sites, count):
            trial = folder / f"trial_{site}"
            for mixing in (self.settings.scf_mixing, _SLOW_MIXING):
                shutil.rmtree(trial, ignore_errors=True)
                trial.mkdir()
                try:
                    trials.append(self.self_consistent(atoms, site, trial, mixing))
                    break
                except EngineError as error:
                    failures.append(error)
        if not trials:
            raise failures[-1]
        trials.sort(key=lambda trial: trial[0])
        _, best = trials[(len(trials) - 1) // 2]
        for path in (folder / f"trial_{best.representative}").iterdir():
            path.rename(folder / path.name)
        for trial in folder.glob("trial_*"):
            shutil.rmtree(trial)
        return replace(best, trials={str(tried.representative): level for level, tried in trials})

    def self_consistent(
        self, atoms: Atoms, site: int, folder: Path, mixing: str = ""
    ) -> tuple[float, Preparation]:
        """Compute potentials on one site, in an empty folder; give their Fermi level in eV too.

        The words of `mixing` follow the radius in FEFF's ``SCF``.
        """
        self._run(self.feff_input(atoms, site, mixing), site, folder, _SCF_STAGES)
        log = (folder / _LOG).read_text(errors="replace")
        converged = re.search(r"Convergence reached in\s+(\d+)", log)
        levels = re.findall(r"New Fermi level:\s+mu=\s*(\S+)\s*eV", log)
        if not converged or not levels:
            raise EngineError(
                f"FEFF's SCF for atom {site} did not converge"
                + (f" (Fermi level {', '.join(levels[-3:])} eV)" if levels else "")
            )
        if not (folder / "pot.bin").is_file():
            raise EngineError(f"FEFF's SCF for atom {site} left no pot.bin")
        level = float(levels[-1])
        return level, Preparation(site, level, int(converged[1]))

    def spectrum(self, atoms: Atoms, site: int, prepared: Path, folder: Path) -> SiteSpectrum:
        """Compute the spectrum of one site with the potentials of its group."""
        copy_potentials(prepared, folder)
        self._run(self.feff_input(atoms, site), site, folder, _SITE_STAGES)
        written, mu, fermi_level = read_xmu(folder / "xmu.dat")
        # The header rounds the Fermi level to 0.01 eV; the grid that was asked for is exact.
        energy = self.settings.energy
        if len(written) != len(energy) or np.abs(written - energy).max() > 0.02:
            raise EngineError(
                f"FEFF gave atom {site} {len(written)} energies from {written[0]:.2f} eV, not the "
                f"{len(energy)} from {energy[0]:.2f} eV it was asked for"
            )
        if not mu.max() > 0:
            raise EngineError(f"FEFF gave atom {site} a spectrum without absorption")
        return SiteSpectrum(energy, mu, {"fermi_level": fermi_level})

    def attributes(self) -> dict[str, str | float | int]:
        """Say what made the spectra."""
        wheel = version("feff10-rs")
        parameters = asdict(self.settings)
        del parameters["timeout"]
        if self._reference:
            digests = {label: reference.sha256 for label, reference in self._reference.items()}
            parameters["potentials"] = digests
        return {
            "engine": "FEFF10",
            "engine_version": f"FEFF 10.0.0 (feff10-rs {wheel})",
            "energy_zero": ENERGY_ZERO,
            "mu_unit": MU_UNIT,
            "parameters": json.dumps(parameters),
            "acknowledgement": (
                "Computed with FEFF10: J. J. Kas, F. D. Vila, C. D. Pemmaraju, T. S. Tan and "
                "J. J. Rehr, J. Synchrotron Rad. 28, 1801 (2021), doi:10.1107/S1600577521008614. "
                "This work made use of the FEFF software of the University of Washington."
            ),
        }

    def representatives(self, atoms: Atoms, sites: Sequence[int], count: int) -> list[int]:
        """Choose the sites whose potentials may serve a group, the most typical first.

        FEFF takes the atom nearest to the absorber to stand for all of its type. An odd one
        shifts the Fermi level, so those sites are chosen for which the absorber and these atoms
        have the most usual surroundings in the structure.
        """
        unusual = _unusualness(atoms)
        scores = []
        for site in sites:
            described = self._site(atoms, site)
            _, first = np.unique(described.types, return_index=True)
            # A partner's type is all dimer: there is nothing usual to compare it with.
            usual = first[~described.partner[first]]
            scores.append(unusual[described.cluster.atom[usual]].sum())
        return [int(sites[place]) for place in np.argsort(scores, kind="stable")[:count]]

    def feff_input(self, atoms: Atoms, site: int, mixing: str = "") -> str:
        """Write FEFF's input for one site."""
        settings, described = self.settings, self._site(atoms, site)
        cluster, symbols = described.cluster, atoms.get_chemical_symbols()
        absorber = atoms.numbers[site]
        # Weights of the types in the charge balance; a single core hole weighs next to nothing.
        potentials = [(absorber, symbols[site], 0.01)]
        potentials += [
            (number, chemical_symbols[number], (atoms.numbers == number).sum())
            for number in described.elements
        ]
        if described.partner.any():
            potentials.append((absorber, f"{symbols[site]}p", int(described.partner.sum()) + 1))
        lines = [
            f"TITLE {atoms.get_chemical_formula()} atom {site}",
            f"EDGE {settings.edge}",
            "S02 1.0",
            "CONTROL 1 1 1 1 1 1",
            "PRINT 0 0 0 0 0 0",
            f"COREHOLE {settings.core_hole}",
            f"SCF {settings.scf_radius:g} {mixing}".rstrip(),
            "TOLSCF " + " ".join(f"{value:g}" for value in settings.scf_tolerance),
            f"FMS {settings.fms_radius:g}",
            "ABSOLUTE",
            *([f"MULTIPOLE {settings.multipole}"] if settings.multipole else []),
            *([_interstitial(atoms, cluster)] if settings.local_interstitial else []),
            "XANES",
            "EGRID",
            f"e_grid {settings.energy_min:g} {settings.energy_max:g} {settings.energy_step:g}",
            "POTENTIALS",
        ]
        lines += [
            f"{number} {element} {tag} {lmax} {lmax} {weight:g}"
            for number, (element, tag, weight) in enumerate(potentials)
            for lmax in [max(settings.lmax, 3 if element in _F_ELEMENTS else 0)]
        ]
        lines.append("ATOMS")
        lines += [
            f"{x:.6f} {y:.6f} {z:.6f} {kind} {symbols[atom]} {distance:.6f}"
            for (x, y, z), kind, atom, distance in zip(
                cluster.position, described.types, cluster.atom, cluster.distance, strict=True
            )
        ]
        return "\n".join([*lines, "END", ""])

    def _label(self, atoms: Atoms, site: int) -> str:
        label = f"{atoms.symbols[site]}_{self._site(atoms, site).kind}"
        return label if self.settings.shared else f"{label}_site{site}"

    def _site(self, atoms: Atoms, site: int) -> _Site:
        cluster = cut_cluster(atoms, site, self.settings.cluster_radius)
        if len(cluster) == 1:
            raise InputError(
                f"atom {site} of {atoms.get_chemical_formula()} has no neighbour within "
                f"{self.settings.cluster_radius:g} Å; FEFF needs at least one"
            )
        numbers, around = atoms.numbers[cluster.atom], np.arange(len(cluster)) > 0
        near = cluster.distance < (self.settings.dimer or 0.0)
        partner = (numbers == numbers[0]) & near & around
        elements = np.unique(numbers[around & ~partner])
        types = np.where(partner, len(elements) + 1, np.searchsorted(elements, numbers) + 1)
        return _Site(cluster, partner, elements, np.where(around, types, 0))

    def _run(self, text: str, site: int, folder: Path, stages: Sequence[str]) -> None:
        (folder / "feff.inp").write_text(text)
        limit = self.settings.timeout
        with (folder / _LOG).open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-P", _feff_stages.__file__, folder, str(ceil(limit)), *stages],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                process_group=0,
                env=os.environ | _KEEP_MEMORY,
            )
            try:
                # The stages watch the time they compute; this ends what hangs.
                code = process.wait(_PATIENCE * limit)
            except subprocess.TimeoutExpired:
                code = None
            finally:
                # Closing the pipe ends what still runs.
                assert process.stdin is not None
                process.stdin.close()
                process.wait()
        reason = _reason(folder / _LOG)
        if code is None or (code != 0 and "(SIGXCPU)" in reason):
            raise EngineError(
                f"FEFF's {stages[1]} ... {stages[-1]} for atom {site} took longer than {limit:g} s"
            )
        if code != 0:
            raise EngineError(f"FEFF failed for atom {site}: {reason}")
        if stages[-1] == "ff2x" and not (folder / "xmu.dat").is_file():
            raise EngineError(f"FEFF left no xmu.dat for atom {site}: {_reason(folder / _LOG)}")


def _reason(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    # What the wheel says of the stage, and what FEFF said last before.
    verdict = next((place for place, line in enumerate(lines) if line.startswith("Feff")), None)
    told = lines[-3:] if verdict is None else lines[max(0, verdict - 2) : verdict + 1]
    return " | ".join(told) if told else "it printed nothing"


def _interstitial(atoms: Atoms, cluster: Cluster) -> str:
    """Write the card of an interstitial around the absorber.

    Of a crystal it says the volume of an atom, in cubes of the absorber's shortest bond: what FEFF
    takes otherwise, the sum of Norman spheres, is too small for open structures.
    """
    crystal = atoms.pbc.all() and atoms.cell.rank == 3
    bond = cluster.distance[1]
    volume = atoms.get_volume() / len(atoms) / bond**3 if crystal else 0.0
    return f"INTERSTITIAL 1 {volume:.5f}"


def _unusualness(atoms: Atoms, width: float = 2.5) -> Float[np.ndarray, " atom"]:
    """Squared distance of each atom's surroundings from the mean of its element.

    Surroundings are, per element, the sum over neighbours of exp(-(distance / width)^2).
    """
    centre, neighbour, distance = neighbor_list("ijd", atoms, 2.4 * width)
    weight = np.exp(-((distance / width) ** 2))
    unusual = np.zeros(len(atoms))
    for surrounding in np.unique(atoms.numbers):
        chosen = atoms.numbers[neighbour] == surrounding
        density = np.bincount(centre[chosen], weight[chosen], minlength=len(atoms))
        for element in np.unique(atoms.numbers):
            same = atoms.numbers == element
            deviation = density[same] - density[same].mean()
            # Below a thousandth of a neighbour, differences are rounding errors.
            unusual[same] += (deviation / max(deviation.std(), 1e-3)) ** 2
    return unusual
