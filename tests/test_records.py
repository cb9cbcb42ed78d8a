from pathlib import Path

import pytest

from nearedge.errors import InputError
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
        (path / "old").touch()
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
