"""Grids of images, and values as colors."""

import numpy as np

from digitjax.visualization.grid import Row, diverging_colors, image_grid


def test_images_are_laid_out_in_rows_beside_their_labels():
    black, white = np.zeros((28, 28), np.uint8), np.full((28, 28), 255, np.uint8)
    grid = np.asarray(
        image_grid([Row("one", np.stack([black])), Row("two", np.stack([white, black]))], scale=2).convert(
            "L"
        )
    )
    black_columns = (grid == 0).sum(axis=0) >= 56
    assert grid.shape[0] == 2 * (56 + 4) + 4
    assert black_columns.sum() == 2 * 56  # two columns of images
    left = int(black_columns.argmax())
    assert (grid[4:60, left : left + 56] == 0).all()
    assert (grid[64:120, left : left + 56] == 255).all()
    assert (grid[64:120, left + 60 : left + 116] == 0).all()
    assert (grid[4:60, :left] < 128).any()  # the label


def test_captions_add_space_below_their_row():
    images = np.zeros((2, 28, 28), np.uint8)
    plain, with_captions = (
        image_grid([Row("a", images, captions), Row("b", images)]) for captions in ((), ("1", "2"))
    )
    assert with_captions.height > plain.height
    below = np.asarray(with_captions.convert("L"))[62:74]
    assert (below < 128).any()


def test_color_images_of_any_size_fill_a_cell():
    red = np.zeros((1, 3, 3, 4), np.uint8)
    red[..., [0, 3]] = 255
    grid = np.asarray(image_grid([Row("", red)], scale=2))
    assert (grid == (255, 0, 0, 255)).all(axis=2).sum() == 56 * 56


def test_a_grid_takes_the_colors_of_a_dark_page():
    clear = np.zeros((1, 28, 28, 4), np.uint8)
    grid = np.asarray(image_grid([Row("one", clear)], text_color="white", background="#0000"))
    assert (grid[..., 3] == 0).mean() > 0.8
    assert (grid[..., :3][grid[..., 3] == 255] > 128).all()  # the label


def test_hue_shows_the_sign_and_opacity_the_magnitude():
    values = np.array([[[-2.0, 0.0, 1.0, 2.0]], [[0.0, 0.0, 0.0, 0.0]]])
    colors = diverging_colors(values).astype(int)
    blue, zero, pale, orange = colors[0, 0]
    assert blue[2] > blue[0]
    assert orange[0] > orange[2]
    assert zero[3] == 0
    assert pale.tolist() == [*orange[:3], 128]
    assert orange[3] == blue[3] == 255
    assert (colors[1, ..., 3] == 0).all()
    weak, strong = diverging_colors(np.array([[[1.0]], [[2.0]]]), shared=True).astype(int)
    assert weak[..., 3] < strong[..., 3]
