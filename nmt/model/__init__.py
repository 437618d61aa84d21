"""The encoder-decoder LSTM with attention, as Keras 3 layers on the TensorFlow backend.

The shape legend of the whole project:

    B batch (sentences)      S source positions     T target positions
    D width of an input      H hidden units         E embedding units
    M memory units (2 · encoder units)              V vocabulary
    K beam (hypotheses of one sentence)
"""

from nmt.backend import choose_backend

choose_backend()  # before any file of this room imports Keras
