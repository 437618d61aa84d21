"""What is wrong with parallel text, found before it is trained on; `run.py` is the door of this room.

    pass 1   a sample of the training text -> a tokenizer with the config's settings, and how often each character occurs
    pass 2   every pair of every set, in blocks over all cores -> faults of the pair, lengths, two hashes; then duplicates and leakage
    pass 3   the lines that examples are shown of, and with --write all of them -> cleaned text and rejected lines

Text is never held: 24 bytes for each pair lie in temporary files (`fingerprints.py`), all else are counts.
"""
