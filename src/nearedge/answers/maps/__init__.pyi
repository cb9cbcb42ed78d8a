"""The public names of the room and where they live; each is imported when it is first used."""

from ._mapping import StackMap as StackMap, map_stack as map_stack
from ._references import ready_for as ready_for
