"""Digits of equal width, made from BIZ UDPGothic, whose `1` is narrower than the other digits; and its signs ≤ and ≥.

BIZ UDPGothic has no OpenType feature for tabular digits, and columns of numbers must align. This script keeps
only the ten digits and two signs, sets `1` in the middle of the common width, and names the family "Shirube Digits" (the OFL
asks nothing of the name: BIZ UDPGothic reserves none). The signs are here because BIZ UDPGothic 1.05, which Debian 12
installs, draws ≤ as ≥ and ≥ as ≤: a page that used that file would say the opposite of what is meant. Run with Python and fontTools + brotli installed:

    python assets/fonts/make_digits.py
"""

from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

HERE = Path(__file__).parent

for style in ("Regular", "Bold"):
    font = TTFont(HERE / f"BIZUDPGothic-{style}.ttf", recalcTimestamp=False)
    options = subset.Options()
    options.layout_features = []
    options.hinting = False
    options.name_IDs = [0, 1, 2, 4, 6, 13, 14]
    options.drop_tables += ["vhea", "vmtx", "BASE", "DSIG"]
    cutter = subset.Subsetter(options)
    cutter.populate(text="0123456789≤≥")
    cutter.subset(font)
    names = font.getBestCmap()
    width = font["hmtx"][names[ord("0")]][0]
    for digit in "0123456789":
        name = names[ord(digit)]
        advance, bearing = font["hmtx"][name]
        shift = (width - advance) // 2
        if shift:
            glyph = font["glyf"][name]
            glyph.coordinates.translate((shift, 0))
            glyph.recalcBounds(font["glyf"])
            font["hmtx"][name] = (width, bearing + shift)
    for record in font["name"].names:
        if record.nameID in (1, 4, 6):
            words = {1: "Shirube Digits", 4: f"Shirube Digits {style}", 6: f"ShirubeDigits-{style}"}
            record.string = words[record.nameID]
    font.save(HERE / f"ShirubeDigits-{style}.ttf")
    font.flavor = "woff2"
    font.save(HERE / f"ShirubeDigits-{style}.woff2")
