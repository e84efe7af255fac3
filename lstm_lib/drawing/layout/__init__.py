"""Where things stand: one cell of a kind, then the whole scene.

    scene           rows of steps, and the nodes around them
    choose          which layout for which steps
    lstm_cell, fused_cell, lstm_input   the textbook's LSTM: of layers, of an `LSTMUnit`, and what
                    a step does to its input, like an attention
    any_cell        any other cell
    feet            where wires meet the lower edges of nodes
    cell_layout     what a layout of one cell holds
    layered         nodes in layers, each above all that feed it
    main_line       which of them stand on one upright line
"""
