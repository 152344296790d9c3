// Distances and skeletons of masks, which are grids of 0 and 1.

import { createGrid } from "./grid.js";

/** Return the distance of each pixel to the nearest one of a value, in pixels; `far` for any from there on. */
export function distanceTo(value, { width, height, data }, far) {
  const vertical = new Float32Array(data.length).fill(far); // distance within the column
  for (let x = 0; x < width; x++) {
    for (const [start, end, step] of [[0, height, 1], [height - 1, -1, -1]]) {
      for (let y = start, distance = far; y !== end; y += step) {
        const i = y * width + x;
        distance = data[i] === value ? 0 : distance + 1;
        vertical[i] = Math.min(vertical[i], distance);
      }
    }
  }
  const distances = createGrid(width, height);
  for (let i = 0; i < data.length; i++) {
    const x = i % width;
    let least = vertical[i] ** 2;
    for (let aside = 1; aside * aside < least; aside++) {
      if (x >= aside) least = Math.min(least, aside ** 2 + vertical[i - aside] ** 2);
      if (x + aside < width) least = Math.min(least, aside ** 2 + vertical[i + aside] ** 2);
    }
    distances.data[i] = Math.sqrt(least);
  }
  return distances;
}

/** Return the number of pixels of the skeleton of a mask, which has an empty border (Zhang and Suen 1984). */
export function skeletonLength({ width, data }) {
  const pixels = Uint8Array.from(data);
  // A bit for each neighbor, clockwise from the upper left.
  const neighborhood = (i) => {
    const [up, down] = [i - width, i + width];
    const half = pixels[up - 1] | (pixels[up] << 1) | (pixels[up + 1] << 2) | (pixels[i + 1] << 3);
    return half | (pixels[down + 1] << 4) | (pixels[down] << 5) | (pixels[down - 1] << 6) | (pixels[i - 1] << 7);
  };
  let remaining = [...pixels.keys()].filter((i) => pixels[i]);
  for (let before = Infinity; remaining.length < before; ) {
    before = remaining.length;
    for (const half of [1, 2]) {
      const removed = remaining.filter((i) => REMOVED_IN[neighborhood(i)] & half);
      for (const i of removed) pixels[i] = 0;
      remaining = remaining.filter((i) => pixels[i]);
    }
  }
  return remaining.length;
}

// The halves of a step in which a pixel is removed, by its neighborhood: 0 in none, 1 in the first, 2 in the second, 3
// in both. It is what scikit-image's `skeletonize` does, which Python uses, so that lengths are equal.
const REMOVED_IN = [
  "0001001300311013000000002020303300000000300000000000000020003022",
  "0000000000000000000000000000000020000000200020003000000030003020",
  "0031001300000001000000000000000131000000000000002000000000000000",
  "2313001300000001000000000000000023010001000000003301000022002000",
].flatMap((row) => [...row].map(Number));
