"""A library in words: what it contains, how it answers, how far it can be believed."""

from collections import Counter

import numpy as np

from nearedge.matching._library import MEAN, Judgement, Library


def card(library: Library) -> str:
    """Describe a library in Markdown."""
    settings = library.settings
    number = library.value("coordination")
    computed = ~library.measured
    means = int((computed & (library.atom == MEAN)).sum())
    crystals = set(library.select(computed).crystal)
    counts = Counter(number[np.isfinite(number)].astype(float).round(1).tolist())
    held = Counter(zip(library.absorber, library.measured.tolist(), strict=True))
    elements = ", ".join(edge.absorber for edge in library.edges)
    lines = [
        f"# Coordination from {library.edge}-edges of {elements}",
        "",
        f"{computed.sum()} references ({computed.sum() - means} sites, {means} means over the "
        f"sites of a crystal) from {len(crystals)} crystals, computed by {library.origin} (dataset "
        f"{library.source}); {library.measured.sum()} measured. A "
        "measured spectrum is fitted by each of its element and of the neighbouring elements: "
        "moved, stretched, broadened. The best fits give coordination number, oxidation state "
        "and mean bond length (Å).",
        "",
        "| element | computed | measured |",
        "|---|---|---|",
        *(
            f"| {edge.absorber} | {held[edge.absorber, False]} | {held[edge.absorber, True]} |"
            for edge in library.edges
        ),
        "",
        "References by coordination number: "
        + ", ".join(f"{n:g}: {count}" for n, count in sorted(counts.items()))
        + f"; not stated: {int(np.isnan(number).sum())}.",
        "",
        "## How reliable it is",
        *_judged(library.judged),
        "",
        f"No answer is given if the best reference misses the spectrum by more than "
        f"{settings.limit:g} of the edge step (root mean square), or if it is most similar to a "
        "crystal whose coordination number is not stated. The set holds the likeliest numbers, "
        f"with a probability of at least {settings.least:g} together.",
        "",
    ]
    return "\n".join(lines)


def _judged(judged: tuple[Judgement, ...]) -> list[str]:
    if not judged:
        return ["It was not tested on measured spectra."]
    return [
        "On measured spectra of known structure, rung **measured**, in percent; new compounds: "
        "without the crystals of the same elements.",
        "",
        "| element | answered | coordination | mean of classes | new compounds | state ± 0.5 |",
        "|---|---|---|---|---|---|",
        *(
            f"| {one.absorber or 'all'} | {one.answered} of {one.n} | "
            + " | ".join(
                "-" if value is None else f"{100 * value:.0f}"
                for value in (
                    one.accuracy,
                    one.balanced_accuracy,
                    one.new_compounds,
                    one.oxidation_state,
                )
            )
            + " |"
            for one in judged
        ),
    ]
