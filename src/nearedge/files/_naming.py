"""Names of spectra and texts of files: fit to be printed, put together, and made unique."""

from collections.abc import Sequence


def printable(text: str, longest: int = 80) -> str:
    """Make a text of a file fit for a line of output: no control characters, not too long."""
    start = text[: 4 * longest]
    clean = "".join(character if character.isprintable() else " " for character in start)
    return " ".join(clean.split())[:longest].strip()


def quoted(names: Sequence[str]) -> str:
    """Put names in quotes and together, the last with "and"."""
    marked = [f"'{name}'" for name in names[:20]]
    if len(names) > len(marked):
        marked.append(f"{len(names) - len(marked)} more")
    return " and ".join([", ".join(marked[:-1]), marked[-1]] if len(marked) > 1 else marked)


def unique(names: Sequence[str]) -> list[str]:
    """Number names that occur before."""
    taken, counts, made = {*names}, {}, []
    for name in names:
        number = counts[name] = counts.get(name, 0) + 1
        chosen = name
        while number > 1 and chosen in taken:
            chosen = f"{name} ({number})"
            number += 1
        taken.add(chosen)
        made.append(chosen)
    return made
