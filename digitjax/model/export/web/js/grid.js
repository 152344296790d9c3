// Grids of numbers: pictures, masks and digits. A grid has a width, a height, and its numbers row by row.

export function createGrid(width, height, data = new Float32Array(width * height)) {
  return { width, height, data };
}

/** Return a grid of the same size whose numbers are those of a function of each number. */
export function mapGrid({ width, height, data }, change) {
  return createGrid(width, height, data.map(change));
}

/** Return the part of a grid between columns x0 to x1 and rows y0 to y1, both half-open. */
export function cropGrid(grid, { x0, y0, x1, y1 }) {
  const cropped = createGrid(x1 - x0, y1 - y0);
  for (let y = y0; y < y1; y++) {
    cropped.data.set(grid.data.subarray(y * grid.width + x0, y * grid.width + x1), (y - y0) * cropped.width);
  }
  return cropped;
}

/** Return an empty grid with another one put into it, its upper left corner at (left, top). */
export function placeGrid(grid, width, height, left, top) {
  const placed = createGrid(width, height);
  for (let y = 0; y < grid.height; y++) {
    const row = grid.data.subarray(y * grid.width, (y + 1) * grid.width);
    placed.data.set(row, (y + top) * width + left);
  }
  return placed;
}

/** Return the smallest box around the numbers above a threshold, half-open; null if there are none. */
export function findBox({ width, height, data }, threshold) {
  let [x0, y0, x1, y1] = [width, height, 0, 0];
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (data[i] <= threshold) continue;
      x0 = Math.min(x0, x);
      x1 = Math.max(x1, x + 1);
      y0 = Math.min(y0, y);
      y1 = y + 1;
    }
  }
  return y1 ? { x0, y0, x1, y1 } : null;
}
