// A canvas for digits, drawn by mouse, pen, finger or keyboard; each change is sent, and the predictions are marked.
const STEP = 10; // pixels per arrow key; FINE with Shift
const FINE = 2;
const [STROKE, PAPER, PEN] = ["#000000", "#ffffff", "#d55e00"];
const ARROWS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };

export default function ({ parentElement, data, setStateValue }) {
  const root = parentElement.querySelector(".drawing");
  root.drawing ??= new Drawing(root, data);
  root.drawing.send = (drawing) => setStateValue("drawing", drawing);
  root.drawing.markDigits(data);
}

class Drawing {
  constructor(root, { strokes, version }) {
    this.canvas = root.querySelector("canvas");
    this.context = this.canvas.getContext("2d");
    this.pen = root.querySelector("input");
    this.status = root.querySelector(".status");
    this.strokes = strokes;
    this.version = version; // of the drawing: predictions for an older one are not marked
    this.stroke = null; // that is being drawn
    this.digits = [];
    this.point = [this.canvas.width / 2, this.canvas.height / 2]; // of the keyboard's pen
    this.listenToPointer();
    this.listenToKeys(root);
    root.querySelector(".undo").onclick = () => this.undo();
    root.querySelector(".clear").onclick = () => this.clear();
    this.render();
  }

  listenToPointer() {
    let pointer = null; // that draws; others are ignored
    const toCanvas = (event) => {
      const { left, top, width, height } = this.canvas.getBoundingClientRect();
      const x = ((event.clientX - left) * this.canvas.width) / width;
      const y = ((event.clientY - top) * this.canvas.height) / height;
      return [Math.round(x), Math.round(y)];
    };
    this.canvas.onpointerdown = (event) => {
      if (pointer !== null || event.button !== 0) return;
      this.endStroke();
      pointer = event.pointerId;
      this.canvas.setPointerCapture(pointer);
      this.beginStroke(toCanvas(event));
    };
    this.canvas.onpointermove = (event) => {
      if (event.pointerId === pointer) this.extendStroke(toCanvas(event));
    };
    this.canvas.onpointerup = this.canvas.onpointercancel = (event) => {
      if (event.pointerId !== pointer) return;
      pointer = null;
      this.endStroke();
    };
  }

  listenToKeys(root) {
    root.onkeydown = (event) => {
      const action = this.actionFor(event);
      if (!action) return;
      event.preventDefault();
      action();
    };
    this.canvas.onfocus = () => this.render();
    this.canvas.onblur = () => {
      this.endStroke();
      this.render();
    };
  }

  actionFor(event) {
    if (event.key === "Escape") return () => this.clear();
    if (event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey)) return () => this.undo();
    if (event.target !== this.canvas || event.ctrlKey || event.metaKey || event.altKey) return null;
    if (event.key === " ") return () => this.togglePen();
    if (event.key in ARROWS) return () => this.movePen(ARROWS[event.key], event.shiftKey ? FINE : STEP);
    return null;
  }

  togglePen() {
    this.status.textContent = this.stroke ? "Pen up" : "Pen down";
    if (this.stroke) this.endStroke();
    else this.beginStroke(this.point);
  }

  movePen([right, down], step) {
    const clamp = (value, max) => Math.min(max, Math.max(0, value));
    const [x, y] = this.point;
    this.point = [clamp(x + right * step, this.canvas.width), clamp(y + down * step, this.canvas.height)];
    if (this.stroke) this.extendStroke(this.point);
    else this.render();
  }

  beginStroke(point) {
    this.digits = [];
    this.stroke = { width: Number(this.pen.value), points: [point] };
    this.strokes.push(this.stroke);
    this.render();
  }

  extendStroke(point) {
    this.stroke.points.push(point);
    this.render();
  }

  endStroke() {
    if (!this.stroke) return;
    this.stroke = null;
    this.sendDrawing();
  }

  undo() {
    if (!this.strokes.length) return;
    this.stroke = null;
    this.strokes.pop();
    this.sendDrawing();
  }

  clear() {
    this.stroke = null;
    this.strokes = [];
    this.sendDrawing();
  }

  sendDrawing() {
    this.digits = [];
    this.version += 1;
    this.drawStrokes();
    const png = this.strokes.length ? this.canvas.toDataURL("image/png") : "";
    this.send({ png, strokes: this.strokes, version: this.version });
    this.render();
  }

  markDigits({ digits, text, version }) {
    if (version !== this.version || this.stroke) return;
    this.digits = digits;
    this.status.textContent = text;
    this.render();
  }

  render() {
    this.drawStrokes();
    this.digits.forEach((digit) => this.drawBox(digit));
    if (this.canvas.matches(":focus-visible")) this.drawPen();
  }

  drawStrokes() {
    const { context, canvas } = this;
    context.fillStyle = PAPER;
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.setLineDash([]);
    context.strokeStyle = STROKE;
    context.lineCap = context.lineJoin = "round";
    for (const { width, points } of this.strokes) {
      context.lineWidth = width;
      context.beginPath();
      context.moveTo(...points[0]);
      context.lineTo(points[0][0] + 0.01, points[0][1]); // a dot alone has no length, and would not be drawn
      points.forEach((point) => context.lineTo(...point));
      context.stroke();
    }
  }

  drawBox({ box: [x0, y0, x1, y1], label, color, dashed }) {
    const { context } = this;
    context.strokeStyle = context.fillStyle = color;
    context.lineWidth = 2;
    context.setLineDash(dashed ? [8, 6] : []);
    context.strokeRect(x0, y0, x1 - x0, y1 - y0);
    context.font = "bold 20px sans-serif";
    context.fillText(label, x0 + 2, Math.max(y0 - 4, 18));
  }

  drawPen() {
    const { context } = this;
    const [x, y] = this.point;
    context.setLineDash([]);
    context.strokeStyle = PEN;
    context.lineWidth = this.stroke ? 5 : 2;
    context.beginPath();
    context.arc(x, y, 9, 0, 2 * Math.PI);
    context.moveTo(x - 16, y);
    context.lineTo(x + 16, y);
    context.moveTo(x, y - 16);
    context.lineTo(x, y + 16);
    context.stroke();
  }
}
