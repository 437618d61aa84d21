"""How the pictures look, and how they reach the disk: whole, and the same bytes for the same figures."""

import logging
import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nmt.atomic import replacing_file
from nmt.errors import PictureError
from nmt.inspect.glyphs import drawable, families_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe and Ito (2008): told apart by people of every kind of colour vision. The yellow, too pale for lines on white, is left out."""
LINE_STYLES: tuple[Any, ...] = ("-", "--", ":", "-.")
SHARES, SIGNED = "cividis", "PuOr"
"""Colour maps for values in [0, 1] and for values on both sides of 0; both hold for every kind of colour vision."""
INK, PALE = "#333333", "#DDDDDD"
DOTS_PER_INCH = 110
PALETTE = 256

STYLE: dict[str, Any] = {
    "figure.constrained_layout.use": True,
    "font.size": 9.0,
    "axes.titlesize": 10.0,
    "axes.titlelocation": "left",
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
    "grid.color": PALE,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "lines.linewidth": 1.6,
    "text.color": INK,
    "text.parse_math": False,  # a piece such as `$` is no mathematics
    "xtick.color": INK,
    "ytick.color": INK,
    "image.interpolation": "nearest",
}


def check_drawing(folder: Path) -> None:
    """Find out, before anything is computed, whether pictures can be drawn and stored.

    Raises:
        PictureError: matplotlib is missing, or the folder cannot be one.
    """
    if find_spec("matplotlib") is None:
        raise PictureError("pictures need matplotlib, which is not installed: pip install 'carousel-nmt[plots]'")
    if blocking := [path for path in (folder, *folder.parents) if path.exists() and not path.is_dir()]:
        raise PictureError(f"cannot write pictures to {folder}: {blocking[0]} is not a folder; choose another with -o")


@dataclass(frozen=True)
class Picture:
    """A figure in the making."""

    figure: "Figure"
    families: list[str]

    def labels(self, texts: Iterable[str]) -> list[str]:
        """The texts as this picture's fonts can show them."""
        return [drawable(text, self.families) for text in texts]


@contextmanager
def picture(path: Path, size: tuple[float, float], texts: Iterable[str] = ()) -> Iterator[Picture]:
    """Yield an empty figure; what has been drawn on it when the block ends becomes the PNG at `path`.

    Args:
        path: of the PNG; its folder is made.
        size: width and height in inches.
        texts: what will be written on it in the words of a corpus, so that fonts are found for them.

    Raises:
        PictureError: the folder cannot be made.
    """
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it says at the first picture that it builds a list of fonts
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from PIL import Image

    families = families_for(texts)
    # No pyplot: it would keep a list of figures, and choose a window system.
    settings: Any = {**mpl.rcParamsDefault, **STYLE, "font.family": families}
    with mpl.rc_context(settings):
        figure = Figure(figsize=size, dpi=DOTS_PER_INCH)
        canvas: Any = FigureCanvasAgg(figure)
        yield Picture(figure, families)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise PictureError(f"cannot make the folder {path.parent}: {error.strerror}; choose another with -o") from error
        with replacing_file(path) as temporary:
            canvas.draw()
            # A palette makes a fourth of the bytes, and Pillow alone writes neither date nor version.
            painted = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
            few = painted.quantize(PALETTE, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
            few.save(temporary, format="PNG", optimize=True)


def heat_map(axes: "Axes", values: Any, *, colours: str, low: float, high: float) -> Any:
    """Draw a matrix as coloured cells, its first row at the top; returns what a colour bar wants."""
    image = axes.imshow(values, aspect="auto", cmap=colours, vmin=low, vmax=high)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return image


def power_of_ten(value: float) -> str:
    """A label of a logarithmic axis, as 10⁻³: matplotlib's own would be mathematics, which `text.parse_math` forbids."""
    return "10" + f"{round(math.log10(value))}".translate(_RAISED)


_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
