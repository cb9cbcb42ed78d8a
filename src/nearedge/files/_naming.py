"""Names of spectra and texts of files: fit to be printed, put together, and made unique."""

from collections.abc import Sequence

_LONGEST = 80


def printable(text: str, longest: int = _LONGEST) -> str:
    r"""Make a text of a file fit for a line of output: no control characters, not too long.

    Examples
    --------
    >>> printable("Fe\tfoil\x07")
    'Fe foil'
    """
    start = text[: 4 * longest]
    clean = "".join(character if character.isprintable() else " " for character in start)
    return " ".join(clean.split())[:longest].strip()


def excerpt(line: str) -> str:
    """Give the beginning of a line to recognise it by."""
    return printable(line, 40)


def quoted(names: Sequence[str]) -> str:
    """Put names in quotes and together, the last with "and".

    Examples
    --------
    >>> quoted(["i0", "i1", "time"])
    "'i0', 'i1' and 'time'"
    """
    marked = [f"'{name}'" for name in names[:20]]
    if len(names) > len(marked):
        marked.append(f"{len(names) - len(marked)} more")
    return " and ".join([", ".join(marked[:-1]), marked[-1]] if len(marked) > 1 else marked)


def unique(names: Sequence[str]) -> list[str]:
    """Number names that occur before.

    Examples
    --------
    >>> unique(["mu", "mu", "norm"])
    ['mu', 'mu (2)', 'norm']
    """
    reserved = set(names)
    seen: set[str] = set()
    counts: dict[str, int] = {}
    made = []
    for name in names:
        chosen = name
        while chosen in seen or (chosen != name and chosen in reserved):
            counts[name] = counts.get(name, 1) + 1
            chosen = f"{name} ({counts[name]})"
        seen.add(chosen)
        made.append(chosen)
    return made
