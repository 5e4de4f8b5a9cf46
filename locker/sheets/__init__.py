"""Sheets of labels: envelopes' and doors', laid out in millimetres and written as PDF or SVG.

``orders`` reads who is to get a label, ``page`` divides the paper, ``glyphs`` turns text into outlines, ``art`` draws
one label, ``svg`` and ``pdf`` write pages. Everything is outlines and boxes, filled: what is printed needs no font on
the machine that prints it. Must never know a token, a screen or a database.
"""
