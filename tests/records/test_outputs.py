import errno
import subprocess
import sys
from pathlib import Path

import pytest

from nearedge.errors import InputError, OutputError
from nearedge.records import check_free, replacing


def test_a_file_and_a_folder_are_written_whole(tmp_path: Path) -> None:
    with replacing(tmp_path / "new" / "file.txt") as temporary:
        temporary.write_text("all")
    with replacing(tmp_path / "folder") as temporary:
        temporary.mkdir()
        (temporary / "inside").write_text("all")
    assert (tmp_path / "new" / "file.txt").read_text() == "all"
    assert (tmp_path / "folder" / "inside").read_text() == "all"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "new"]


def test_an_error_leaves_what_was_there_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError), replacing(path, force=True) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("folder", [False, True])
def test_an_existing_output_is_replaced_only_with_force(tmp_path: Path, folder: bool) -> None:
    path = tmp_path / "output"
    if folder:
        path.mkdir()
        (path / "old.json").touch()
    else:
        path.write_text("old")
    with pytest.raises(InputError, match="already exists; .*--force"):
        check_free(path)
    with pytest.raises(InputError, match="already exists"), replacing(path):
        pass
    with replacing(path, force=True) as temporary:
        temporary.mkdir()
    assert path.is_dir()
    assert not list(path.iterdir())


@pytest.mark.parametrize("held", ["scan.dat", "stack.h5", ".git/config", "project/notes.md"])
def test_a_folder_of_other_files_is_never_replaced(tmp_path: Path, held: str) -> None:
    file = tmp_path / "data" / held
    file.parent.mkdir(parents=True)
    file.write_text("mine")
    (tmp_path / "data" / "model").mkdir()
    with pytest.raises(InputError, match="data: holds '.*choose another output"):
        check_free(tmp_path / "data", force=True)
    with pytest.raises(InputError), replacing(tmp_path / "data", force=True) as temporary:
        temporary.mkdir()
    assert file.read_text() == "mine"


@pytest.mark.parametrize("output", ["hello.txt/model", "hello.txt/a/b"])
def test_a_file_in_the_way_is_known_before_the_work(tmp_path: Path, output: str) -> None:
    (tmp_path / "hello.txt").write_text("hello")
    with pytest.raises(OutputError, match="hello.txt.*cannot be written.*another output"):
        check_free(tmp_path / output)
    assert (tmp_path / "hello.txt").read_text() == "hello"


def test_a_place_where_nothing_can_be_made_is_known_before_the_work() -> None:
    # A system's own folder that refuses even the superuser.
    with pytest.raises(OutputError, match=r"/proc/nearedge: cannot be written"):
        check_free("/proc/nearedge")


def test_too_little_space_is_known_before_the_work(tmp_path: Path) -> None:
    check_free(tmp_path / "maps", space=1)
    with pytest.raises(OutputError, match=r"1000000000\.0 GB are needed"):
        check_free(tmp_path / "maps", space=10**18)
    assert not list(tmp_path.iterdir())


def test_a_full_disk_while_writing_keeps_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("old")
    with pytest.raises(OutputError, match="No space left"), replacing(path, force=True) as new:
        new.write_text("half")
        raise OSError(errno.ENOSPC, "No space left on device")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
    # Reading what is not there is no fault of the output.
    with pytest.raises(FileNotFoundError), replacing(path, force=True):
        (tmp_path / "none").read_text()


def test_hdf5_that_fills_the_disk_is_one_line_and_no_crash(tmp_path: Path) -> None:
    """HDF5 dies at the program's end of a file that it could not flush."""
    writing = """
import h5py, numpy as np, nearedge.cli, resource, sys
from nearedge.records import replacing
def write(words):
    with replacing(sys.argv[1]) as path, h5py.File(path, "w") as file:
        table = file.create_dataset("table", (1000, 1000), "f8", chunks=(10, 1000))
        for row in range(0, 1000, 10):
            table[row : row + 10] = np.random.random((10, 1000))
nearedge.cli.app = write
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
nearedge.cli.main()
"""
    command = [sys.executable, "-c", writing, str(tmp_path / "maps.h5")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        f"nearedge: {tmp_path / 'maps.h5'}: cannot be written (File too large); "
        "choose another output"
    ]
    assert not list(tmp_path.iterdir())
