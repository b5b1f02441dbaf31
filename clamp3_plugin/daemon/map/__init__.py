"""The library as a picture: a place in the plane for every piece, neighbours side by side."""
