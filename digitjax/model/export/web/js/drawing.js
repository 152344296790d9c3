// The drawing: its strokes, and how they become pixels.

/** Size of the canvas, and width of the pen, in the pixels that strokes are measured in. */
export const WIDTH = 640;
export const HEIGHT = 480;
export const PEN = 16;

/** Draw strokes, each a list of points [x, y]; a stroke of one point becomes a dot. */
export function drawStrokes(context, strokes) {
  context.lineWidth = PEN;
  context.lineCap = context.lineJoin = "round";
  for (const points of strokes) {
    const [x, y] = points[0];
    context.beginPath();
    context.moveTo(x, y);
    context.lineTo(x + 0.01, y); // a line without length would not be drawn
    for (const point of points) context.lineTo(...point);
    context.stroke();
  }
}

/** Return a canvas with strokes in black on white, which is what gets read. */
export function renderStrokes(strokes) {
  const canvas = Object.assign(document.createElement("canvas"), { width: WIDTH, height: HEIGHT });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.fillStyle = "white";
  context.fillRect(0, 0, WIDTH, HEIGHT);
  context.strokeStyle = "black";
  drawStrokes(context, strokes);
  return canvas;
}

/** Return the pixels of strokes as ImageData. */
export function toPicture(strokes) {
  return renderStrokes(strokes).getContext("2d").getImageData(0, 0, WIDTH, HEIGHT);
}
