"""All doors of one daemon at once, for as long as one likes: see run.py."""
