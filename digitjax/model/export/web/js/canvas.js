// The canvas on the page: mouse, pen and touch to strokes, and boxes around the digits that were read.

import { HEIGHT, WIDTH, drawStrokes } from "./drawing.js";
import { toLabel } from "./reader.js";

const SHARPNESS = 2; // pixels of the canvas to one of the drawing, for screens of high resolution

export class Canvas {
  /** Draw on an element; `onChange` is called after each change of the strokes. */
  constructor(element, onChange) {
    this.element = element;
    this.context = element.getContext("2d");
    this.onChange = onChange;
    this.strokes = [];
    this.digits = [];
    this.pointer = null; // that draws; others are ignored
    element.width = SHARPNESS * WIDTH;
    element.height = SHARPNESS * HEIGHT;
    element.onpointerdown = (event) => this.begin(event);
    element.onpointermove = (event) => this.extend(event);
    element.onpointerup = element.onpointercancel = (event) => this.end(event);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.render());
    this.render();
  }

  get isDrawing() {
    return this.pointer !== null;
  }

  begin(event) {
    if (this.isDrawing || event.button !== 0) return;
    this.pointer = event.pointerId;
    this.element.setPointerCapture(this.pointer);
    this.setStrokes([...this.strokes, [this.toPoint(event)]]);
  }

  extend(event) {
    if (event.pointerId !== this.pointer) return;
    const events = event.getCoalescedEvents?.() ?? [];
    this.strokes.at(-1).push(...(events.length ? events : [event]).map((each) => this.toPoint(each)));
    this.render();
  }

  end(event) {
    if (event.pointerId !== this.pointer) return;
    this.pointer = null;
    this.onChange();
  }

  /** Take back the last stroke. */
  undo() {
    this.pointer = null;
    this.setStrokes(this.strokes.slice(0, -1));
    this.onChange();
  }

  clear() {
    this.pointer = null;
    this.setStrokes([]);
    this.onChange();
  }

  /** Mark digits, until the strokes change. */
  mark(digits) {
    this.digits = digits;
    this.render();
  }

  setStrokes(strokes) {
    this.strokes = strokes;
    this.mark([]);
  }

  toPoint(event) {
    const { left, top, width, height } = this.element.getBoundingClientRect();
    const toPixels = (offset, length, pixels) => Math.round((offset * pixels) / length);
    return [toPixels(event.clientX - left, width, WIDTH), toPixels(event.clientY - top, height, HEIGHT)];
  }

  render() {
    const { context } = this;
    const style = getComputedStyle(this.element);
    context.setTransform(SHARPNESS, 0, 0, SHARPNESS, 0, 0);
    context.clearRect(0, 0, WIDTH, HEIGHT);
    context.setLineDash([]);
    context.strokeStyle = style.color;
    drawStrokes(context, this.strokes);
    for (const digit of this.digits) this.drawBox(digit, style);
  }

  drawBox(digit, style) {
    const { context } = this;
    const [x0, y0, x1, y1] = digit.box;
    context.strokeStyle = context.fillStyle = style.getPropertyValue(digit.rejected ? "--rejected" : "--accent");
    context.lineWidth = 2;
    context.setLineDash(digit.rejected ? [8, 6] : []);
    context.strokeRect(x0 - 4, y0 - 4, x1 - x0 + 8, y1 - y0 + 8);
    context.font = "600 22px system-ui, sans-serif";
    context.fillText(toLabel(digit), x0 - 3, y0 > 32 ? y0 - 10 : y1 + 26); // below where there is no room above
  }
}
