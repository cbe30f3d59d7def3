"""Makes assets/metadata.npy, the array `metadata` of the exported npz.

    python3 scripts/make_metadata.py          (needs NumPy; run in the crate's folder)

An object array of no dimensions that holds a dictionary with the fields of the original file's.
Tools for dSprites read it as

    numpy.load(path, encoding="latin1", allow_pickle=True)["metadata"][()]["latents_sizes"]

Pickle protocol 2, as in the original, and with the module names of NumPy 1, which NumPy 2 still
finds, so that every NumPy reads it.
"""

import io
import pickle
from pathlib import Path

import numpy as np

NAMES = ("color", "shape", "scale", "orientation", "posX", "posY")
VALUES = {
    "color": np.array([1.0]),
    "shape": np.array([1.0, 2.0, 3.0]),
    "scale": np.linspace(0.5, 1.0, 6),
    "orientation": np.linspace(0.0, 2.0 * np.pi, 40),
    "posX": np.linspace(0.0, 1.0, 32),
    "posY": np.linspace(0.0, 1.0, 32),
}
METADATA = {
    "date": "April 2017",
    "description": (
        "Disentanglement test Sprites dataset, rendered by unravel. 2D shapes made from 6 "
        "independent latents: color, shape, scale, orientation and position (x, y) of a sprite. "
        "All combinations of the latents are present, each once, posY varying fastest. "
        "No noise is added. The date is that of the original dataset."
    ),
    "version": 1,
    "latents_names": NAMES,
    "latents_possible_values": VALUES,
    "latents_sizes": np.array([len(VALUES[name]) for name in NAMES], dtype=np.int64),
    "author": "unravel, after the dSprites dataset (https://github.com/deepmind/dsprites-dataset)",
    "title": "dSprites dataset",
}


def main():
    array = np.array(METADATA, dtype=object)
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "|O", "fortran_order": False, "shape": ()}
    )
    pickled = pickle.dumps(array, protocol=2)
    pickled = pickled.replace(b"cnumpy._core.", b"cnumpy.core.")
    path = Path(__file__).parent.parent / "assets" / "metadata.npy"
    path.write_bytes(header.getvalue() + pickled)
    print(f"{path}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
