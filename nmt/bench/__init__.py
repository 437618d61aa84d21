"""`nmt bench train` and `nmt bench translate`: what this machine reaches with a config or a model, beside what it could reach.

Every rate is the median of several rounds with the lowest and the highest, and what it is compared with is measured in the same run, in
turn with the rounds: a machine that is busy, or that grows hot, slows both.
"""
