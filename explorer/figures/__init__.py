"""Records in, plotly figures and SVG out; nothing is computed here."""
