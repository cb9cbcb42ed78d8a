"""The public names of the room and where they live; each is imported when it is first used."""

from ._hdf5 import is_hdf5 as is_hdf5
from ._matrix import read_table as read_table
from ._reading import FORMATS as FORMATS, MARK as MARK, read_spectra as read_spectra
