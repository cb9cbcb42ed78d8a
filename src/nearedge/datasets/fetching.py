"""Public spectra of others: fetched, checked against known SHA-256 and made a dataset."""

import os
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import pooch

from nearedge.datasets._assembly import merge
from nearedge.datasets._sites import SiteSpectra
from nearedge.datasets.importing import import_dataset
from nearedge.errors import InputError
from nearedge.targets import EnvironmentRule

CACHE_VARIABLE = "NEAREDGE_DATA"  # environment variable that names the folder of fetched files


class PublicFile(NamedTuple):
    """One file: how long it is, in bytes, and its SHA-256."""

    size: int
    sha256: str


@dataclass(frozen=True)
class PublicData:
    """Data that somebody published, and how to make a dataset of it."""

    name: str
    archive: str
    """Address of a zip file in which the files are found by size and SHA-256, wherever they lie."""
    files: Mapping[str, PublicFile]  # by the name they have in the cache
    snapshots: Mapping[str, tuple[str, str]]
    """Names of the files of structure and spectra, by the name of the snapshot."""
    trajectory: str
    rule: EnvironmentRule
    attributes: Mapping[str, Any]
    left_out: str = ""  # what the archive holds and the dataset does not, with the reason


_REPOSITORY = "https://github.com/mdlu/neural-networks-with-XANES-and-battery-materials"
_LI3FEO35 = PublicData(
    name="ocean-li3feo35",
    archive=f"{_REPOSITORY}/archive/9ece810.zip",
    # The third snapshot is not here: its checksum has not been pinned yet.
    files={
        "POSCAR_0K": PublicFile(
            11864, "16879b843bcc0c7d1f2b3569443a48462774db03a864c8bea1876b6187fdba2d"
        ),
        "0K_Combo_O_all.dat": PublicFile(
            718725, "5baf0ceeb03846cdf28dd90c76d1d96395f16621a28e79a61b77adaf5dd941e4"
        ),
        "POSCAR_15ps": PublicFile(
            11864, "22ed409c309197921a33ae79b309bbd0290ee7ca9f0b692e9a872ebd4b99a4e7"
        ),
        "15ps_Combo_O_all.dat": PublicFile(
            718701, "4f10036e4296da48b28dfa17d05e70e29c620dc9a004be3f1a5ca8f879bec93e"
        ),
    },
    snapshots={
        "0K": ("POSCAR_0K", "0K_Combo_O_all.dat"),
        "15ps": ("POSCAR_15ps", "15ps_Combo_O_all.dat"),
    },
    trajectory="aimd",
    rule=EnvironmentRule(absorber="O", neighbour="Fe", cutoff=2.6, dimer=1.7),
    attributes={
        "engine": "OCEAN",
        "energy_zero": "Kohn-Sham conduction band minimum (CBM)",
        "mu_unit": "as in the published tables",
        "licence": "MIT",
        "copyright": "Copyright (c) 2019 mdlu",
        "origin": f"{_REPOSITORY}, commit 9ece810",
    },
    left_out=(
        "A third snapshot of this repository is left out: its SHA-256 is not pinned in this "
        "version of nearedge, so a download of it could not be checked."
    ),
)

PUBLIC: dict[str, PublicData] = {_LI3FEO35.name: _LI3FEO35}
"""The public data that nearedge knows, by name."""


def public_folder(public: PublicData) -> Path:
    """Folder of the files: in the cache of the system, or where ``NEAREDGE_DATA`` says."""
    cache = Path(os.environ.get(CACHE_VARIABLE) or pooch.os_cache("nearedge")).expanduser()
    return cache / public.name


def fetch_public(public: PublicData) -> Path:
    """Bring the files of public data into the cache, each with its known SHA-256; give the folder.

    The cache holds plain files, so it can be filled by hand.
    """
    folder = public_folder(public)
    missing = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, file in public.files.items():
            path = folder / name
            if not path.exists():
                missing.append(name)
            elif path.is_dir():
                raise InputError(f"{path}: is a folder where a file belongs; remove it")
            elif (digest := pooch.file_hash(str(path))) != file.sha256:
                raise InputError(
                    f"{path}: its SHA-256 is {digest}, not {file.sha256}; remove the file and run "
                    "again to download it"
                )
        if missing:
            with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
                _fetch(public, missing, Path(scratch), folder)
    except OSError as error:
        raise InputError(
            f"{folder}: cannot be read or written ({error}); see {CACHE_VARIABLE}"
        ) from None
    return folder


def _fetch(public: PublicData, missing: Sequence[str], scratch: Path, folder: Path) -> None:
    """Download the archive, and take the missing files out of it."""

    def refusal(reason: str) -> InputError:
        return InputError(
            f"{public.archive}: {reason}; get {', '.join(missing)} by hand from "
            f"{public.attributes['origin']}, put them into {folder} under these names, and run "
            "again"
        )

    path = scratch / "archive.zip"
    try:
        # The archive is packed anew by its host now and then: only its files have checksums.
        pooch.HTTPDownloader(timeout=30)(public.archive, str(path), None)
    except OSError as error:  # all errors of requests are
        reason = type(error).__name__ if error.errno is None else error.strerror or str(error)
        if (response := getattr(error, "response", None)) is not None:
            reason = f"HTTP {response.status_code}"
        raise refusal(f"cannot be downloaded ({reason})") from None
    try:
        with zipfile.ZipFile(path) as archive:
            # Only what has the right length is unpacked: never more than that.
            sizes = {public.files[name].size for name in missing}
            likely = [member for member in archive.infolist() if member.file_size in sizes]
            contents = {sha256(data).hexdigest(): data for data in map(archive.read, likely)}
    except (zipfile.BadZipFile, NotImplementedError, EOFError, RuntimeError) as error:
        raise refusal(f"cannot be read as a zip file ({error})") from None
    for name in missing:
        file = public.files[name]
        if file.sha256 not in contents:
            raise refusal(
                f"holds no file of {file.size} bytes with the SHA-256 {file.sha256} ({name})"
            )
        (scratch / name).write_bytes(contents[file.sha256])
    for name in missing:
        (scratch / name).replace(folder / name)


def public_dataset(public: PublicData, folder: str | Path) -> SiteSpectra:
    """Make a dataset of the files of public data, in the folder that `fetch_public` gave."""
    return merge(
        [
            import_dataset(
                Path(folder) / structure,
                Path(folder) / spectra,
                public.rule,
                format="matrix",
                snapshot=name,
                trajectory=public.trajectory,
                attributes=public.attributes,
            )
            for name, (structure, spectra) in public.snapshots.items()
        ]
    )
