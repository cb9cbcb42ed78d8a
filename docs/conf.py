"""How Sphinx builds the manual: ``make docs``."""

import importlib.metadata
from typing import Any

from matplotlib.figure import Figure
from sphinx_gallery.scrapers import figure_rst

project = "nearedge"
author = "The nearedge developers"
copyright = author
release = importlib.metadata.version("nearedge")

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_gallery.gen_gallery",
]
source_suffix = {".rst": "restructuredtext", ".md": "markdown"}
exclude_patterns = ["_build", "gallery"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3

# Members are listed by their class's own docstring; each would be a page of its own otherwise.
numpydoc_show_class_members = False
autosummary_generate = True
autodoc_typehints = "none"


def figures(block: tuple, block_vars: dict[str, Any], conf: dict[str, Any]) -> str:
    """Show what a block called ``figure``; pyplot does not know the figures that nearedge draws."""
    figure = block_vars["example_globals"].pop("figure", None)
    if not isinstance(figure, Figure):
        return ""
    path = next(block_vars["image_path_iterator"])
    figure.savefig(path)
    return figure_rst([path], conf["src_dir"])


sphinx_gallery_conf = {
    "image_scrapers": [figures],
    "examples_dirs": "gallery",
    "gallery_dirs": "examples",
    "filename_pattern": r"/plot_",
    "abort_on_example_error": True,
    "download_all_examples": False,
    "show_memory": False,
    "matplotlib_animations": False,
}

suppress_warnings = ["config.cache"]
html_theme = "pydata_sphinx_theme"
html_title = "nearedge"
html_theme_options = {
    "show_toc_level": 2,
    "navigation_with_keys": True,
    "footer_start": ["copyright"],
    "footer_end": [],
}
html_show_sourcelink = False
