"""References of the measures, by their keys in the packaged list."""

REFERENCES = (
    "hs2002", "heise_ifdp", "cajalgrossi2023", "martin2020", "monarch2023", "kaplinsky_readman2005", "rauch1999",
)  # fmt: skip
"""Keys of the references of the methods, in the order in which the catalogue cites them."""
