"""The documents as a site: the same Markdown that a forge shows, its links followed."""

from giddyup_watch import __version__

project = "giddyup-watch"
version = release = __version__
author = "the authors of giddyup-watch"
project_copyright = author  # a year would change the output without a change

extensions = ["myst_parser"]
root_doc = "docs/index"
source_suffix = {".md": "markdown"}
# The tree of sources is the repository: README and the documents beside docs/ belong to the site.
include_patterns = ["*.md", "docs/**.md", "monitoring/README.md"]
exclude_patterns = ["build", "dist"]

myst_heading_anchors = 4  # as the forges make them, and as tests/docs/test_links.py reads them
nitpicky = True
suppress_warnings = ["misc.highlighting_failure"]  # crontab is no language to Pygments

html_theme = "furo"
html_title = "giddyup-watch"
html_show_sphinx = False
html_copy_source = False
html_extra_path = ["front"]
html_theme_options = {"source_edit_link": ""}
