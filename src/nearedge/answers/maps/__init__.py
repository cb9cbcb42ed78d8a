"""Maps of compositions, made of stacks of images."""

from nearedge.answers.maps._mapping import (
    MapSettings as MapSettings,
    StackMap as StackMap,
    map_stack as map_stack,
)
