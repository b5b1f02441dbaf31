"""MERT-v1-95M, the audio front end of the official checkpoints: network, features, files.

The weights are CC BY-NC 4.0 and never come with this package; the code here is ours.
"""
