"""What a column of a scan is, told from its label: energy, detector, spectrum or neither."""

import re
from typing import Literal

Role = Literal[
    "energy",
    "angle",
    "absorption",
    "incident",
    "transmitted",
    "fluorescence",
    "electron yield",
    "reference",
    "aside",
]
"""``reference`` is the detector behind a reference foil; ``aside`` is a known column that is no
absorption spectrum: a background, a derivative, a clock."""

# Words end where capitals begin, as in lnI0It.
_TOKEN = re.compile(r"[A-Z]+(?![a-z])\d*|[A-Z]?[a-z]+\d*|\d+")
_DIVIDED = re.compile(r"(?:ff|if|tey|tfy|pfy|fy|ey|fluo|iff)i0")
_DIGITS = re.compile(r"\d+$")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ASIDE = _words(
    "bkg background nbkg fbkg pre post preedge postedge der deriv derivative nder dmu sec nsec "
    "second seconds chi chie chik std stddev err error errors esd weight residual residuals time "
    "epoch clock timestamp date index idx point points pt pts temperature temp ring gap icr ocr "
    "livetime deadtime dwell realtime undulator wiggler"
)
_ASIDE_ALONE = _words("t s no n num number scan row k current q srcurrent beamcurrent count counts")
_ABSORPTION = _words(
    "mu xmu mue mux mut muf mutrans mutr mutransmission mufluor mufluo mufl mutey mufy muref "
    "murefer munorm norm normalized normalised normed nor flat flattened absorption absorbance abs "
    "absorp xanes nexafs xas od intensity intensities spectrum signal crosssection opticaldensity "
    "mback"
)
_ENERGY = _words("e en ene ev kev hv hnu x energies enc omega pgm sgm dcm")
_ENERGY_WORD = re.compile(r"energ(?:y|ie|ia)")
_MONOCHROMATOR = re.compile(r"(?:mono|dcm|pgm|sgm|bragg)(?:e|en|ene|ev|kev|pos|position)?")
_ANGLE = re.compile(r"angle|theta|bragg")
_INCIDENT = _words("i0 io izero ion0 ic0 ionchamber0 monitor mesh incident flux")
_INCIDENT_ALONE = _words("mon imon aumesh goldmesh incidentintensity")
_TRANSMITTED = _words(
    "i1 it itrans itran itr itransmission trans transm transmission transmitted ion1 ic1 "
    "ionchamber1"
)
_REFERENCE = _words("i2 ir iref irefer ireference ref refer reference ion2 ic2 ionchamber2 foil")
_YIELD = _words("tey pey aey ey drain draincurrent idrain isample samplecurrent electronyield")
_FLUORESCENCE = _words(
    "if iff ff ifl ifluo ifluor ifluorescence fluo fluor fluorescence fl fy tfy pfy ify lytle pips "
    "sdd vortex xspress xmap sca roi mca canberra ketek dtc"
)
_RATIO = _words("ln log")


def role(label: str) -> Role | None:
    """Tell what a column is from its label; None if the label is not understood.

    Examples
    --------
    >>> role("Photon Energy"), role("xmu"), role("I_0"), role("fluor_3"), role("Al2O3")
    ('energy', 'absorption', 'incident', 'fluorescence', None)
    >>> role("TEY/I0"), role("lnI0It"), role("pre_edge"), role("mono angle")
    ('absorption', 'absorption', 'aside', 'angle')
    """
    plain = label.replace("\N{MICRO SIGN}", "mu").replace("\N{GREEK SMALL LETTER MU}", "mu")
    tokens = [token.lower() for token in _TOKEN.findall(plain)]
    key = "".join(tokens)
    said = {key, *tokens}
    # Detector 3 of a kind is of that kind; "i0" and "i1" are words of their own.
    stems = said | {_DIGITS.sub("", token) for token in tokens}
    divided = len(tokens) > 1 and said & (_RATIO | _INCIDENT)
    if (divided and _is_signal(said | stems, "/" in label)) or _DIVIDED.fullmatch(key):
        return "absorption"
    if _ANGLE.search(key) and "energy" not in key:
        return "angle"
    if stems & _ASIDE or key in _ASIDE_ALONE:
        return "aside"
    if _ENERGY_WORD.search(key) or key in _ENERGY or _MONOCHROMATOR.fullmatch(key):
        return "energy"
    if stems & _ABSORPTION:
        return "absorption"
    if said & _INCIDENT or key in _INCIDENT_ALONE:
        return "incident"
    if said & _REFERENCE:
        return "reference"
    if stems & _YIELD:
        return "electron yield"
    if stems & _FLUORESCENCE:
        return "fluorescence"
    if {"electron", "yield"} <= said or {"sample", "current"} <= said:
        return "electron yield"
    if said & _TRANSMITTED:
        return "transmitted"
    return None


def stem(label: str) -> str:
    """Strip the numbers from a label: what the elements of one detector have in common.

    Examples
    --------
    >>> stem("Fluor_12") == stem("fluor_3")
    True
    """
    return re.sub(r"[\W_\d]+", "", label.lower())


def _is_signal(words: set[str], divided: bool) -> bool:
    """Tell a ratio of detectors, as in TEY/I0 or ln(I0/It), from one of them."""
    signals = _TRANSMITTED | _YIELD | _FLUORESCENCE
    return bool(words & signals) and (divided or bool(words & (_RATIO | _ABSORPTION)))
