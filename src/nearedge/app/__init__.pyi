"""The public names of the room and where they live; each is imported when it is first used."""

from ._serving import serve as serve
