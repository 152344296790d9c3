// Which components form one digit, and in which order digits are read, as in digitjax/imaging/segmentation.py.

// Heights and gaps are over the typical height of the drawing's components; a size is the longer side.
const TYPICAL_SHARE = 0.4; // of the largest size, from which a component has a say in the typical size
const ABOVE_OVERLAP = 0.5; // horizontal overlap of parts above each other, over the narrower one's width
const ABOVE_GAP = 0.25; // largest vertical gap between them
const SMALL_PART = 0.45; // size up to which a part joins from any side
const SMALL_PART_GAP = 0.16; // largest gap to it
const JOINED_HEIGHT = 1.35; // height up to which two parts above each other are one digit
const BROKEN_GAP = 0.08; // vertical gap of one broken digit, however high
const OVERLAPPING_PART = 0.65; // size up to which a part joins where the boxes overlap
const MIN_HEIGHT = 0.42; // of a digit
const LINE_OVERLAP = 0.35; // vertical overlap with a line's last digit, over the lower one's height

/** Return the digits among components in reading order, each with the number of its line. */
export function findDigits(components) {
  const lines = groupIntoLines(removeLow(merge(components)));
  return lines.flatMap((digits, line) => digits.map((region) => ({ region, line })));
}

/** Join the components of each digit, such as the loose bar of a 5. */
function merge(components) {
  const height = typical(components.map((component) => component.height));
  const merged = [];
  for (const part of sortedBy(components, (component) => -component.height * component.width)) {
    const index = merged.findIndex((digit) => belongTogether(digit, part, height));
    if (index < 0) merged.push(part);
    else merged[index] = merged[index].union(part);
  }
  return merged.length === components.length ? merged : merge(merged);
}

function belongTogether(digit, part, height) {
  const gapX = Math.max(digit.x0, part.x0) - Math.min(digit.x1, part.x1); // negative where they overlap
  const gapY = Math.max(digit.y0, part.y0) - Math.min(digit.y1, part.y1);
  const isSmall = part.size < SMALL_PART * height;
  const isAbove = -gapX > ABOVE_OVERLAP * Math.min(digit.width, part.width) && gapY < ABOVE_GAP * height;
  const isLow = digit.union(part).height < JOINED_HEIGHT * height;
  const isBroken = gapY <= Math.max(1, BROKEN_GAP * height);
  const gap = Math.max(gapX, gapY);
  return (
    (isAbove && (isSmall || isLow || isBroken)) ||
    (isSmall && gap < SMALL_PART_GAP * height) ||
    (part.size < OVERLAPPING_PART * height && gap <= 0)
  );
}

/** Remove what is too low for a digit; if that is everything, keep the largest. */
function removeLow(boxes) {
  const size = typical(boxes.map((box) => box.size));
  const digits = boxes.filter((box) => box.height >= MIN_HEIGHT * size);
  return digits.length ? digits : sortedBy(boxes, (box) => -box.size).slice(0, 1);
}

/** Return the median of sizes without small ones; the largest of one or two. */
function typical(sizes) {
  const largest = Math.max(0, ...sizes);
  if (sizes.length <= 2) return largest;
  const large = sizes.filter((size) => size > TYPICAL_SHARE * largest).sort((a, b) => a - b);
  const middle = (large.length - 1) / 2;
  return (large[Math.floor(middle)] + large[Math.ceil(middle)]) / 2;
}

/** Return the lines from the top, each from the left: a digit continues the line whose last one it overlaps most. */
function groupIntoLines(boxes) {
  const lines = [];
  for (const box of sortedBy(boxes, ({ x0 }) => x0)) {
    const overlaps = lines.map((line) => verticalOverlap(line.at(-1), box));
    const most = Math.max(-Infinity, ...overlaps);
    if (most > LINE_OVERLAP) lines[overlaps.indexOf(most)].push(box);
    else lines.push([box]);
  }
  const middle = (line) => line.reduce((sum, { y0, y1 }) => sum + y0 + y1, 0) / line.length;
  return sortedBy(lines, middle);
}

function verticalOverlap(a, b) {
  return (Math.min(a.y1, b.y1) - Math.max(a.y0, b.y0)) / Math.min(a.height, b.height);
}

function sortedBy(items, key) {
  return [...items].sort((a, b) => key(a) - key(b));
}
