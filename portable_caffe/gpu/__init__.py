"""On a GPU: whole passes launched at once, and the LSTM unit as one kernel."""
