"""The encoder-decoder LSTM with attention, as Keras 3 layers on the TensorFlow backend.

The shape legend of the whole project:

    B batch (sentences)      S source positions     T target positions
    D width of an input      H hidden units         E embedding units
    M memory units (2 · encoder units)              V vocabulary
    K beam (hypotheses of one sentence)
"""

import os

# Read once by Keras at its first import, which happens below this line and nowhere above it.
os.environ["KERAS_BACKEND"] = "tensorflow"
