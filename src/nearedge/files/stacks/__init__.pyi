"""The public names of the room and where they live; each is imported when it is first used."""

from ._opening import open_stack as open_stack
from ._stack import Block as Block, Stack as Stack
