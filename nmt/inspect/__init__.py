"""`nmt inspect`: what a recurrent network does inside, as pictures (PNG) and as lines for the terminal.

Every file measures one thing and draws it; `drawing` says how pictures look and how they reach the disk.
"""
