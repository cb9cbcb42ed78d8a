import gzip
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from nearedge.datasets import load_dataset, save_dataset
from nearedge.datasets.fetching import (
    PUBLIC,
    PublicData,
    PublicFile,
    fetch_public,
    public_dataset,
    public_folder,
)
from nearedge.errors import InputError

OCEAN = PUBLIC["ocean-li3feo35"]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the empty folder of a cache of its own."""
    monkeypatch.setenv("NEAREDGE_DATA", str(tmp_path / "cache"))
    return tmp_path / "cache" / OCEAN.name


def unpack(shared_data: Path, folder: Path) -> None:
    """Fill a folder with the files as they were published."""
    folder.mkdir(parents=True)
    for path in (shared_data / "ocean-li3feo35").iterdir():
        if path.suffix == ".gz":
            (folder / path.stem).write_bytes(gzip.decompress(path.read_bytes()))
        else:
            (folder / path.name).write_bytes(path.read_bytes())


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[PublicData, Path]]:
    """Give the public data with an address of this machine, and the folder that is served."""
    folder = tmp_path / "served"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield replace(OCEAN, archive=f"http://127.0.0.1:{server.server_port}/9ece810.zip"), folder
    server.shutdown()
    thread.join()
    server.server_close()


# Nobody listens there.
NOWHERE = replace(OCEAN, archive="http://127.0.0.1:1/9ece810.zip")


def test_a_filled_cache_needs_no_network(shared_data: Path, cache: Path, tmp_path: Path) -> None:
    unpack(shared_data, cache)
    data = public_dataset(NOWHERE, fetch_public(NOWHERE))
    assert data.counts() == {"0": 15, "1": 34, "2": 31, "3": 14, "4": 2, "dimer": 2}
    assert sorted(set(data.snapshot)) == ["0K", "15ps"]
    assert set(data.trajectory) == {"aimd"}
    save_dataset(data, tmp_path / "data")
    said = load_dataset(tmp_path / "data").attributes
    assert (said["engine"], said["licence"]) == ("OCEAN", "MIT")
    assert "mdlu" in said["copyright"]
    assert "9ece810" in said["origin"]


def test_files_are_found_wherever_they_lie(
    shared_data: Path, cache: Path, tmp_path: Path, served: tuple[PublicData, Path]
) -> None:
    public, folder = served
    unpack(shared_data, tmp_path / "files")
    with zipfile.ZipFile(folder / "9ece810.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("repo/other/decoy", b"x" * OCEAN.files["POSCAR_0K"].size)
        for number, name in enumerate(OCEAN.files):
            archive.write(tmp_path / "files" / name, f"repo/deep/{number}.txt")
    assert fetch_public(public) == cache == public_folder(public)
    assert {path.name for path in cache.iterdir()} == set(OCEAN.files)
    # From now on without it.
    (folder / "9ece810.zip").unlink()
    assert len(public_dataset(public, fetch_public(public))) == 98


def test_another_file_is_refused_and_left_alone(cache: Path) -> None:
    cache.mkdir(parents=True)
    (cache / "POSCAR_0K").write_text("mine\n")
    with pytest.raises(InputError, match=r"POSCAR_0K: its SHA-256 is \w{64}, not 16879b8") as told:
        fetch_public(NOWHERE)
    assert "remove the file and run again" in str(told.value)
    assert (cache / "POSCAR_0K").read_text() == "mine\n"


def test_without_a_network_the_files_are_named(cache: Path) -> None:
    with pytest.raises(InputError, match=r"cannot be downloaded \(ConnectionError\)") as told:
        fetch_public(NOWHERE)
    for part in (*OCEAN.files, str(cache), "commit 9ece810", NOWHERE.archive):
        assert part in str(told.value)
    assert not list(cache.iterdir())


def test_an_archive_that_is_not_there(cache: Path, served: tuple[PublicData, Path]) -> None:
    with pytest.raises(InputError, match=r"9ece810.zip: cannot be downloaded \(HTTP 404\)"):
        fetch_public(served[0])


def test_what_is_no_archive(cache: Path, served: tuple[PublicData, Path]) -> None:
    (served[1] / "9ece810.zip").write_bytes(b"<html>please log in</html>")
    with pytest.raises(InputError, match="cannot be read as a zip file"):
        fetch_public(served[0])
    assert not list(cache.iterdir())


def test_an_archive_with_other_content(cache: Path, served: tuple[PublicData, Path]) -> None:
    size = OCEAN.files["POSCAR_0K"].size
    with zipfile.ZipFile(served[1] / "9ece810.zip", "w") as archive:
        archive.writestr("repo/POSCAR_0K", b"x" * size)
    with pytest.raises(InputError, match=f"holds no file of {size} bytes with the SHA-256 16879b8"):
        fetch_public(served[0])
    assert not list(cache.iterdir())


@pytest.mark.parametrize("public", PUBLIC.values(), ids=PUBLIC)
def test_everything_that_is_fetched_is_pinned(public: PublicData) -> None:
    assert PUBLIC[public.name] is public
    used = {name for pair in public.snapshots.values() for name in pair}
    assert used == set(public.files)
    for file in public.files.values():
        assert file == PublicFile(file.size, f"{int(file.sha256, 16):064x}")
    assert {"engine", "energy_zero", "mu_unit", "licence", "origin"} <= public.attributes.keys()
