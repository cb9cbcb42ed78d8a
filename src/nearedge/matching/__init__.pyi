"""The public names of the room and where they live; each is imported when it is first used."""

from ._building import build_library as build_library
from ._curves import GRID as GRID, REFERENCE as REFERENCE, Distortion as Distortion
from ._folder import (
    is_library as is_library,
    load_library as load_library,
    save_library as save_library,
)
from ._library import (
    TARGETS as TARGETS,
    Judgement as Judgement,
    Library as Library,
)
from ._matching import (
    Aligned as Aligned,
    Likeness as Likeness,
    Match as Match,
    Resemblance as Resemblance,
    align as align,
    match as match,
)
from ._pixels import ReferenceReader as ReferenceReader, reference_reader as reference_reader
from ._settings import Settings as Settings
from ._standards import (
    GOOD as GOOD,
    MIXED as MIXED,
    Standard as Standard,
    akin as akin,
    own as own,
    read_standards as read_standards,
    standards_library as standards_library,
)
from ._telling import (
    LEVEL as LEVEL,
    Classes as Classes,
    Numbers as Numbers,
    coordination as coordination,
    mute as mute,
    number as number,
    probabilities as probabilities,
    quantiles as quantiles,
    unstated as unstated,
)
