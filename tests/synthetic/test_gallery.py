"""Gallery of synthetic series."""

from __future__ import annotations

import dataclasses

from tsattn.synthetic.config import KINDS, SyntheticConfig
from tsattn.synthetic.gallery import gallery


def test_when_a_gallery_is_drawn_then_it_is_a_png_with_a_row_a_generator_that_has_a_weight(tmp_path):
    two = dataclasses.replace(SyntheticConfig(), **{kind: float(kind in ("counts", "weather")) for kind in KINDS})
    sizes = []
    for name, config in (("two", two), ("one", two.alone("counts"))):
        gallery(config, tmp_path / f"{name}.png", 0)
        data = (tmp_path / f"{name}.png").read_bytes()
        assert data[:8] == b"\x89PNG\r\n\x1a\n"
        sizes.append(int.from_bytes(data[20:24]))
    assert sizes[0] > 1.5 * sizes[1]
