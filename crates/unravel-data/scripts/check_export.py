"""Checks an exported npz with NumPy, as the tools for dSprites read it.

    python3 scripts/check_export.py dsprites.npz          (needs NumPy, and 3 GB of memory)
"""

import sys

import numpy as np

N = 737_280
SIZES = [1, 3, 6, 40, 32, 32]


def main(path):
    data = np.load(path, encoding="latin1", allow_pickle=True)
    assert list(data.keys()) == ["metadata", "imgs", "latents_classes", "latents_values"]

    metadata = data["metadata"][()]
    assert list(metadata["latents_sizes"]) == SIZES, metadata
    assert metadata["latents_names"] == ("color", "shape", "scale", "orientation", "posX", "posY")
    assert set(metadata) == {
        "date", "description", "version", "latents_names", "latents_possible_values",
        "latents_sizes", "author", "title",
    }  # fmt: skip

    classes = data["latents_classes"]
    assert classes.dtype == np.int64 and classes.shape == (N, 6)
    assert (classes == np.stack(np.unravel_index(np.arange(N), SIZES), axis=1)).all()

    values = data["latents_values"]
    assert values.dtype == np.float64 and values.shape == (N, 6)
    for column, name in enumerate(metadata["latents_names"]):
        possible = metadata["latents_possible_values"][name]
        assert (values[:, column] == possible[classes[:, column]]).all(), name

    images = data["imgs"]
    assert images.dtype == np.uint8 and images.shape == (N, 64, 64)
    assert images.max() == 1
    on = [int(part.sum(dtype=np.int64)) for part in np.split(images, 3)]
    assert on == [53_612_886, 42_070_950, 32_645_028], on
    print(f"{path}: all keys, dtypes, shapes, values and {sum(on):,} on-pixels are as they should be")


if __name__ == "__main__":
    main(sys.argv[1])
