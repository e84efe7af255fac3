"""What is in the net: its graph, its steps, its LSTMs, in words."""
