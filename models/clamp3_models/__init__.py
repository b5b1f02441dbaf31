"""CLaMP 3 in torch: the encoders, their weights, training and evaluation."""
