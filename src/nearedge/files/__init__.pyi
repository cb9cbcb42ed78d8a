"""The public names of the room and where they live; each is imported when it is first used."""

from ._content import BEGINNING as BEGINNING
from ._hdf5 import is_hdf5 as is_hdf5
from ._names import tell_apart as tell_apart
from ._reading import MARK as MARK, read_spectra as read_spectra
