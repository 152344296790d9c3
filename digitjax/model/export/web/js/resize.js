// Resampling with the filters of Pillow, which Python uses: a pixel is the weighted mean of those under its filter.

import { createGrid } from "./grid.js";

export const BOX = { reach: 0.5, weight: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) };
export const BILINEAR = { reach: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) };
export const BICUBIC = { reach: 2, weight: (x) => cubic(Math.abs(x)) };

/** Return a grid resampled to another size. */
export function resize(grid, width, height, filter) {
  return transpose(resampleRows(transpose(resampleRows(grid, width, filter)), height, filter));
}

/** Cubic convolution with a slope of -1/2 (Keys 1981). */
function cubic(x) {
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}

function resampleRows({ width, height, data }, newWidth, filter) {
  const resampled = createGrid(newWidth, height);
  const scale = width / newWidth;
  const stretch = Math.max(scale, 1); // of the filter, so that no pixel is left out
  for (let x = 0; x < newWidth; x++) {
    const center = (x + 0.5) * scale;
    const first = Math.max(0, Math.trunc(center - filter.reach * stretch + 0.5));
    const end = Math.min(width, Math.trunc(center + filter.reach * stretch + 0.5));
    const weights = [];
    for (let u = first; u < end; u++) weights.push(filter.weight((u + 0.5 - center) / stretch));
    const total = weights.reduce((sum, weight) => sum + weight);
    for (let y = 0; y < height; y++) {
      let sum = 0;
      for (let k = 0; k < weights.length; k++) sum += weights[k] * data[y * width + first + k];
      resampled.data[y * newWidth + x] = sum / total;
    }
  }
  return resampled;
}

function transpose({ width, height, data }) {
  const transposed = createGrid(height, width);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) transposed.data[x * height + y] = data[y * width + x];
  }
  return transposed;
}
