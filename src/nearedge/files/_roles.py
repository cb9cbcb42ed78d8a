"""What a column of a scan is, told from its label: energy, detector, spectrum or neither."""

import re
from functools import lru_cache
from itertools import pairwise
from typing import Literal

Role = Literal[
    "energy",
    "angle",
    "no energy",
    "absorption",
    "normalised",
    "transmittance",
    "incident",
    "transmitted",
    "fluorescence",
    "electron yield",
    "reference",
    "reference mu",
    "factor",
    "without sample",
    "aside",
]
"""``no energy`` is an axis that is none of energies; ``reference`` the detector behind a reference
foil; ``factor`` a dead-time factor; ``aside`` a column of which no spectrum is made."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Words end where capitals begin, as in lnI0It.
_TOKEN = re.compile(r"[A-Z]+(?![a-z])\d*|[A-Z]?[a-z]+\d*|\d+")
_DIGITS = re.compile(r"\d+$")
_ASIDE = {
    "a background, derivative, fit or error": _words(
        "bkg background nbkg fbkg pre post preedge postedge der deriv derivative nder dmu sec nsec "
        "chie chik std stddev err error errors esd weight residual residuals fit"
    ),
    "a clock or counter of points": _words(
        "second seconds time epoch clock timestamp date index idx point points pt pts dwell "
        "realtime rtc"
    ),
    "a state of the beamline": _words(
        "temperature temp ring gap undulator wiggler srcurrent beamcurrent dcct storage machine "
        "topup pressure voltage gain slit slits position motor encoder shutter"
    ),
    "dead time or count rates": _words(
        "icr ocr livetime deadtime live dead throughput outputcounts inputcounts totalcounts"
    ),
}
_ASIDE_ALONE = _words("t s no n num number scan row q current ma count counts event eventid")
_NOT_ENERGY = _words("k wavenumber r radius pixel pixels channel step steps")
_RATES = _words("output input total raw fast slow"), _words("count counts rate events")
_FACTORS = _words("factor factors corr correction coefficient")
_DEAD_TIME = _words("dt dtc deadtime dead dtfactor dtcfactor")
_WITHOUT = _words("dark blank empty nosample without")
_NORMALISED = _words("munorm norm normalized normalised normed nor flat flattened mback")
_MU = _words(
    "mu xmu mux mut muf mutrans mutr mutransmission mufluor mufluo mufl mutey mufy absorption "
    "absorbance abs absorp od opticaldensity xanes nexafs xas xafs crosssection"
)
_STORED = _MU | _words("intensity intensities spectrum signal")
_ENERGY = _words("e en ene ev kev hv hnu energies enc omega pgm sgm dcm x")
_ENERGY_WORD = re.compile(r"energ(?:y|ie|ia)")
_OTHER_ENERGY = re.compile(r"binding|kinetic|auger")
_MONOCHROMATOR = re.compile(r"(?:mono|dcm|pgm|sgm|bragg)(?:e|en|ene|ev|kev|pos|position)?")
_ANGLE = re.compile(r"angle|theta|bragg")
_INCIDENT = _words("i0 io izero ion0 ioni0 ic0 ionchamber0 monitor mesh incident flux aumesh")
_INCIDENT_ALONE = _words("mon imon goldmesh incidentintensity incomingbeam")
_TRANSMITTED = _words(
    "i1 it itrans itran itr itransmission trans transm transmission transmitted ion1 ioni1 ic1 "
    "ionchamber1"
)
_REFERENCE = _words("i2 ir iref irefer ireference ref refer reference ion2 ioni2 ic2 ionchamber2")
_REFERENCE_ALONE = _words("foil ifoil")
_REFERENCE_MU = re.compile(
    r"(?:x?mu|abs|norm)_*(?:ref|refer|reference|foil|r)(?:mu)?|(?:ref|foil)mu"
)
_YIELD = re.compile(
    r"i?[tpa]?ey|i?drain(?:current)?|i?samplecurrent|isample|keithley|pico\w*amm?\w*"
)
_FLUORESCENCE = re.compile(
    r"i?[tpi]?fy|if|iff|ff|ifl|fl|i?fluor?(?:escence)?|lytle|pips|sdd|vortex|xspress|xmap|sca|roi"
    r"|mca|canberra|ketek|dtc"
)
_LINE = re.compile(r"[kl][abαβ]\d?")
_CHAMBER = re.compile(r"(?:ion|ioni|ic|ionchamber|ioni[sz]ationchamber)(\d)")
_RATIO = _words("ln log")
_ASKED = re.compile(r"request|set(?!t?le)|target|nominal|demand|desired|asked|wanted|command|goal")
_REACHED = re.compile(r"real|read|rbv|feedback|achiev|actual|encod|measured|reached|true|observed")


def _tokens(label: str) -> list[str]:
    plain = label.replace("\N{MICRO SIGN}", "mu").replace("\N{GREEK SMALL LETTER MU}", "mu")
    return [token.lower() for token in _TOKEN.findall(plain)]


def role(label: str) -> Role | None:
    """Tell what a column is from its label; None if the label is not understood.

    Examples
    --------
    >>> role("Photon Energy"), role("xmu"), role("I_0"), role("fluor_3"), role("Al2O3")
    ('energy', 'absorption', 'incident', 'fluorescence', None)
    >>> role("TEY/I0"), role("lnI0It"), role("pre_edge"), role("mono angle"), role("itey")
    ('absorption', 'absorption', 'aside', 'angle', 'electron yield')
    """
    # "k(A^-1)" is k; else what stands before a bracket counts if the whole is not understood.
    short = _role(label.split("(")[0]) if "(" in label else None
    return short if short == "no energy" else _role(label) or short


@lru_cache(4096)
def _role(label: str) -> Role | None:
    tokens = _tokens(label)
    key = "".join(tokens)
    words = {key, *tokens}
    # Detector 3 of a kind is of that kind; "i0" and "i1" are words of their own.
    stems = words | {_DIGITS.sub("", token) for token in tokens}
    detector = _detector(words, stems, key)
    if divided := _divided(tokens, key, label, detector):
        return divided
    if stems & _DEAD_TIME and (stems & _FACTORS or "factor" in key):
        return "factor"
    if _OTHER_ENERGY.search(key) or key in _NOT_ENERGY:
        return "no energy"
    if _ANGLE.search(key) and "energy" not in key:
        return "angle"
    if (why_aside(label) and not detector) or (stems & _RATES[0] and stems & _RATES[1]):
        return "aside"
    if words & _WITHOUT:
        return "without sample"
    if _ENERGY_WORD.search(key) or _is_energy(key) or (words & {"ev", "kev"} and not detector):
        return "energy"
    if _REFERENCE_MU.fullmatch(key):
        return "reference mu"
    if stems & _NORMALISED:
        return "normalised"
    if stems & _STORED and not words & (_INCIDENT | _INCIDENT_ALONE):
        return "absorption"
    if words & _INCIDENT or key in _INCIDENT_ALONE:
        return "incident"
    return detector


def _detector(words: set[str], stems: set[str], key: str) -> Role | None:
    if words & _REFERENCE or key in _REFERENCE_ALONE:
        return "reference"
    if any(_YIELD.fullmatch(stem) for stem in stems):
        return "electron yield"
    if {"electron", "yield"} <= words or {"sample", "current"} <= words:
        return "electron yield"
    if any(_FLUORESCENCE.fullmatch(stem) or _LINE.fullmatch(stem) for stem in stems):
        return "fluorescence"
    return "transmitted" if words & _TRANSMITTED else None


def _is_energy(key: str) -> bool:
    short = _DIGITS.sub("", key)
    return key in _ENERGY or short in ("e", "en", "hv") or bool(_MONOCHROMATOR.fullmatch(key))


def _divided(tokens: list[str], key: str, label: str, detector: Role | None) -> Role | None:
    """Tell a signal that was divided by the monitor already, as in TEY/I0, Fluo_I0 or ln(I0/It)."""
    if len(tokens) < 2:
        short = re.fullmatch(r"(ff|if|iff|tey|tfy|pfy|fy|ey|fluo)i0", key)
        return "absorption" if short else None
    logarithm = bool(set(tokens) & _RATIO)
    if logarithm and set(tokens) & (_TRANSMITTED | _INCIDENT):
        return "absorption"
    monitors = [n for n, token in enumerate(tokens) if token in _INCIDENT]
    if not monitors or "*" in label:
        return None
    before = tokens[: monitors[0]]
    if "/" in label and before:
        return "transmittance" if set(before) & _TRANSMITTED else "absorption"
    # Without a stroke the signal comes first: Fluo_I0 is a ratio, I0_fluo the monitor beside it.
    alone = (
        _detector({*before}, {*before, *(_DIGITS.sub("", token) for token in before)}, before[0])
        if before
        else None
    )
    return "absorption" if alone in ("fluorescence", "electron yield") and detector else None


def why_aside(label: str) -> str:
    """Say why no spectrum is made of a column, as far as its label says; else empty."""
    tokens = _tokens(label)
    stems = {"".join(tokens), *tokens, *(_DIGITS.sub("", token) for token in tokens)}
    for reason, words in _ASIDE.items():
        if stems & words:
            return reason
    if "".join(tokens) in _ASIDE_ALONE:
        return "a state of the beamline"
    return "dead time or count rates" if stems & _RATES[0] and stems & _RATES[1] else ""


def asked_rank(label: str) -> int:
    """Order energies: 0 for one that was reached, 2 for one that was asked for, else 1."""
    text = label.lower()
    if _ASKED.search(text) or text == "angle(c)" or "base" in text:
        return 2
    return 0 if _REACHED.search(text) else 1


def chamber(label: str) -> int | None:
    """Number of an ionisation chamber that is labelled by nothing else."""
    match = _CHAMBER.fullmatch("".join(_tokens(label)))
    return int(match[1]) if match else None


def stem(label: str) -> str:
    """Strip the numbers from a label: what the elements of one detector have in common.

    Examples
    --------
    >>> stem("Fluor_12") == stem("fluor_3")
    True
    """
    return re.sub(r"[\W_\d]+", "", label.lower())


def line_of(label: str) -> str | None:
    """Symbol of the element whose fluorescence line a label names, as in ``Fe_Ka_mca1``."""
    words = re.findall(r"[A-Z][a-z]?(?![a-z])|[A-Za-z]+\d*", label)
    for word, following in pairwise(words):
        if re.fullmatch(r"[A-Z][a-z]?", word) and _LINE.fullmatch(following.lower()):
            return word
    return None
