"""Names of files in tables: without folders, but for those that share their name."""

from collections.abc import Iterable
from itertools import count
from pathlib import Path


def tell_apart(files: Iterable[str]) -> dict[str, str]:
    """Give each file its name, behind as many folders as tell it from others of that name.

    Examples
    --------
    >>> list(tell_apart(["run/a/scan.dat", "run/b/scan.dat", "run/a/foil.dat"]).values())
    ['a/scan.dat', 'b/scan.dat', 'foil.dat']
    """
    alike: dict[str, list[str]] = {}
    for file in dict.fromkeys(files):
        alike.setdefault(Path(file).name, []).append(file)
    return {file: name for several in alike.values() for file, name in _shortened(several)}


def _shortened(files: list[str]) -> Iterable[tuple[str, str]]:
    paths = list(map(Path, files))
    shortened = ([str(Path(*path.parts[-parts:])) for path in paths] for parts in count(1))
    # One path may be written in two ways.
    names = next(names for names in shortened if len(set(names)) == len(set(paths)))
    return zip(files, names, strict=True)
