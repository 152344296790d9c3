// Connected components of the strokes, as in digitjax/imaging/components.py.

const MIN_AREA = 2; // pixels
const MIN_SPECK_SIZE = 0.1; // size of the smallest component, over that of the largest
const MIN_SPECK_AREA = 0.006; // area of the smallest component, over that of the largest

/** A box of columns x0 to x1 and rows y0 to y1, half-open, around one or several connected components. */
export class Component {
  constructor(x0, y0, x1, y1, labels, area) {
    Object.assign(this, { x0, y0, x1, y1, labels, area });
  }

  get width() {
    return this.x1 - this.x0;
  }

  get height() {
    return this.y1 - this.y0;
  }

  /** Longer side. */
  get size() {
    return Math.max(this.width, this.height);
  }

  union(other) {
    return new Component(
      Math.min(this.x0, other.x0),
      Math.min(this.y0, other.y0),
      Math.max(this.x1, other.x1),
      Math.max(this.y1, other.y1),
      [...this.labels, ...other.labels],
      this.area + other.area,
    );
  }
}

/**
 * Find the connected components of the pixels above a threshold; pixels touch at their corners, too.
 *
 * Returns the label of each pixel, counted from 1, and the components, the largest area first, without specks.
 */
export function findComponents(grid, threshold) {
  const labels = new Int32Array(grid.data.length);
  const components = [];
  for (let start = 0; start < labels.length; start++) {
    if (grid.data[start] <= threshold || labels[start]) continue;
    components.push(fill(grid, threshold, labels, start, components.length + 1));
  }
  return { labels, components: removeSpecks(components.filter(({ area }) => area >= MIN_AREA)) };
}

/** Label all pixels that are connected to the first one, and return their component. */
function fill({ width, height, data }, threshold, labels, start, label) {
  const pixels = [start];
  labels[start] = label;
  let [x0, y0, x1, y1] = [width, height, 0, 0];
  for (let n = 0; n < pixels.length; n++) {
    const x = pixels[n] % width;
    const y = (pixels[n] - x) / width;
    [x0, x1] = [Math.min(x0, x), Math.max(x1, x + 1)];
    [y0, y1] = [Math.min(y0, y), Math.max(y1, y + 1)];
    for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++) {
      for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++) {
        const neighbor = v * width + u;
        if (data[neighbor] <= threshold || labels[neighbor]) continue;
        labels[neighbor] = label;
        pixels.push(neighbor);
      }
    }
  }
  return new Component(x0, y0, x1, y1, [label], pixels.length);
}

function removeSpecks(components) {
  const size = Math.max(0, ...components.map((component) => component.size));
  const area = Math.max(0, ...components.map((component) => component.area));
  return components
    .filter((component) => component.size >= MIN_SPECK_SIZE * size && component.area >= MIN_SPECK_AREA * area)
    .sort((a, b) => b.area - a.area);
}
