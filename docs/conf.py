"""How Sphinx builds the manual: ``make docs``."""

import importlib.metadata

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

sphinx_gallery_conf = {
    "examples_dirs": "gallery",
    "gallery_dirs": "examples",
    "filename_pattern": r"/plot_",
    "abort_on_example_error": True,
    "download_all_examples": False,
    "show_memory": False,
    "matplotlib_animations": False,
}

html_theme = "pydata_sphinx_theme"
html_title = "nearedge"
html_theme_options = {
    "show_toc_level": 2,
    "navigation_with_keys": True,
    "footer_start": ["copyright"],
    "footer_end": [],
}
html_show_sourcelink = False
