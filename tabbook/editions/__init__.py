"""The whole book as one file for each framework: a PDF to print, an ePub for e-readers.

Both are made from the built book, ``_build/html``: `contents` reads the order of its pages,
`articles` takes one framework's text from each page, `edition` joins them, and `pdf` and `epub`
write the files. `menus` links the files from the pages of the built book.
"""
