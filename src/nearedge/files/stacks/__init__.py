"""Stacks of images, a spectrum in each pixel."""

from nearedge.files.stacks._opening import open_stack as open_stack
from nearedge.files.stacks._stack import Block as Block, Stack as Stack
