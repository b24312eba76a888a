"""Read the sources of *Dive into Deep Learning* and write them as a book of ours.

``python -m tabbook import-d2l FOLDER --to BOOK``. The sources are written in the Markdown of
d2lbook. The modules, in the order in which they work:

- `dialect`: the frameworks of these books, and the problems that are reported;
- `markup`: the parser, which is markdown-it with a rule for each construct of d2lbook;
- `cells`: code cells, and ``if tab.selected(…)``, resolved for each framework;
- `words`: the text of paragraphs;
- `blocks`: headings, figures, tables, equations, lists;
- `page`: a page, with its front matter, cells and tabs;
- `sources`: all pages of a folder, their contents, and what ``config.ini`` says;
- `saved`: the module of each framework, from definitions marked ``#@save``;
- `names`: the names that a page's code takes from that module;
- `write`: the files of the new book;
- `command`: the command.
"""
