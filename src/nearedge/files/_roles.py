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


def word_set(text: str) -> frozenset[str]:
    """Give the words of a text."""
    return frozenset(text.split())


# Words end where capitals begin, as in lnI0It.
_TOKEN = re.compile(r"[A-Z]+(?![a-z])\d*|[A-Z]?[a-z]+\d*|\d+")
_DIGITS = re.compile(r"\d+$")
_ASIDE = {
    "a background, derivative, fit or error": word_set(
        "bkg background nbkg fbkg pre post preedge postedge der deriv derivative nder dmu sec nsec "
        "chie chik std stddev err error errors esd weight residual residuals fit"
    ),
    "a clock or counter of points": word_set(
        "second seconds time epoch clock timestamp date index idx point points pt pts dwell "
        "realtime rtc"
    ),
    "a state of the beamline": word_set(
        "temperature temp ring gap undulator wiggler srcurrent beamcurrent dcct storage machine "
        "topup pressure voltage gain slit slits position motor encoder shutter"
    ),
    "dead time or count rates": word_set(
        "icr ocr livetime deadtime live dead throughput outputcounts inputcounts totalcounts"
    ),
}
_ASIDE_ALONE = word_set("t s no n num number scan row q current ma count counts event eventid")
_NOT_ENERGY = word_set("k wavenumber r radius pixel pixels channel step steps")
_RATES = word_set("output input total raw fast slow"), word_set("count counts rate events")
_FACTORS = word_set("factor factors corr correction coefficient")
_DEAD_TIME = word_set("dt dtc deadtime dead dtfactor dtcfactor")
_WITHOUT = word_set("dark blank empty nosample without")
_NORMALISED = word_set("munorm norm normalized normalised normed nor flat flattened mback")
_MU = word_set(
    "mu xmu mux mut muf mutrans mutr mutransmission mufluor mufluo mufl mutey mufy absorption "
    "absorbance abs absorp od opticaldensity xanes nexafs xas xafs crosssection"
)
_STORED = _MU | word_set("intensity intensities spectrum signal")
_ENERGY = re.compile(
    r"energ(?:y|ie|ia)|^(?:ene|ev|kev|hnu|energies|enc|omega|pgm|sgm|dcm|x|(?:e|en|hv)\d*"
    r"|(?:mono|dcm|pgm|sgm|bragg)(?:e|en|ene|ev|kev|pos|position)?)$"
)
_OTHER_ENERGY = re.compile(r"binding|kinetic|auger")
_ANGLE = re.compile(r"angle|theta|bragg")
_INCIDENT = word_set("i0 io izero ion0 ioni0 ic0 ionchamber0 monitor mesh incident flux aumesh")
_INCIDENT_ALONE = word_set("mon imon goldmesh incidentintensity incomingbeam")
_TRANSMITTED = word_set(
    "i1 it itrans itran itr itransmission trans transm transmission transmitted ion1 ioni1 ic1 "
    "ionchamber1"
)
_REFERENCE = word_set("i2 ir iref irefer ireference ref refer reference ion2 ioni2 ic2 ionchamber2")
_REFERENCE_ALONE = word_set("foil ifoil")
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
_ASKED = re.compile(r"request|set(?!t?le)|target|nominal|demand|desired|asked|wanted|command|goal")
_REACHED = re.compile(r"real|read|rbv|feedback|achiev|actual|encod|measured|reached|true|observed")


def _tokens(label: str) -> list[str]:
    plain = label.replace("\N{MICRO SIGN}", "mu").replace("\N{GREEK SMALL LETTER MU}", "mu")
    return [token.lower() for token in _TOKEN.findall(plain)]


def _forms(tokens: list[str]) -> tuple[set[str], set[str]]:
    """The words of a label and the whole, and these with stems: detector 3 is of its kind."""
    words = {"".join(tokens), *tokens}
    return words, words | {_DIGITS.sub("", token) for token in tokens}


def role(label: str) -> Role | None:
    """Tell what a column is from its label; None if the label is not understood.

    >>> role("Photon Energy"), role("xmu"), role("I_0"), role("fluor_3"), role("Al2O3")
    ('energy', 'absorption', 'incident', 'fluorescence', None)
    """
    # "k(A^-1)" is k; else what stands before a bracket counts if the whole is not understood.
    short = _role(label.split("(")[0]) if "(" in label else None
    return short if short == "no energy" else _role(label) or short


@lru_cache(4096)
def _role(label: str) -> Role | None:
    tokens = _tokens(label)
    key, (words, stems), detector = "".join(tokens), _forms(tokens), _detector(tokens)
    if divided := _divided(tokens, label, detector):
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
    if _ENERGY.search(key) or (words & {"ev", "kev"} and not detector):
        return "energy"
    if _REFERENCE_MU.fullmatch(key):
        return "reference mu"
    if stems & _NORMALISED:
        return "normalised"
    if stems & _STORED and not words & (_INCIDENT | _INCIDENT_ALONE):
        return "absorption"
    return "incident" if words & _INCIDENT or key in _INCIDENT_ALONE else detector


def _detector(tokens: list[str]) -> Role | None:
    words, stems = _forms(tokens)
    if words & _REFERENCE or "".join(tokens) in _REFERENCE_ALONE:
        return "reference"
    named = {"electron", "yield"} <= words or {"sample", "current"} <= words
    if named or any(_YIELD.fullmatch(stem) for stem in stems):
        return "electron yield"
    if any(_FLUORESCENCE.fullmatch(stem) or _LINE.fullmatch(stem) for stem in stems):
        return "fluorescence"
    return "transmitted" if words & _TRANSMITTED else None


def _divided(tokens: list[str], label: str, detector: Role | None) -> Role | None:
    """Tell a signal that was divided by the monitor already, as in TEY/I0, Fluo_I0 or ln(I0/It)."""
    if len(tokens) < 2:
        short = re.fullmatch(r"(ff|if|iff|tey|tfy|pfy|fy|ey|fluo)i0", "".join(tokens))
        return "absorption" if short else None
    if {*tokens} & {"ln", "log"} and {*tokens} & (_TRANSMITTED | _INCIDENT):
        return "absorption"
    monitors = [n for n, token in enumerate(tokens) if token in _INCIDENT]
    if not monitors or not monitors[0] or "*" in label:
        return None
    before = tokens[: monitors[0]]
    if "/" in label:
        return "transmittance" if {*before} & _TRANSMITTED else "absorption"
    # Without a stroke the signal comes first: Fluo_I0 is a ratio, I0_fluo the monitor beside it.
    yields = _detector(before) in ("fluorescence", "electron yield")
    return "absorption" if yields and detector else None


def why_aside(label: str) -> str:
    """Say why no spectrum is made of a column, as far as its label says; else empty."""
    tokens = _tokens(label)
    stems = _forms(tokens)[1]
    if reason := next((reason for reason, words in _ASIDE.items() if stems & words), ""):
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
    """Strip the numbers from a label: what the elements of one detector have in common."""
    return re.sub(r"[\W_\d]+", "", label.lower())


def line_of(label: str) -> str | None:
    """Symbol of the element whose fluorescence line a label names, as in ``Fe_Ka_mca1``."""
    pairs = pairwise(re.findall(r"[A-Z][a-z]?(?![a-z])|[A-Za-z]+\d*", label))
    lines = (word for word, following in pairs if _LINE.fullmatch(following.lower()))
    return next((word for word in lines if re.fullmatch(r"[A-Z][a-z]?", word)), None)
