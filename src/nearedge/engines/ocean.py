"""OCEAN 3 (Bethe-Salpeter equation): one run for all sites of a structure."""

import hashlib
import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from ase import Atoms

from nearedge.engines._ocean_input import INPUT, OceanInput
from nearedge.engines._ocean_runs import ENERGY_ZERO, MU_UNIT, read_ocean_run
from nearedge.engines._protocol import Preparation, SiteSpectrum
from nearedge.errors import EngineError

_LOG = "ocean.log"
_SPECTRA = "spectra.npz"
_NOT_CONVERGED = "convergence NOT achieved"
# What launchers say when one of their processes was killed.
_KILLED = re.compile(r"exited on signal \d+|\(signal \d+\)|\bKilled\b|KILLED BY SIGNAL")
# Run a command; end all that it started when the pipe from the engine closes, as it does when the
# worker is killed. MPI's launcher ends its ranks when it is asked to, not when it is killed.
_WATCH = """
exec 3<&0
(trap "" TERM; cat <&3 >/dev/null; kill -TERM 0; sleep 5; kill -KILL 0) >/dev/null 2>&1 &
"$@" </dev/null 3<&-
"""


@dataclass(frozen=True)
class OceanEngine:
    """OCEAN as an engine: the sites of a structure are a group, and one run computes them all.

    Energies of inequivalent sites hold their core-level offsets from the mean of the run.
    """

    inputs: OceanInput
    program: str = "ocean.pl"  # on the PATH or as a path

    def __post_init__(self) -> None:
        _located(self.program)
        for launcher in shlex.split(self.inputs.mpi)[:1]:
            _located(launcher)

    def groups(self, atoms: Atoms, sites: Sequence[int]) -> dict[str, tuple[int, ...]]:
        """Put all sites into one group; refuse what no input can be written for."""
        self.inputs.keywords(atoms, sites)
        return {str(self.inputs.edge).replace(" ", "_"): tuple(map(int, sites))}

    def prepare(self, atoms: Atoms, sites: Sequence[int], folder: Path) -> Preparation:
        """Run OCEAN and collect its spectra on the energies of the settings."""
        self.inputs.write(atoms, sites, folder)
        self._run(folder)
        run = read_ocean_run(folder, self.inputs.edge.absorber)
        # Its reader has made sure that all sites are there.
        computed = np.flatnonzero(atoms.numbers == atoms.numbers[sites[0]])[run.rank].tolist()
        energy = self.inputs.settings.energy
        if run.energy[0] > energy[0] + 1e-3 or run.energy[-1] < energy[-1] - 1e-3:
            raise EngineError(
                f"{folder}: OCEAN's energies, {run.energy[0]:.1f} to {run.energy[-1]:.1f} eV from "
                f"the conduction band minimum, do not cover {energy[0]:g} to {energy[-1]:g} eV; "
                "set bse.core.plot.range among the keywords of the settings"
            )
        rows = [run.mu[computed.index(site)] for site in sites]
        mu = np.array([np.interp(energy, run.energy, row) for row in rows])
        cbm = json.loads(run.attributes["parameters"])["cbm"]
        np.savez(folder / _SPECTRA, site=sites, mu=mu, cbm=np.nan if cbm is None else cbm)
        return Preparation()

    def spectrum(self, atoms: Atoms, site: int, prepared: Path, folder: Path) -> SiteSpectrum:
        """Take one site's spectrum from the run of its structure."""
        with np.load(prepared / _SPECTRA, allow_pickle=False) as stored:
            mu = stored["mu"][stored["site"].tolist().index(site)]
            provenance = {"cbm": float(stored["cbm"])}  # eV
        return SiteSpectrum(self.inputs.settings.energy, mu, provenance)

    def attributes(self) -> dict[str, str | float | int]:
        """Say what made the spectra."""
        parameters = asdict(self.inputs.settings)
        del parameters["timeout"]
        folder = self.inputs.pseudopotentials
        parameters["pseudopotentials"] = {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()[:16]
            for path in sorted(folder.glob("*.[uU][pP][fF]") if folder else ())
        }
        version = _located(self.program).resolve().with_name("Version")
        return {
            "engine": "OCEAN",
            "engine_version": version.read_text().strip() if version.is_file() else "unknown",
            **({} if self.inputs.edge.name == "K" else {"edge": self.inputs.edge.name}),
            "energy_zero": ENERGY_ZERO,
            "mu_unit": MU_UNIT,
            "parameters": json.dumps(parameters),
            "acknowledgement": (
                "Computed with OCEAN: J. Vinson, J. J. Rehr, J. J. Kas and E. L. Shirley, Phys. "
                "Rev. B 83, 115106 (2011); K. Gilmore et al., Comput. Phys. Commun. 197, 109 "
                "(2015); J. Vinson, Phys. Chem. Chem. Phys. 24, 12787 (2022)."
            ),
        }

    def _run(self, folder: Path) -> None:
        program = _located(self.program)
        with (folder / _LOG).open("wb") as log:
            process = subprocess.Popen(
                ["/bin/sh", "-c", _WATCH, "sh", str(program), INPUT],
                cwd=folder,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
            assert process.stdin is not None
            with process.stdin:
                code = process.wait()
        lines = (folder / _LOG).read_text(errors="replace").split("\n")
        tail = " | ".join([line.strip() for line in lines if line.strip()][-3:]) or "no output"
        for path in [folder / _LOG, *folder.rglob("*.out")]:
            if path.is_file() and _NOT_CONVERGED in path.read_text(errors="replace"):
                raise EngineError(
                    f"{path}: OCEAN's self-consistent field did not converge; raise the smearing "
                    "or set dft.nstep or dft.mixing among the keywords of the settings"
                )
        if code < 0 or 128 < code < 160 or _KILLED.search(tail):
            raise EngineError(
                f"{folder / _LOG}: OCEAN was killed, perhaps out of memory or time ({tail}); "
                "--resume computes it again"
            )
        if code:
            raise EngineError(f"{folder / _LOG}: OCEAN failed with exit code {code}: {tail}")


def _located(program: str) -> Path:
    path = shutil.which(program)
    if path is None:
        raise EngineError(
            f"{program}: program not found; install OCEAN 3 and MPI, put them on the PATH, "
            "or name them with --ocean-program and --mpi"
        )
    return Path(path).absolute()
