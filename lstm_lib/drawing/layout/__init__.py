"""Where things stand: one cell of a kind, then the whole scene.

    scene           rows of steps, and the nodes around them
    choose          which layout for which steps
    columns, joins  columns, rows, and what joins the outputs of two directions
    lstm_cell, fused_cell, lstm_grid    the textbook's LSTM: of layers, of an `LSTMUnit`, and with
                    peepholes
    gru_cell, rnn_cell                  the textbook's GRU and plain recurrent net
    lstm_input, output_layers           what a step does to its input, like an attention, and to
                    its output, like a dropout
    clear           nodes below the steps step aside for lines into the steps
    any_cell        any other cell
    feet            where wires meet the lower edges of nodes
    cell_layout     what a layout of one cell holds
    layered         nodes in layers, each above all that feed it
    main_line       which of them stand on one upright line
"""
