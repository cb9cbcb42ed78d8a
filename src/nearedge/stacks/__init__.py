"""Stacks of images, a spectrum in each pixel: reading them, and making maps of compositions."""

from nearedge.stacks._mapping import (
    MapSettings as MapSettings,
    StackMap as StackMap,
    map_stack as map_stack,
)
from nearedge.stacks._opening import open_stack as open_stack
from nearedge.stacks._stack import Block as Block, Stack as Stack
