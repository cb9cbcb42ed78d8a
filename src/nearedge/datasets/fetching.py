"""Public spectra of others: fetched, checked against known SHA-256 and made a dataset."""

import hashlib
import logging
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pooch

from nearedge.datasets._assembly import merge
from nearedge.datasets._sites import SiteSpectra
from nearedge.datasets.importing import import_dataset
from nearedge.errors import InputError
from nearedge.targets import EnvironmentRule

CACHE_VARIABLE = "NEAREDGE_DATA"
"""Environment variable that names the folder of fetched files."""


@dataclass(frozen=True)
class PublicFile:
    """One file: how long it is, in bytes, and its SHA-256."""

    size: int
    sha256: str


@dataclass(frozen=True)
class PublicSnapshot:
    """One snapshot of public data: its name, and the files of its structure and its spectra."""

    name: str
    structure: str
    spectra: str


@dataclass(frozen=True)
class PublicData:
    """Data that somebody published, and how to make a dataset of it.

    Parameters
    ----------
    name : str
        As the command line takes it.
    archive : str
        Address of a zip file that holds all files. They are found in it by size and SHA-256, so
        it does not matter where they lie in it.
    files : mapping of str to PublicFile
        Files by the name they have in the cache.
    snapshots : sequence of PublicSnapshot
        What the files are.
    trajectory : str
        The trajectory that all snapshots belong to.
    rule : EnvironmentRule
        How to label the sites.
    attributes : mapping
        Engine, energy zero, unit, licence and origin.
    left_out : str
        What the archive holds and the dataset does not, with the reason.
    """

    name: str
    archive: str
    files: Mapping[str, PublicFile]
    snapshots: Sequence[PublicSnapshot]
    trajectory: str
    rule: EnvironmentRule
    attributes: Mapping[str, Any]
    left_out: str = ""


_LI3FEO35 = PublicData(
    name="ocean-li3feo35",
    archive=(
        "https://github.com/mdlu/neural-networks-with-XANES-and-battery-materials/"
        "archive/9ece810.zip"
    ),
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
    snapshots=(
        PublicSnapshot("0K", "POSCAR_0K", "0K_Combo_O_all.dat"),
        PublicSnapshot("15ps", "POSCAR_15ps", "15ps_Combo_O_all.dat"),
    ),
    trajectory="aimd",
    rule=EnvironmentRule(absorber="O", neighbour="Fe", cutoff=2.6, dimer=1.7),
    attributes={
        "engine": "OCEAN",
        "energy_zero": "Kohn-Sham conduction band minimum (CBM)",
        "mu_unit": "as in the published tables",
        "licence": "MIT",
        "copyright": "Copyright (c) 2019 mdlu",
        "origin": (
            "https://github.com/mdlu/neural-networks-with-XANES-and-battery-materials, "
            "commit 9ece810"
        ),
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
    return Path(_store(public).path)


def fetch_public(public: PublicData) -> Path:
    """Bring the files of public data into the cache, if they are not there.

    Parameters
    ----------
    public : PublicData
        One of `PUBLIC`.

    Returns
    -------
    Path
        The folder, in which every file has the SHA-256 that is known of it.

    Raises
    ------
    InputError
        If a file in the cache is another one, the archive cannot be downloaded, or it does not
        hold a file.
    """
    store, folder = _store(public), public_folder(public)
    for name, file in public.files.items():
        path = folder / name
        if path.is_dir():
            raise InputError(f"{path}: is a folder where a file belongs; remove it")
        if path.exists() and (found := _digest(path)) != file.sha256:
            raise InputError(
                f"{path}: its SHA-256 is {found}, not {file.sha256}; remove the file and run again "
                "to download it"
            )
    with tempfile.TemporaryDirectory() as scratch:
        members = _Members(public, folder, Path(scratch) / "archive.zip")
        logger = pooch.get_logger()
        level = logger.level
        # pooch tells of every file; the command line tells of the whole.
        logger.setLevel(logging.WARNING)
        try:
            for name in public.files:
                # pooch calls downloaders as its documentation says, not as it types them.
                store.fetch(name, downloader=cast("Any", members))
        except OSError as error:
            raise InputError(
                f"{folder}: cannot be written ({error}); see {CACHE_VARIABLE}"
            ) from None
        finally:
            logger.setLevel(level)
    return folder


def public_dataset(public: PublicData, folder: str | Path) -> SiteSpectra:
    """Make a dataset of the files of public data.

    Parameters
    ----------
    public : PublicData
        One of `PUBLIC`.
    folder : str or Path
        Where the files are: what `fetch_public` returned.

    Returns
    -------
    SiteSpectra
        All snapshots, labelled; licence and origin are among its attributes.

    Raises
    ------
    InputError
        If a file is missing or cannot be used.
    """
    folder = Path(folder)
    return merge(
        [
            import_dataset(
                folder / one.structure,
                folder / one.spectra,
                public.rule,
                format="matrix",
                snapshot=one.name,
                trajectory=public.trajectory,
                attributes=dict(public.attributes),
            )
            for one in public.snapshots
        ]
    )


class _Members:
    """Takes single files out of the archive, for pooch; downloads it when the first is asked for.

    The cache then holds plain files, each with its own checksum, and can be filled by hand.
    """

    def __init__(self, public: PublicData, folder: Path, archive: Path) -> None:
        self.public, self.folder, self.archive = public, folder, archive

    def __call__(self, url: str, output_file: str, store: pooch.Pooch) -> None:
        """Write the file that pooch wants, as it calls its downloaders."""
        if not self.archive.exists():
            self._download(store)
        name = url.removeprefix(f"{self.public.archive}#")
        wanted = self.public.files[name]
        try:
            with zipfile.ZipFile(self.archive) as archive:
                # Only what has the right length is unpacked: never more than that.
                for member in archive.infolist():
                    if member.file_size != wanted.size:
                        continue
                    content = archive.read(member)
                    if hashlib.sha256(content).hexdigest() == wanted.sha256:
                        Path(output_file).write_bytes(content)
                        return
        except (zipfile.BadZipFile, NotImplementedError, EOFError, RuntimeError) as error:
            raise InputError(
                f"{self.public.archive}: is no zip file that can be read ({error}); "
                f"{self._remedy()}"
            ) from None
        raise InputError(
            f"{self.public.archive}: holds no file of {wanted.size} bytes with the SHA-256 "
            f"{wanted.sha256} ({name}); {self._remedy()}"
        )

    def _download(self, store: pooch.Pooch) -> None:
        try:
            # The archive is packed anew by its host now and then: only its files have checksums.
            pooch.HTTPDownloader(timeout=30)(self.public.archive, str(self.archive), store)
        except OSError as error:  # all errors of requests are
            self.archive.unlink(missing_ok=True)
            reason = type(error).__name__ if error.errno is None else error.strerror or str(error)
            if (response := getattr(error, "response", None)) is not None:
                reason = f"HTTP {response.status_code}"
            raise InputError(
                f"{self.public.archive}: cannot be downloaded ({reason}); {self._remedy()}"
            ) from None

    def _remedy(self) -> str:
        missing = [name for name in self.public.files if not (self.folder / name).exists()]
        origin = self.public.attributes.get("origin", self.public.archive)
        return (
            f"get {', '.join(missing)} by hand from {origin}, put them into {self.folder} under "
            "these names, and run again"
        )


def _store(public: PublicData) -> pooch.Pooch:
    store = pooch.create(
        path=pooch.os_cache("nearedge"),
        base_url="",
        registry={name: f"sha256:{file.sha256}" for name, file in public.files.items()},
        urls={name: f"{public.archive}#{name}" for name in public.files},
        env=CACHE_VARIABLE,
    )
    store.path = Path(store.path) / public.name
    return store


def _digest(path: Path) -> str:
    try:
        return pooch.file_hash(str(path))
    except OSError as error:
        raise InputError(
            f"{path}: cannot be read ({error.strerror}); repair or remove it"
        ) from None
